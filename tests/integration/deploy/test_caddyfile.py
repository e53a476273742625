"""The front door: what goes where, what never goes through, and what is passed on unharmed."""

import asyncio
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import httpx
import pytest

from deploy.local.caddy import plan_caddy
from deploy.local.ports import choose_free_ports
from tests.support.fake_service import handler_of
from tests.support.processes import RunningServer

_GIVEN = "cor_0123456789-abc_XYZ"
UPSTREAMS = ("imaging", "ecg", "gateway")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Caddy before three fake services; nothing listens where the laboratory should be."""
    front, *ports = choose_free_ports(5)
    upstreams = dict(zip((*UPSTREAMS, "lab"), ports, strict=True))
    fakes = [ThreadingHTTPServer(("127.0.0.1", upstreams[name]), handler_of(name)) for name in UPSTREAMS]
    for fake in fakes:
        threading.Thread(target=fake.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("caddy")
    server = plan_caddy(folder, "127.0.0.1", front, upstreams)
    server.prepare()
    running = RunningServer(server, folder / "caddy.log")
    asyncio.run(running.start())
    yield f"http://127.0.0.1:{front}"
    asyncio.run(running.stop())
    for fake in fakes:
        fake.shutdown()
        fake.server_close()
    log = (folder / "caddy.log").read_text()
    assert "TEST-SECRET-ID" not in log, "what a client asks for is not for the log"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/imaging/v1/cases", "imaging"),
        ("/dicomweb/studies?PatientID=1", "imaging"),
        ("/ecg/v1/cases/case_1", "ecg"),
        ("/", "gateway"),
        ("/v1/worklist", "gateway"),
        ("/fhir/metadata", "gateway"),
        ("/.well-known/jwks.json", "gateway"),
        ("/docs", "gateway"),
        ("/openapi.json", "gateway"),
        ("/viewer/", "gateway"),
        ("/ecg/metrics", "gateway"),
    ],
)
def test_each_path_has_its_service(address: str, path: str, service: str) -> None:
    told = httpx.get(address + path).json()
    assert (told["service"], told["path"]) == (service, path)


@pytest.mark.parametrize(
    ("asked_for", "service", "path"),
    [
        ("?limit=1", "imaging", "/imaging/v1/quarantine?limit=1"),
        ("?center=imaging", "imaging", "/imaging/v1/quarantine?center=imaging"),
        ("/qua_1/content?center=ecg", "ecg", "/ecg/v1/quarantine/qua_1/content?center=ecg"),
        ("?center=pathology", "imaging", "/imaging/v1/quarantine?center=pathology"),
    ],
)
def test_refused_files_are_asked_for_at_one_place(address: str, asked_for: str, service: str, path: str) -> None:
    told = httpx.get(f"{address}/v1/admin/quarantine{asked_for}").json()
    assert (told["service"], told["path"]) == (service, path)


def test_the_laboratorys_refused_files_are_nobody_elses(address: str) -> None:
    assert httpx.get(f"{address}/v1/admin/quarantine?center=lab", timeout=15).status_code == 503


@pytest.mark.parametrize(
    "path", ["/metrics", "/readyz", "/METRICS", "/%6detrics", "//metrics", "/./metrics", "/x/../metrics", "/metrics/"]
)
def test_what_services_tell_their_operators_stays_inside(address: str, path: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:  # httpx would tidy the path
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 404")


def test_a_clients_correlation_id_is_passed_on(address: str) -> None:
    told = httpx.get(f"{address}/v1/me", headers={"X-Correlation-Id": _GIVEN}).json()
    assert told["headers"]["X-Correlation-Id"] == _GIVEN


@pytest.mark.parametrize(
    "given", [None, "abc", "cor_", "cor_1234567", "cor_" + "a" * 61, 'cor_12345678"', "Zhang-San", f"{_GIVEN} x"]
)
def test_another_correlation_id_is_replaced_by_one_that_services_take(address: str, given: str | None) -> None:
    headers = {} if given is None else {"X-Correlation-Id": given}
    told = httpx.get(f"{address}/v1/me", headers=headers).json()["headers"]["X-Correlation-Id"]
    assert re.fullmatch(r"cor_[0-9a-f-]{36}", told)


def test_of_two_correlation_ids_nothing_but_the_good_one_is_left(address: str) -> None:
    headers = [("X-Correlation-Id", _GIVEN), ("X-Correlation-Id", '","code":"forged')]
    answer = httpx.get(f"{address}/lab/v1/cases", headers=headers, timeout=15)
    assert (answer.json()["code"], answer.json()["correlation_id"]) == ("unavailable", _GIVEN)


def test_a_request_id_goes_no_further(address: str) -> None:
    assert "X-Request-Id" not in httpx.get(f"{address}/v1/me", headers={"X-Request-Id": "abc"}).json()["headers"]


def test_a_client_cannot_claim_another_address(address: str) -> None:
    told = httpx.get(f"{address}/v1/me", headers={"X-Forwarded-For": "203.0.113.9"}).json()
    assert told["headers"]["X-Forwarded-For"] == "127.0.0.1"


def test_a_large_upload_goes_through_whole(address: str) -> None:
    body = secrets.token_bytes(1 << 20) * 40
    assert httpx.post(f"{address}/imaging/v1/cases", content=body, timeout=30).json()["size_bytes"] == len(body)


def test_an_event_arrives_while_the_stream_is_open(address: str) -> None:
    with httpx.stream("GET", f"{address}/v1/worklist/events", timeout=5) as answer:
        assert next(answer.iter_lines()) == "data: queued"


def test_a_service_that_is_away_is_503_with_retry_after(address: str) -> None:
    answer = httpx.get(
        f"{address}/lab/v1/cases/TEST-SECRET-ID?patient=TEST-SECRET-ID",
        headers={"X-Correlation-Id": _GIVEN},
        timeout=15,
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["correlation_id"]) == ("unavailable", _GIVEN)
    assert answer.headers["X-Correlation-Id"] == _GIVEN


def test_it_does_not_say_which_programs_answer(address: str) -> None:
    assert "caddy" not in httpx.get(f"{address}/healthz").headers.get("Server", "").lower()

"""Schemathesis on the gateway and the centres, signed in, with ids of a living region: nothing makes a 500."""

import json
from typing import Any

import httpx
import pytest

from tests.e2e.fuzz.ecg import ECG
from tests.e2e.fuzz.gateway import GATEWAY
from tests.e2e.fuzz.imaging import IMAGING
from tests.e2e.fuzz.lab import LAB
from tests.e2e.fuzz.run import bodies, fuzz
from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.valid import Operation, authorization
from tests.support.ecg_carts import table
from tests.support.films import small_film
from tests.support.journey import sign, submit, wait_for_report
from tests.support.region import RunningRegion

pytestmark = pytest.mark.xdist_group("region")

REACHED = {
    "imaging": 0.6,
    "ecg": 1.0,
    "lab": 1.0,
    "gateway": 0.6,
}  # share of a service's operations that were answered 2xx
ENDS_OF_TIME = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
UNEXPECTED = ("unexpected error", "loop failed", "listener failed", "handler failed", "handler gave up")
TABLES = {"imaging": IMAGING, "ecg": ECG, "lab": LAB, "gateway": GATEWAY}


@pytest.fixture(scope="module")
def scenes(region: RunningRegion) -> dict[str, Scene]:
    """By service; the gateway's is about films."""
    imaging = Scene(region)
    return {"imaging": imaging, "gateway": imaging, "ecg": Scene(region, "ecg"), "lab": Scene(region, "lab")}


@pytest.mark.parametrize("service", TABLES)
def test_no_generated_call_makes_a_500(region: RunningRegion, scenes: dict[str, Scene], service: str) -> None:
    before = _bugs(region)

    findings = fuzz(scenes[service], _document(region, service), TABLES[service])

    print(f"{service}: {findings.sent} requests, {len(findings.reached)} operations reached 2xx, not:")
    print("\n".join(f"  {label}: {last}" for label, last in findings.not_reached.items()))
    assert not findings.faults, "\n".join(findings.faults)
    assert _bugs(region) == before, "something failed behind an answer that looked right; see the service's log"
    assert findings.share >= REACHED[service], findings.not_reached


@pytest.mark.parametrize("center", ["imaging", "ecg"])
def test_every_order_that_is_taken_can_be_read_and_signed(
    region: RunningRegion, scenes: dict[str, Scene], center: str
) -> None:
    """An order's odd word must be refused at once, not when the physician signs."""
    scene = scenes[center]
    clinic = scene.person("clinic1")
    orders = bodies(_document(region, center), f"POST /{center}/v1/orders", 12)
    orders += [{"performed_at": at, "exam": {"performed_at": at}} for at in ENDS_OF_TIME]
    expected = {"imaging": "expected_instances", "ecg": "expected_recordings"}[center]

    signed: list[str] = []
    for number, order in enumerate(orders):
        whole = json.dumps({**order, expected: 1})  # otherwise it would wait for more
        parts: dict[str, Any] = {
            "order": (None, whole, "application/json"),
            "files": ("1", _content(center, f"FUZZ-ORDER-{region.process.pid}-{number}"), "application/octet-stream"),
        }
        answer = clinic.http.post(f"/{center}/v1/cases", headers=authorization(clinic), files=parts)
        assert answer.status_code < 500, (order, answer.text)
        if answer.status_code == 202:
            case_id = answer.json()["case_id"]
            submit(scene.person("reader1"), case_id, center=center)
            signed.append(sign(scene.person("reviewer1"), case_id, center))

    assert len(signed) >= 5
    for report_id in signed:
        wait_for_report(clinic, report_id)


def _content(center: str, patient: str) -> bytes:
    return table(patient_id=patient) if center == "ecg" else small_film(patient)


@pytest.mark.parametrize("service", TABLES)
def test_the_table_names_only_operations_that_exist(region: RunningRegion, service: str) -> None:
    paths = _document(region, service)["paths"]
    known = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    table: dict[str, Operation] = TABLES[service]
    assert not set(table) - known


def _document(region: RunningRegion, service: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{region.ports()[service]}/{service}/openapi.json"
    document: dict[str, Any] = httpx.get(url, trust_env=False).json()
    return document


def _bugs(region: RunningRegion) -> list[str]:
    """What the services and their workers logged of errors that no code expects."""
    return [f"{name}: {line}" for name, text in region.logs().items() for line in text.splitlines() if _is_bug(line)]


def _is_bug(line: str) -> bool:
    return any(f'"message": "{word}' in line for word in UNEXPECTED)

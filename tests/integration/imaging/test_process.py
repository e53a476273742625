"""Over a real socket: a clinic that goes away, an upload larger than memory allows, a worker that becomes ready."""

import json
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from shared.db import Database
from shared.migrate import migrate
from tests.integration.imaging.conftest import ORDER, actor_named
from tests.support.dicom import dicom
from tests.support.imaging_server import ImagingServer
from tests.support.multipart import BOUNDARY, CONTENT_TYPE, closing, part, upload
from tests.support.servers import MakeDatabase, RunningPostgres

_MIB = 1 << 20
LARGE_FILES, LARGE_MIB = 12, 50


@pytest.fixture
async def database_url(postgres_server: RunningPostgres, make_database: MakeDatabase) -> str:
    await postgres_server.build_template("imaging", lambda url: migrate(url, "imaging"))
    return await make_database("imaging", template="imaging")


@pytest.fixture
async def server(tmp_path: Path, database_url: str, nats_url: str) -> AsyncIterator[ImagingServer]:
    running = ImagingServer(tmp_path, database_url, nats_url)
    running.start()
    yield running
    # Uvicorn shuts down in order, then dies of the signal it was sent.
    assert running.stop() == -signal.SIGTERM


def wait_until(holds: Callable[[], bool], why: str, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


@contextmanager
def highest(measure: Callable[[], int]) -> Iterator[list[int]]:
    """Measures every few milliseconds until the block ends."""
    measured: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            measured.append(measure())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield measured
    finally:
        done.set()
        watcher.join()


def head(server: ImagingServer, length: int) -> bytes:
    return (
        f"POST /imaging/v1/cases HTTP/1.1\r\nHost: imaging\r\nAuthorization: Bearer "
        f"{server.token(actor_named('clinic1'))}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def test_a_clinic_that_goes_away_leaves_nothing(server: ImagingServer, database_url: str) -> None:
    begun = part("order", json.dumps(ORDER).encode()) + part("files", dicom(), filename="a.dcm")
    for abrupt in (False, True):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head(server, 100 * _MIB) + begun + b"--" + BOUNDARY + b"\r\n")
            connection.sendall(b'Content-Disposition: form-data; name="files"\r\n\r\n' + bytes(20 * _MIB))
            wait_until(lambda: server.open_files() != [], "the upload never reached the spool")
            if abrupt:  # a reset, as when a network goes down
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_until(lambda: server.open_files() == [], "the spool is still open")
    db = Database(database_url)
    async with db.transaction() as session:
        for table in ("imaging.instance", "reading.case", "reading.quarantine", "core.outbox"):
            assert (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
    await db.close()
    assert [path for path in server.store.rglob("blob_*") if path.is_file()] == []
    assert list(server.spool.iterdir()) == []
    assert "unexpected error" not in server.log_file.read_text()
    assert "测试" not in server.log_file.read_text()


def large_body(size_mib: int, count: int) -> Iterator[bytes]:
    """``count`` images of ``size_mib`` each, never whole in the memory of the sender either."""
    rows = size_mib * _MIB // (2 * 4096)
    for number in range(count):
        small = dicom(f"large{number}", rows=rows, columns=4096)
        whole = part("files", small, filename=f"{number}.dcm")
        yield from (whole[start : start + _MIB] for start in range(0, len(whole), _MIB))
    yield part("order", json.dumps(ORDER).encode())
    yield closing()


def test_six_hundred_megabytes_grow_the_process_by_less_than_two_hundred(server: ImagingServer) -> None:
    headers = {"Authorization": f"Bearer {server.token(actor_named('clinic1'))}", "Content-Type": CONTENT_TYPE}
    url = f"http://127.0.0.1:{server.port}/imaging/v1/cases"
    with httpx.Client(trust_env=False, timeout=120, headers=headers) as http:
        warm = upload({"patient": {"id": "P0"}}, [("a.dcm", dicom("warm", study="warm"))])
        assert http.post(url, content=warm).status_code == 202
        before = server.memory_bytes()
        with highest(server.memory_bytes) as peak:
            answer = http.post(url, content=large_body(LARGE_MIB, LARGE_FILES))
    assert answer.status_code == 202, answer.text
    stored = sum(path.stat().st_size for path in server.store.rglob("blob_*") if path.is_file())
    assert stored > LARGE_FILES * LARGE_MIB * _MIB
    assert max(peak) - before < 200 * _MIB
    assert server.open_files() == []


async def test_the_ready_page_asks_every_part(server: ImagingServer) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as http:
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True), ready.text
        page = (await http.get("/imaging/openapi.json")).json()
        body = page["paths"]["/imaging/v1/cases"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert body["properties"]["order"]["properties"]["patient"]["properties"]["name"]
        assert "$ref" not in json.dumps(body)
        assert (await http.get("/metrics")).status_code == 200


@pytest.mark.parametrize("service", ["imaging", "ecg", "lab"])
async def test_a_worker_says_when_it_is_ready_and_ends_in_order(
    service: str, tmp_path: Path, postgres_server: RunningPostgres, make_database: MakeDatabase, nats_url: str
) -> None:
    url = await make_database(service)
    await migrate(url, service)
    ready_file = tmp_path / "ready"
    environment = ImagingServer(tmp_path, url, nats_url).environment | {"GONGZHEN_READY_FILE": str(ready_file)}
    log_file = tmp_path / "worker.log"
    with log_file.open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", f"services.{service}.worker"], env=environment, stdout=log, stderr=log
        )
    try:
        wait_until(ready_file.exists, f"not ready:\n{log_file.read_text()[-2000:]}", 60)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, log_file.read_text()[-2000:]
    assert "loop failed" not in log_file.read_text()

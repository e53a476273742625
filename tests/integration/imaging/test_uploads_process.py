"""The reference client over a real socket: a line that is cut again and again, a service that is killed meanwhile."""

import asyncio
import hashlib
import io
import json
import signal
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.uploader import Uploader

from shared.db import Database
from shared.migrate import migrate
from tests.integration.imaging.conftest import ORDER, actor_named
from tests.support.cutting_proxy import CuttingProxy
from tests.support.dicom import archive, dicom, uid
from tests.support.imaging_server import ImagingServer
from tests.support.region import wait_for
from tests.support.servers import MakeDatabase, RunningPostgres

_MIB = 1 << 20
STUDY_MIB, CUT_MIB = 50, 4


@pytest.fixture
async def database_url(postgres_server: RunningPostgres, make_database: MakeDatabase) -> str:
    await postgres_server.build_template("imaging", lambda url: migrate(url, "imaging"))
    return await make_database("imaging", template="imaging")


@pytest.fixture
async def server(tmp_path: Path, database_url: str, nats_url: str) -> AsyncIterator[ImagingServer]:
    running = ImagingServer(tmp_path, database_url, nats_url)
    running.start()
    yield running
    assert running.stop() == -signal.SIGTERM


def uploader(server: ImagingServer, port: int, data: bytes, **options: object) -> Uploader:
    client = TusClient(
        f"http://127.0.0.1:{port}/imaging/v1/uploads",
        headers={"Authorization": f"Bearer {server.token(actor_named('clinic1'))}"},
    )
    metadata = {"filename": "大图.dcm", "order": json.dumps(ORDER)}
    return client.uploader(file_stream=io.BytesIO(data), metadata=metadata, **options)


def send_all(sending: Uploader, looked: Callable[[int], None] = lambda offset: None) -> int:
    """As a client does on a bad line: asks for the offset and goes on; returns how often it had to."""
    again = 0
    while True:
        try:
            sending.upload()
        except (TusUploadFailed, TusCommunicationError):
            again += 1
            assert again < 200
            try:
                if sending.url:
                    sending.offset = sending.get_offset()
                    looked(sending.offset)
            except TusCommunicationError:
                continue
        else:
            return again


def shown(server: ImagingServer, url: str) -> dict[str, Any]:
    return get(server, f"/imaging/{url.split('/imaging/', 1)[1]}")


def wait_until_accepted(server: ImagingServer, sending: Uploader) -> None:
    """The last answer may have been lost with its line; the server goes on making a case of what arrived."""

    def is_done() -> bool:
        return shown(server, str(sending.url))["state"] != "received"

    wait_for(is_done, 30, "the upload was never finished")
    assert shown(server, str(sending.url))["state"] == "accepted"


def get(server: ImagingServer, path: str) -> dict[str, Any]:
    answer = httpx.get(
        f"http://127.0.0.1:{server.port}{path}",
        headers={"Authorization": f"Bearer {server.token(actor_named('clinic1'))}"},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_line_that_is_cut_every_few_megabytes_brings_the_study_and_no_byte_twice(
    server: ImagingServer, database_url: str
) -> None:
    data = dicom("large", rows=STUDY_MIB * _MIB // (2 * 4096), columns=4096)
    started = time.monotonic()
    async with CuttingProxy(server.port, CUT_MIB * _MIB) as proxy:
        sending = uploader(server, proxy.port, data)
        again = await asyncio.to_thread(send_all, sending)
        assert proxy.cuts >= len(data) // (CUT_MIB * _MIB)
        assert again >= proxy.cuts - 1
        # uvicorn gives up what it holds of a body when the line breaks (64 KB and one read); all else was taken once.
        assert proxy.sent_bytes < len(data) + proxy.cuts * 384 * 1024
    assert time.monotonic() - started < 60
    wait_until_accepted(server, sending)
    db = Database(database_url)
    async with db.transaction() as session:
        rows = (await session.execute(text("SELECT size_bytes FROM imaging.instance"))).all()
        assert [tuple(row) for row in rows] == [(len(data),)]
    await db.close()
    stored = [path for path in server.store.rglob("blob_*") if path.is_file()]
    assert [path.read_bytes() for path in stored] == [data]
    assert list(server.spool.glob("tus-*")) == []


async def test_a_line_that_is_cut_every_moment_brings_a_disc_of_images(server: ImagingServer) -> None:
    """The figures of 200 MB cut every second, a fifth of each: what arrived is written once."""
    images = {f"IM{number}": dicom(f"i{number}", rows=512, columns=4096, pixel=number) for number in range(10)}
    data = archive(images, zipfile.ZIP_STORED)
    looks = []

    def looked(offset: int) -> None:
        looks.append((offset, server.written_bytes()))

    before = server.written_bytes()
    async with CuttingProxy(server.port, cut_after_s=0.2, bytes_per_s=20 * _MIB) as proxy:
        sending = uploader(server, proxy.port, data)
        await asyncio.to_thread(send_all, sending, looked)
        assert proxy.cuts >= 5
        assert proxy.sent_bytes < len(data) + proxy.cuts * 384 * 1024
    offsets = [offset for offset, _ in looks]
    assert offsets == sorted(set(offsets))
    # What a late connection still brought after one look is part of the next one's offset.
    ends = [*offsets[1:], len(data)]
    assert all(written - before < end + _MIB for (_, written), end in zip(looks, ends, strict=True))
    wait_until_accepted(server, sending)
    manifest = get(server, f"/imaging/v1/studies/{uid('s1')}/manifest")
    kept = {each["sop_instance_uid"]: each["sha256"] for each in manifest["instances"]}
    assert kept == {str(uid(f"i{name[2:]}")): hashlib.sha256(image).hexdigest() for name, image in images.items()}


async def test_a_killed_service_goes_on_from_the_last_answer(server: ImagingServer) -> None:
    data = dicom("killed", rows=600, columns=4096)
    sending = uploader(server, server.port, data, chunk_size=_MIB, upload_checksum=True)
    await asyncio.to_thread(sending.upload_chunk)
    await asyncio.to_thread(sending.upload_chunk)
    server._process.kill()
    server._process.wait(30)
    server.start()
    assert await asyncio.to_thread(sending.get_offset) == 2 * _MIB
    await asyncio.to_thread(sending.upload)
    state = shown(server, str(sending.url))
    assert (state["state"], state["offset_bytes"]) == ("accepted", len(data))


async def test_a_client_that_comes_back_takes_over_from_a_line_that_hangs(server: ImagingServer) -> None:
    data = dicom("hanging", rows=100, columns=4096)
    sending = uploader(server, server.port, data)
    sending.set_url(await asyncio.to_thread(sending.create_url))
    path = str(sending.url).split(str(server.port), 1)[1]
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Authorization: Bearer {server.token(actor_named('clinic1'))}\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head.encode() + data[:300_000])
    await writer.drain()
    deadline = time.monotonic() + 20
    while (offset := await asyncio.to_thread(sending.get_offset)) == 0:
        assert time.monotonic() < deadline
    assert offset <= 300_000
    answer = await asyncio.wait_for(reader.readline(), 20)
    assert b"400" in answer
    writer.close()
    sending.offset = offset
    await asyncio.to_thread(sending.upload)
    wait_until_accepted(server, sending)

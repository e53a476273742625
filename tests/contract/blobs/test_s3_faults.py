"""S3 away, refusing, or cut off in the middle: always our own error, never half an object."""

import asyncio
import io
import time
from typing import BinaryIO, cast

import pytest

from shared.blobs import BlobRef, BlobStore, MemoryBlobStore, open_store
from shared.clock import utc_now
from shared.errors import Unavailable
from tests.support.servers import RunningSeaweed


class BrokenSource(io.RawIOBase):
    """Gives some bytes, then the disk under it fails."""

    def __init__(self, good_bytes: int) -> None:
        super().__init__()
        self._left = good_bytes

    def read(self, size: int = -1) -> bytes:
        if self._left == 0:
            raise OSError("input/output error")
        given = min(size, self._left)
        self._left -= given
        return b"x" * given


@pytest.mark.faults
async def test_a_server_that_died_is_unavailable_and_its_return_is_noticed(
    seaweed_server: RunningSeaweed, s3_url: str
) -> None:
    store = await open_store(s3_url, "imaging")
    ref = await store.put(b"kept")
    await seaweed_server.kill()
    try:
        for call in (store.read(ref), store.put(b"lost"), store.check(), store.delete(ref.key)):
            with pytest.raises(Unavailable) as raised:
                await call
            assert raised.value.code == "storage_unavailable"
        with pytest.raises(Unavailable):
            _ = [item async for item in store.list_keys(utc_now())]
    finally:
        await seaweed_server.start()
    assert await _read_when_back(store, ref) == b"kept"
    await store.check()
    await store.close()


async def _read_when_back(store: BlobStore, ref: BlobRef) -> bytes:
    """The server listens a moment before it has found its volumes again."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return await store.read(ref)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def test_a_store_opens_while_nobody_listens() -> None:
    store = await open_store("s3://key:secret@127.0.0.1:9/bucket?secure=false", "imaging")
    with pytest.raises(Unavailable):
        await store.check()
    await store.close()


async def test_a_wrong_secret_is_unavailable_and_not_told(seaweed_server: RunningSeaweed) -> None:
    url = f"s3://{seaweed_server.access_key}:wrongsecret@{seaweed_server.endpoint}/{seaweed_server.bucket}"
    store = await open_store(f"{url}?secure=false", "imaging")
    with pytest.raises(Unavailable) as raised:
        await store.put(b"x")
    assert "wrongsecret" not in f"{raised.value} {raised.value.__cause__}"
    await store.close()


@pytest.mark.parametrize("good_bytes", [1000, 20 << 20])
async def test_a_source_that_breaks_leaves_no_object(s3_url: str, good_bytes: int) -> None:
    """20 MiB: in the third part of a multipart upload."""
    store = await open_store(s3_url, "imaging")
    with pytest.raises(Unavailable):
        await store.put_pack([b"before", cast(BinaryIO, BrokenSource(good_bytes))])
    assert [item async for item in store.list_keys(utc_now())] == []
    await store.close()


async def test_keys_may_come_from_the_environment(
    seaweed_server: RunningSeaweed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", seaweed_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", seaweed_server.secret_key)
    store = await open_store(f"s3://{seaweed_server.endpoint}/{seaweed_server.bucket}?secure=false", "region")
    assert await store.read(await store.put(b"signed")) == b"signed"
    await store.close()


async def test_the_fake_can_be_away_too() -> None:
    store = MemoryBlobStore()
    ref = await store.put(b"x")
    store.is_available = False
    for call in (store.read(ref), store.put(b"y"), store.put_pack([b"y"]), store.check()):
        with pytest.raises(Unavailable):
            await call

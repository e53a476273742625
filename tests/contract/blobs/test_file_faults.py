"""The directory across crashes, full and failing disks: what was named is whole, and half an object is never seen."""

import asyncio
import errno
import io
import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from shared.blobs import BlobMissing, BlobRef, FileBlobStore
from shared.clock import utc_now
from shared.errors import Unavailable
from tests.contract.blobs.pack_writer import SOURCES

ROOT = Path(__file__).resolve().parents[3]


class FullDiskSource(io.RawIOBase):
    """Reading it fails as writing to a full disk does; the store treats both alike."""

    def read(self, size: int = -1) -> bytes:
        raise OSError(errno.ENOSPC, "no space left on device")


@pytest.mark.faults
@pytest.mark.parametrize("named_before_kill", [1, 7, 20])
async def test_a_killed_writer_leaves_whole_packs_only(tmp_path: Path, named_before_kill: int) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.blobs.pack_writer", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert writer.stdout is not None
    lines = [await asyncio.to_thread(writer.stdout.readline) for _ in range(named_before_kill)]
    writer.kill()
    lines += writer.stdout.read().splitlines()
    writer.stdout.close()
    writer.wait()

    store = FileBlobStore(tmp_path, "imaging")
    named = [
        [BlobRef.from_dict(values) for values in json.loads(line)] for line in lines if line.endswith((b"]\n", b"]"))
    ]
    assert len(named) >= named_before_kill
    for refs in named:
        assert [await store.read(ref) for ref in refs] == SOURCES
    listed = [item async for item in store.list_keys(utc_now() + timedelta(minutes=1))]
    assert {item.key for item in listed} >= {refs[0].key for refs in named}
    assert {item.size_bytes for item in listed} == {sum(map(len, SOURCES))}


async def test_a_full_disk_has_its_own_code_and_leaves_nothing(tmp_path: Path) -> None:
    store = FileBlobStore(tmp_path, "imaging")
    with pytest.raises(Unavailable) as raised:
        await store.put_pack([b"before", cast(BinaryIO, FullDiskSource())])
    assert raised.value.code == "storage_full"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [item async for item in store.list_keys(utc_now() + timedelta(minutes=1))] == []


async def test_a_volume_that_went_away_is_unavailable_and_not_missing(tmp_path: Path) -> None:
    store = FileBlobStore(tmp_path / "blobs", "imaging")
    ref = await store.put(b"kept")
    (tmp_path / "blobs").rename(tmp_path / "elsewhere")
    for call in (store.read(ref), store.put(b"x"), store.check()):
        with pytest.raises(Unavailable) as raised:
            await call
        assert raised.value.code == "storage_unavailable"
    (tmp_path / "elsewhere").rename(tmp_path / "blobs")
    assert await store.read(ref) == b"kept"


async def test_objects_are_read_only_and_named_by_chance(tmp_path: Path) -> None:
    store = FileBlobStore(tmp_path, "imaging")
    ref = await store.put(b"x")
    assert (tmp_path / ref.key).stat().st_mode & 0o777 == 0o440
    assert ref.key != (await store.put(b"x")).key


async def test_bytes_appended_to_an_object_do_not_reach_its_refs(tmp_path: Path) -> None:
    store = FileBlobStore(tmp_path, "imaging")
    ref = await store.put(b"as it was")
    (tmp_path / ref.key).chmod(0o640)
    with (tmp_path / ref.key).open("ab") as file:
        file.write(b"appended")
    assert await store.read(ref) == b"as it was"


async def test_what_a_crash_left_is_dropped_at_the_next_start_when_it_is_old(tmp_path: Path) -> None:
    FileBlobStore(tmp_path, "imaging")
    old, young = tmp_path / "tmp" / "blob_old", tmp_path / "tmp" / "blob_young"
    for path in (old, young):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 48 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    FileBlobStore(tmp_path, "imaging")
    assert not old.exists()
    assert young.exists()


async def test_a_key_cannot_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store = FileBlobStore(tmp_path / "blobs", "imaging")
    for key in ("../secret", "/etc/hostname", "a/b/../../../secret"):
        with pytest.raises(ValueError, match="key"):
            await store.delete(key)
        with pytest.raises(ValueError, match="key"):
            BlobRef("imaging", key, 0, 6, "0" * 64)
    assert (tmp_path / "secret").exists()


async def test_a_root_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        FileBlobStore(tmp_path / "file" / "blobs", "imaging")


async def test_deleting_while_listing_and_reading_what_went(tmp_path: Path) -> None:
    store = FileBlobStore(tmp_path, "imaging")
    refs = [await store.put(b"x") for _ in range(30)]
    async for item in store.list_keys(utc_now() + timedelta(minutes=1)):
        await store.delete(item.key)
    for ref in refs:
        with pytest.raises(BlobMissing):
            await store.read(ref)

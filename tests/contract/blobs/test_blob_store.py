"""What every store of bytes promises, asked of each of them."""

import hashlib
import io
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from shared.blobs import BlobCorrupt, BlobMissing, BlobRef, BlobStore, open_store
from shared.clock import utc_now


async def test_what_was_put_is_read_back(store: BlobStore) -> None:
    data = bytes(range(256)) * 40
    ref = await store.put(data, content_type="application/dicom")
    assert ref == BlobRef("imaging", ref.key, 0, len(data), hashlib.sha256(data).hexdigest())
    assert await store.read(ref) == data


async def test_nothing_is_also_something_to_keep(store: BlobStore) -> None:
    ref = await store.put(b"")
    assert await store.read(ref) == b""
    assert [chunk async for chunk in store.stream(ref)] == []


async def test_a_pack_gives_a_ref_for_each_source_within_one_object(store: BlobStore) -> None:
    sources: list[BinaryIO | bytes] = [b"first" * 1000, io.BytesIO(b"second" * 300_000), b"", io.BytesIO(b"last")]
    refs = await store.put_pack(sources)
    assert len({ref.key for ref in refs}) == 1
    assert [ref.length for ref in refs] == [5000, 1_800_000, 0, 4]
    assert [ref.offset for ref in refs] == [0, 5000, 1_805_000, 1_805_000]
    assert [await store.read(ref) for ref in refs] == [b"first" * 1000, b"second" * 300_000, b"", b"last"]


async def test_a_file_of_a_pack_is_taken_from_where_it_stands(store: BlobStore) -> None:
    source = io.BytesIO(b"head" + b"body")
    source.seek(4)
    (ref,) = await store.put_pack([source])
    assert await store.read(ref) == b"body"


async def test_a_pack_of_nothing_writes_no_object(store: BlobStore) -> None:
    assert await store.put_pack([]) == []
    assert [item async for item in store.list_keys(utc_now() + timedelta(minutes=1))] == []


async def test_a_pack_larger_than_one_part_comes_back_whole(store: BlobStore) -> None:
    block = hashlib.sha256(b"gongzhen").digest() * (1 << 15)
    large = [block * 9, block * 12]  # 21 MiB over two sources: three parts, cut inside a source
    refs = await store.put_pack([io.BytesIO(source) for source in large])
    for ref, source in zip(refs, large, strict=True):
        assert await store.read(ref) == source


async def test_a_stream_is_cut_in_chunks(store: BlobStore) -> None:
    data = bytes(range(250)) * 100
    _, ref = await store.put_pack([b"before", data])
    chunks = [chunk async for chunk in store.stream(ref, chunk_size=4096)]
    assert b"".join(chunks) == data
    assert [len(chunk) for chunk in chunks] == [4096] * 6 + [424]


@pytest.mark.parametrize(("start", "length"), [(0, 10), (100, None), (24_990, 10), (24_990, 99), (25_000, None)])
async def test_a_range_of_a_ref_never_reaches_its_neighbours(store: BlobStore, start: int, length: int | None) -> None:
    data = bytes(range(250)) * 100
    _, ref, _ = await store.put_pack([b"before", data, b"after"])
    got = b"".join([chunk async for chunk in store.stream(ref, start=start, length=length, chunk_size=4096)])
    assert got == data[start : None if length is None else start + length]


async def test_a_range_outside_the_ref_is_refused(store: BlobStore) -> None:
    ref = await store.put(b"0123456789")
    with pytest.raises(ValueError, match="range"):
        _ = [chunk async for chunk in store.stream(ref, start=11)]


async def test_a_wrong_digest_is_noticed(store: BlobStore) -> None:
    ref = await store.put(b"as it was")
    lie = BlobRef(ref.store, ref.key, 0, ref.length, "0" * 64)
    with pytest.raises(BlobCorrupt):
        await store.read(lie)
    with pytest.raises(BlobCorrupt):
        _ = [chunk async for chunk in store.stream(lie)]


@pytest.mark.parametrize(("offset", "length"), [(5, 100), (5000, 10)])
async def test_an_object_that_became_shorter_is_noticed(store: BlobStore, offset: int, length: int) -> None:
    ref = await store.put(b"as it was")
    with pytest.raises(BlobCorrupt):
        await store.read(BlobRef(ref.store, ref.key, offset, length, ref.sha256))


async def test_what_is_not_there_is_said_so(store: BlobStore) -> None:
    ref = await store.put(b"soon gone")
    await store.delete(ref.key)
    with pytest.raises(BlobMissing):
        await store.read(ref)
    with pytest.raises(BlobMissing):
        _ = [chunk async for chunk in store.stream(ref)]
    await store.delete(ref.key)


async def test_another_stores_ref_is_a_mistake(store: BlobStore) -> None:
    ref = await store.put(b"mine")
    with pytest.raises(ValueError, match="region"):
        await store.read(BlobRef("region", ref.key, 0, ref.length, ref.sha256))


async def test_the_sweep_sees_what_is_old_enough_and_its_size(store: BlobStore) -> None:
    refs = await store.put_pack([b"one", b"three"])
    await store.check()
    listed = [item async for item in store.list_keys(utc_now() + timedelta(minutes=1))]
    assert [(item.key, item.size_bytes) for item in listed] == [(refs[0].key, 8)]
    assert abs(listed[0].created_at - utc_now()) < timedelta(minutes=1)
    assert [item async for item in store.list_keys(utc_now() - timedelta(minutes=1))] == []


async def test_a_healthy_store_passes_its_check(store: BlobStore) -> None:
    await store.check()
    assert await store.read(await store.put(b"after the check")) == b"after the check"


@pytest.mark.parametrize("store_url", ["file", "s3"], indirect=True)
async def test_a_shared_store_lists_to_each_writer_his_own(store_url: str) -> None:
    unnamed, imaging, ecg = [await open_store(store_url, "region", prefix) for prefix in ("", "imaging", "ecg")]
    before, own, other = await unnamed.put(b"before"), await imaging.put(b"own"), (await ecg.put_pack([b"other"]))[0]
    later = utc_now() + timedelta(minutes=1)
    for store, refs in ((unnamed, [before]), (imaging, [own]), (ecg, [other])):
        assert [item.key async for item in store.list_keys(later)] == [ref.key for ref in refs]
        assert [await store.read(ref) for ref in (before, own, other)] == [b"before", b"own", b"other"]
    assert BlobRef.parse(str(own)) == own
    await imaging.delete(own.key)
    assert [item async for item in imaging.list_keys(later)] == []
    for store in (unnamed, imaging, ecg):
        await store.close()


@pytest.mark.parametrize("prefix", ["tmp", "..", "a/b", "A", "x", "imaging/"])
async def test_a_prefix_is_one_plain_word(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        await open_store(tmp_path.as_uri(), "region", prefix)

"""Reading a ref by ranges: the same for every store, so the checks are too.

Each range is fetched whole in a thread. A slow client therefore holds neither a connection of the pool nor an open
file while it takes its time.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from shared.blobs.errors import BlobCorrupt
from shared.blobs.ref import BlobRef

# (key, offset, length) -> bytes; fewer than ``length`` only where the object ends.
FetchRange = Callable[[str, int, int], Awaitable[bytes]]

_WINDOW_BYTES = 4 << 20  # one request to S3 costs about 3 ms: small chunks are cut from larger ranges


def require_store(ref: BlobRef, name: str) -> None:
    if ref.store != name:
        raise ValueError(f"a blob of store {ref.store!r} is not in {name!r}")


async def read_ref(fetch: FetchRange, ref: BlobRef) -> bytes:
    data = await fetch(ref.key, ref.offset, ref.length)
    if len(data) != ref.length or hashlib.sha256(data).hexdigest() != ref.sha256:
        raise BlobCorrupt()
    return data


async def stream_ref(
    fetch: FetchRange, ref: BlobRef, chunk_size: int, start: int, length: int | None
) -> AsyncIterator[bytes]:
    if chunk_size < 1 or not 0 <= start <= ref.length or (length is not None and length < 0):
        raise ValueError("not a range of this blob")
    end = ref.length if length is None else min(start + length, ref.length)
    is_whole = start == 0 and end == ref.length
    digest = hashlib.sha256()
    window_bytes = max(_WINDOW_BYTES // chunk_size, 1) * chunk_size
    for position in range(start, end, window_bytes):
        size = min(window_bytes, end - position)
        window = await fetch(ref.key, ref.offset + position, size)
        if len(window) != size:
            raise BlobCorrupt()
        if is_whole:
            digest.update(window)
        for cut in range(0, size, chunk_size):
            yield window[cut : cut + chunk_size]
    if is_whole and digest.hexdigest() != ref.sha256:
        raise BlobCorrupt()

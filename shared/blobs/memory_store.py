"""The fake: the same port over a dict, for tests of what stands above it."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from shared.blobs.errors import BlobMissing
from shared.blobs.pack import PackReader, Source
from shared.blobs.ranges import read_ref, require_store, stream_ref
from shared.blobs.ref import BlobRef, is_key_of, new_key, require_key, require_prefix
from shared.blobs.store import DEFAULT_CHUNK_BYTES, StoredObject
from shared.clock import utc_now
from shared.errors import Unavailable


class MemoryBlobStore:
    """``is_available = False`` makes every call fail as an unreachable store does."""

    def __init__(self, name: str = "memory", prefix: str = "") -> None:
        self._name = name
        self._prefix = require_prefix(prefix)
        self._objects: dict[str, tuple[datetime, bytes]] = {}
        self.is_available = True

    @property
    def name(self) -> str:
        return self._name

    async def put(self, data: bytes, *, content_type: str = "application/octet-stream") -> BlobRef:
        await self.check()
        key = new_key(self._prefix)
        self._objects[key] = (utc_now(), data)
        return BlobRef(self._name, key, 0, len(data), hashlib.sha256(data).hexdigest())

    async def put_pack(self, sources: Sequence[Source]) -> list[BlobRef]:
        await self.check()
        if not sources:
            return []
        pack = PackReader(sources)
        data = b"".join(iter(pack.read, b""))
        key = new_key(self._prefix)
        self._objects[key] = (utc_now(), data)
        return pack.refs(self._name, key)

    async def read(self, ref: BlobRef) -> bytes:
        require_store(ref, self._name)
        return await read_ref(self._fetch, ref)

    async def stream(
        self,
        ref: BlobRef,
        *,
        chunk_size: int = DEFAULT_CHUNK_BYTES,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        require_store(ref, self._name)
        async for chunk in stream_ref(self._fetch, ref, chunk_size, start, length):
            yield chunk

    async def list_keys(self, older_than: datetime) -> AsyncIterator[StoredObject]:
        await self.check()
        for key, (created_at, data) in sorted(self._objects.items()):
            if is_key_of(self._prefix, key) and created_at < older_than:
                yield StoredObject(key, created_at, len(data))

    async def delete(self, key: str) -> None:
        await self.check()
        self._objects.pop(require_key(key), None)

    async def check(self) -> None:
        if not self.is_available:
            raise Unavailable(code="storage_unavailable")

    async def close(self) -> None:
        """Nothing is held."""

    async def _fetch(self, key: str, offset: int, length: int) -> bytes:
        await self.check()
        if key not in self._objects:
            raise BlobMissing()
        return self._objects[key][1][offset : offset + length]

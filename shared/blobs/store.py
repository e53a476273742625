"""The port: what every store of bytes can do. Original bytes are written once and never altered."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.blobs.pack import Source
from shared.blobs.ref import BlobRef

DEFAULT_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the sweep sees it: its key, when it was written (UTC), its whole size."""

    key: str
    created_at: datetime
    size_bytes: int


class BlobStore(Protocol):
    """All blocking work happens in threads. A store that cannot do its work now raises ``Unavailable``."""

    @property
    def name(self) -> str:
        """The ``store`` of the refs it makes, and the only one it reads."""

    async def put(self, data: bytes, *, content_type: str = "application/octet-stream") -> BlobRef:
        """Write one object; it is durable when the ref is returned."""

    async def put_pack(self, sources: Sequence[Source]) -> list[BlobRef]:
        """Write the sources one after another as one object with one fsync; a ref for each, in their order.

        A file is read from where it stands to its end, in constant memory. No refs, no object: a failure or a
        crash leaves nothing that a later reader could take for whole.
        """

    async def read(self, ref: BlobRef) -> bytes:
        """All bytes of the ref, checked against its digest (``BlobMissing``, ``BlobCorrupt``)."""

    def stream(
        self,
        ref: BlobRef,
        *,
        chunk_size: int = DEFAULT_CHUNK_BYTES,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        """The ref's bytes ``start`` … ``start + length`` in chunks. A whole ref is checked: the fault shows last."""

    def list_keys(self, older_than: datetime) -> AsyncIterator[StoredObject]:
        """The store's own objects written before ``older_than``, for the sweep of those that no row names.

        A store that was opened with a prefix lists those under it, one without lists those under none.
        """

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""

    async def check(self) -> None:
        """Write and read back a few bytes, or raise ``Unavailable``."""

    async def close(self) -> None:
        """Give connections back; the store is not used afterwards."""

"""Reading several sources as one run of bytes while each one's digest and place are taken down."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from shared.blobs.ref import BlobRef

_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Digested:
    """Bytes whose SHA-256 (hexadecimal) somebody has made already: hashing is most of what a pack costs.

    ``NO_DIGEST``: somebody is making it, and puts it into the ref (``dataclasses.replace``) before anybody sees it.
    """

    file: BinaryIO
    sha256: str


NO_DIGEST = "0" * 64
Source: TypeAlias = BinaryIO | bytes | Digested


class PackReader(io.RawIOBase):
    """A file whose bytes are the sources' bytes one after another; ``refs`` once it has been read to the end."""

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__()
        self._known = [source.sha256 if isinstance(source, Digested) else None for source in sources]
        self._sources = [_opened(source) for source in sources]
        self._finished: list[tuple[int, int, str]] = []
        self._digest = hashlib.sha256()
        self._offset = 0
        self._length = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Exactly ``size`` bytes (1 MiB when not said), fewer only at the very end.

        Small sources are gathered: two thousand of 4 KiB become eight writes, not two thousand.
        """
        missing = _COPY_BYTES if size < 0 else size
        chunks = []
        while missing > 0 and len(self._finished) < len(self._sources):
            chunk = self._sources[len(self._finished)].read(missing)
            if not chunk:
                self._finish_source()
                continue
            if self._known[len(self._finished)] is None:
                self._digest.update(chunk)
            self._length += len(chunk)
            missing -= len(chunk)
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def refs(self, store: str, key: str) -> list[BlobRef]:
        if len(self._finished) < len(self._sources):
            raise ValueError("the pack has not been read to its end")
        return [BlobRef(store, key, offset, length, sha256) for offset, length, sha256 in self._finished]

    def _finish_source(self) -> None:
        known = self._known[len(self._finished)]
        self._finished.append((self._offset, self._length, known or self._digest.hexdigest()))
        self._offset += self._length
        self._length = 0
        self._digest = hashlib.sha256()


def _opened(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    return source.file if isinstance(source, Digested) else source

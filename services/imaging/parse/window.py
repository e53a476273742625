"""Random access to a seekable file through one block read ahead: a header costs one or two reads, pixels none."""

from typing import BinaryIO

from services.imaging.parse.refusal import FailureCode, Refused

_BLOCK_BYTES = 64 * 1024


class Window:
    """The first ``size_bytes`` of ``file``. Offsets are absolute; reading past the end is ``truncated``."""

    __slots__ = ("_base", "_block", "_file", "size_bytes")

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self.size_bytes = size_bytes
        self._base = 0
        self._block = b""

    def at(self, offset: int, count: int) -> bytes:
        start = offset - self._base
        if start >= 0 and start + count <= len(self._block):
            return self._block[start : start + count]
        # Judged before reading: a length of 4 GB in a small file must not make the reader ask for 4 GB.
        if offset + count > self.size_bytes:
            raise Refused(FailureCode.TRUNCATED)
        self._file.seek(offset)
        self._block = self._file.read(min(max(count, _BLOCK_BYTES), self.size_bytes - offset))
        self._base = offset
        if len(self._block) < count:
            raise Refused(FailureCode.TRUNCATED)
        return self._block[:count]

    def far(self, offset: int, count: int) -> bytes:
        """As ``at`` without reading ahead, for hopping over large values."""
        start = offset - self._base
        if start >= 0 and start + count <= len(self._block):
            return self._block[start : start + count]
        if offset + count > self.size_bytes:
            raise Refused(FailureCode.TRUNCATED)
        self._file.seek(offset)
        raw = self._file.read(count)
        if len(raw) < count:
            raise Refused(FailureCode.TRUNCATED)
        return raw

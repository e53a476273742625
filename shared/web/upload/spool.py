"""The bytes of one upload while they are judged: the first few in memory, all others in one nameless file.

One file for the whole upload, not one for each part: twenty thousand images must not need as many descriptors. The
file has no name (``O_TMPFILE`` where the system has it), so nothing is left of it when the process dies.
"""

import errno
import io
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from shared.errors import Unavailable

MEMORY_BYTES = 8 << 20  # ten CT slices, as a workstation sends them at once, need no file


class Spool:
    """Append, then read from any thread by ranges. Everything blocks: call it off the event loop."""

    def __init__(self, folder: Path, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._buffer = bytearray()
        self._file: io.FileIO | None = None
        self._lock = threading.Lock()  # two threads may sort what came, and lay their findings beside it
        self.size_bytes = 0

    def append(self, data: bytes | memoryview) -> int:
        """Answers where the data lies. Raises Unavailable when the spool's disk is full or gone."""
        with self._lock, disk_errors():
            if self._file is None and self.size_bytes + len(data) > self._memory_bytes:
                self._move_to_disk()
            if self._file is None:
                self._buffer += data
            else:
                _write_fully(self._file, data)
            offset = self.size_bytes
            self.size_bytes += len(data)
            return offset

    def read_at(self, offset: int, count: int) -> bytes:
        with disk_errors():
            if self._file is None:
                with self._lock:
                    if self._file is None:
                        return bytes(memoryview(self._buffer)[offset : offset + count])
            return os.pread(self._file.fileno(), count, offset)

    def view(self, offset: int, length: int) -> BinaryIO:
        """A file of its own over ``length`` bytes from ``offset``; views share nothing but the bytes."""
        return cast(BinaryIO, _View(self, offset, length))

    def close(self) -> None:
        self._buffer = bytearray()
        if self._file is not None:
            self._file.close()

    def _move_to_disk(self) -> None:
        self._file = tempfile.TemporaryFile(dir=self._folder, prefix="upload-", buffering=0)  # noqa: SIM115
        _write_fully(self._file, self._buffer)
        self._buffer = bytearray()


class _View(io.RawIOBase):
    def __init__(self, spool: Spool, offset: int, length: int) -> None:
        super().__init__()
        self._spool = spool
        self._offset = offset
        self._length = length
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning of the file")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """As much as was asked for, less only at the end: callers need no loop."""
        left = max(self._length - self._position, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        parts = []
        while wanted > 0:
            part = self._spool.read_at(self._offset + self._position, wanted)
            if not part:
                break
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _write_fully(file: io.FileIO, data: bytes | bytearray | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


@contextmanager
def disk_errors() -> Iterator[None]:
    """``OSError`` becomes Unavailable: ``storage_full`` or ``storage_unavailable``."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        code = "storage_full" if is_full else "storage_unavailable"
        raise Unavailable(code=code, retry_after_s=60 if is_full else 5) from error

"""The bytes of uploads under way: one file each in the spool folder, named by the upload's own id.

The row's offset counts, not the file's length: what lies behind it was written but never told to be durable.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from shared.web.upload import Spool, disk_errors

_PREFIX = "tus-"


def path_of(folder: Path, upload_id: str) -> Path:
    return folder / f"{_PREFIX}{upload_id}"


def ids_in(folder: Path) -> list[str]:
    return sorted(path.name.removeprefix(_PREFIX) for path in folder.glob(f"{_PREFIX}upl_*"))


def remove(folder: Path, upload_ids: Sequence[str]) -> None:
    for upload_id in upload_ids:
        path_of(folder, upload_id).unlink(missing_ok=True)


class UploadFile:
    """Open for writing behind ``offset``. Everything blocks: call it off the event loop."""

    def __init__(self, folder: Path, upload_id: str, offset: int) -> None:
        """``offset`` is cut down to what the file has: its volume may be another than the one that was written to."""
        with disk_errors():
            self._descriptor = os.open(path_of(folder, upload_id), os.O_RDWR | os.O_CREAT, 0o640)
            self.offset = min(offset, os.fstat(self._descriptor).st_size)
        self._folder = folder

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        with disk_errors():
            while view:
                count = os.pwrite(self._descriptor, view, self.offset)
                self.offset += count
                view = view[count:]

    def sync(self) -> None:
        """Durable when it returns, its name in the folder included."""
        with disk_errors():
            os.fsync(self._descriptor)
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def close(self) -> None:
        os.close(self._descriptor)


class JoinedSpool(Spool):
    """Finished uploads as one spool: their bytes lie one after another, what sorting adds comes behind."""

    def __init__(self, folder: Path, files: Sequence[tuple[Path, int]]) -> None:
        """Raises FileNotFoundError when one is gone: somebody else has finished it."""
        super().__init__(folder)
        self._joined: list[tuple[int, int, io.FileIO]] = []
        try:
            for path, length in files:
                self._joined.append((self.size_bytes, length, path.open("rb", buffering=0)))
                self.size_bytes += length
        except BaseException:
            self.close()
            raise
        self._base = self.size_bytes

    def read_at(self, offset: int, count: int) -> bytes:
        if offset >= self._base:
            return super().read_at(offset - self._base, count)
        for start, length, file in self._joined:
            if start <= offset < start + length:
                with disk_errors():
                    return os.pread(file.fileno(), min(count, start + length - offset), offset - start)
        return b""

    def close(self) -> None:
        super().close()
        for _, _, file in self._joined:
            file.close()

    @classmethod
    @contextmanager
    def over(cls, folder: Path, files: Sequence[tuple[Path, int]]) -> Iterator[Self]:
        spool = cls(folder, files)
        try:
            yield spool
        finally:
            spool.close()

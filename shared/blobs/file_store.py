"""Bytes in a directory: write, fsync, rename, fsync the folder. The embedded default, faster there than S3.

``root/[<prefix>/]<c>/<c>/blob_<id>`` are the objects, read-only; ``root/tmp`` is where they are written, on the
same volume so that the rename is atomic.
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from shared.blobs.errors import BlobMissing
from shared.blobs.pack import PackReader, Source
from shared.blobs.ranges import read_ref, require_store, stream_ref
from shared.blobs.ref import BlobRef, is_key_of, new_key, require_key, require_prefix
from shared.blobs.store import DEFAULT_CHUNK_BYTES, StoredObject
from shared.errors import Unavailable

_FILE_MODE = 0o440
_FOLDER_MODE = 0o750
_ABANDONED_S = 24 * 3600.0  # no upload takes so long: a crash left it
_PROBE = b"gongzhen"


class FileBlobStore:
    def __init__(self, root: Path, name: str, prefix: str = "") -> None:
        """Make the folders where they are absent and drop what an earlier process left half written."""
        self._root = root
        self._tmp = root / "tmp"
        self._name = name
        self._prefix = require_prefix(prefix)
        self._durable_folders: set[Path] = set()
        with _own_errors():
            self._tmp.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            self._drop_abandoned()

    @property
    def name(self) -> str:
        return self._name

    async def put(self, data: bytes, *, content_type: str = "application/octet-stream") -> BlobRef:
        """A directory keeps no content type: the row that names the blob does."""
        return (await self.put_pack([data]))[0]

    async def put_pack(self, sources: Sequence[Source]) -> list[BlobRef]:
        if not sources:
            return []
        return await asyncio.to_thread(self._write, sources)

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
        for folder in await asyncio.to_thread(self._folders):
            for stored in await asyncio.to_thread(self._objects_of, folder, older_than):
                yield stored

    async def delete(self, key: str) -> None:
        def unlink() -> None:
            with _own_errors():
                (self._root / require_key(key)).unlink(missing_ok=True)

        await asyncio.to_thread(unlink)

    async def check(self) -> None:
        await asyncio.to_thread(self._probe)

    async def close(self) -> None:
        """Nothing is held."""

    async def _fetch(self, key: str, offset: int, length: int) -> bytes:
        return await asyncio.to_thread(self._read_range, key, offset, length)

    def _write(self, sources: Sequence[Source]) -> list[BlobRef]:
        key = new_key(self._prefix)
        unfinished = self._tmp / key.rpartition("/")[2]
        pack = PackReader(sources)
        with _own_errors():
            try:
                self._write_whole(unfinished, iter(pack.read, b""))
                self._publish(unfinished, key)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
        return pack.refs(self._name, key)

    def _write_whole(self, path: Path, chunks: Iterator[bytes]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for chunk in chunks:
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]
            os.fsync(file.fileno())

    def _publish(self, unfinished: Path, key: str) -> None:
        final = self._root / key
        self._make_folder(final.parent)
        unfinished.rename(final)
        _fsync_folder(final.parent)

    def _make_folder(self, folder: Path) -> None:
        """Once a process and folder its own entry is made durable too, in each parent up to the root: that it is
        there already may be the work of a writer who has not come to that yet."""
        if folder in self._durable_folders and folder.is_dir():
            return
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        parent = folder
        while parent != self._root:
            parent = parent.parent
            _fsync_folder(parent)
        self._durable_folders.add(folder)

    def _read_range(self, key: str, offset: int, length: int) -> bytes:
        with _own_errors():
            try:
                file = (self._root / require_key(key)).open("rb", buffering=0)
            except FileNotFoundError:
                if not self._tmp.is_dir():  # not the object is gone but the whole volume: it may come back
                    raise
                raise BlobMissing() from None
            with file:
                return _pread_fully(file.fileno(), offset, length)

    def _folders(self) -> list[Path]:
        with _own_errors():
            return sorted(path for path in (self._root / self._prefix).glob("[0-9a-z]/[0-9a-z]") if path.is_dir())

    def _objects_of(self, folder: Path, older_than: datetime) -> list[StoredObject]:
        found = []
        with _own_errors(), os.scandir(folder) as entries:
            for entry in entries:
                key = f"{folder.relative_to(self._root)}/{entry.name}"
                if not is_key_of(self._prefix, key):
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # deleted since the folder was read
                    continue
                created_at = datetime.fromtimestamp(status.st_mtime, UTC)
                if created_at < older_than:
                    found.append(StoredObject(key, created_at, status.st_size))
        return found

    def _probe(self) -> None:
        path = self._tmp / f"probe_{os.getpid()}_{time.monotonic_ns()}"
        with _own_errors():
            try:
                self._write_whole(path, iter([_PROBE]))
                if path.read_bytes() != _PROBE:
                    raise Unavailable(code="storage_unavailable")
            finally:
                path.unlink(missing_ok=True)

    def _drop_abandoned(self) -> None:
        before = time.time() - _ABANDONED_S
        for path in self._tmp.iterdir():
            try:
                if path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
            except FileNotFoundError:  # another process starts at the same moment
                continue


@contextmanager
def _own_errors() -> Iterator[None]:
    """``OSError`` becomes ``Unavailable``; a full disk has a code of its own, since waiting does not mend it."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        code = "storage_full" if is_full else "storage_unavailable"
        raise Unavailable(code=code, retry_after_s=60 if is_full else 5) from error


def _pread_fully(descriptor: int, offset: int, length: int) -> bytes:
    """One read call gives at most 2 GiB, and less when it likes."""
    parts = []
    while length > 0:
        part = os.pread(descriptor, length, offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

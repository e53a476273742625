"""PATCH: bytes behind the offset, durable before the answer. A cut line loses nothing of what had arrived.

Bytes under an Upload-Checksum count only once it holds; without one they are made durable every few megabytes, so that
a server that dies costs the clinic no more than that.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

from starlette.requests import ClientDisconnect, Request

from services.imaging.models import Upload
from services.imaging.queries import uploads
from services.imaging.settings import settings_of
from services.imaging.uploads.files import UploadFile
from services.imaging.uploads.protocol import Checksum, ChecksumMismatch
from services.imaging.uploads.writers import Writers
from shared.auth import Actor
from shared.errors import Conflict, NotFound, TooLarge, Unreadable
from shared.resources import Resources

_SLAB_BYTES = 1 << 20
_SYNC_BYTES = 16 << 20
_SILENT_S = 120.0  # a line that is gone without a word must not keep its upload
_PAUSE_S, _LAST_S = 0.2, 2.0  # what is still on its way when somebody takes over


async def append(
    resources: Resources,
    writers: Writers,
    actor: Actor,
    upload_id: str,
    request: Request,
    offset: int,
    checksum: Checksum | None,
) -> Upload:
    """The upload with its new offset.

    Raises NotFound, Conflict (``offset_mismatch``, ``upload_taken_over``), TooLarge, ChecksumMismatch, Unreadable for a
    body that was cut off; then what had arrived is kept, unless a checksum stood over it.
    """
    async with writers.turn(upload_id) as stop:
        writer = secrets.token_hex(8)
        async with resources.db.transaction() as session:
            upload = await uploads.take_over(session, actor, upload_id, writer)
        if upload is None:
            raise NotFound
        settings = settings_of(resources)
        file = await asyncio.to_thread(UploadFile, settings.spool_dir, upload_id, upload.offset_bytes)
        appending = _Appending(resources, file, upload, writer, timedelta(hours=settings.upload_hours))
        try:
            if offset != file.offset:
                await appending.keep()  # its file may have been lost with its volume
                raise Conflict("Upload-Offset 与服务器不一致", code="offset_mismatch", extra={"offset": file.offset})
            return await appending.receive(request, stop, checksum)
        finally:
            await asyncio.to_thread(file.close)


class _Appending:
    def __init__(self, resources: Resources, file: UploadFile, upload: Upload, writer: str, lives: timedelta) -> None:
        self._resources = resources
        self._file = file
        self._upload = upload
        self._writer = writer
        self._lives = lives

    async def receive(self, request: Request, stop: asyncio.Event, checksum: Checksum | None) -> Upload:
        announced = request.headers.get("content-length", "")
        if announced.isdigit():
            self._require_room(int(announced))
        try:
            is_whole = await self._write(request, stop, checksum)
        except TooLarge:
            await self.keep()
            raise
        if checksum is not None and not (is_whole and checksum.holds):
            if is_whole:
                raise ChecksumMismatch
            raise Unreadable("上传中断", code="upload_interrupted")
        upload = await self.keep()
        if not is_whole:
            raise Unreadable("上传中断", code="upload_interrupted")
        return upload

    async def keep(self) -> Upload:
        """Durable when it returns."""
        await asyncio.to_thread(self._file.sync)
        async with self._resources.db.transaction() as session:
            moved = await uploads.advance(session, self._upload.upload_id, self._writer, self._file.offset, self._lives)
        if moved is None:
            raise Conflict("另一连接已接管此上传", code="upload_taken_over")
        return moved

    async def _write(self, request: Request, stop: asyncio.Event, checksum: Checksum | None) -> bool:
        """False for a body that was cut off."""
        slab, synced, is_whole = bytearray(), self._file.offset, False
        async for chunk in _chunks(request, stop):
            if chunk is None:
                is_whole = True
                break
            slab += chunk
            if len(slab) >= _SLAB_BYTES:
                await self._put(slab, checksum)
                if checksum is None and self._file.offset - synced >= _SYNC_BYTES:
                    await self.keep()
                    synced = self._file.offset
        await self._put(slab, checksum)
        return is_whole

    async def _put(self, slab: bytearray, checksum: Checksum | None) -> None:
        self._require_room(len(slab))

        def put(data: bytes) -> None:
            if checksum is not None:
                checksum.update(data)
            self._file.write(data)

        await asyncio.to_thread(put, bytes(slab))
        slab.clear()

    def _require_room(self, count: int) -> None:
        if self._file.offset + count > self._upload.length_bytes:
            raise TooLarge("超过所声明的 Upload-Length", code="upload_length_exceeded")


async def _chunks(request: Request, stop: asyncio.Event) -> AsyncIterator[bytes | None]:
    """The body's bytes, then None; without the None where the line was cut or fell silent.

    Once ``stop`` is set what has arrived already is still taken, so that nobody need send it anew.
    """
    stream = request.stream()
    loop = asyncio.get_running_loop()
    stopping = asyncio.ensure_future(stop.wait())
    ends_at = float("inf")
    try:
        while loop.time() < ends_at:
            coming = asyncio.ensure_future(_next(stream))
            if not stopping.done():
                await asyncio.wait({coming, stopping}, timeout=_SILENT_S, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                ends_at = min(ends_at, loop.time() + _LAST_S)
                await asyncio.wait({coming}, timeout=_PAUSE_S)
            if not coming.done():
                coming.cancel()
                await asyncio.wait({coming})
                return
            try:
                chunk = coming.result()
            except ClientDisconnect:
                return
            yield chunk
            if chunk is None:
                return
    finally:
        stopping.cancel()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)

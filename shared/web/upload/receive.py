"""The request's body into a spool, off the event loop: while one slab is parsed and written, the next arrives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from starlette.requests import ClientDisconnect, Request

from shared.errors import TooLarge, Unreadable, UnsupportedKind
from shared.web.upload.form import FormParser, ReceivedForm, boundary_of
from shared.web.upload.spool import Spool

_SLAB_BYTES = 1 << 20  # one job a slab: 256 KB slabs measurably cost more hand-overs than they save memory


@dataclass(frozen=True, slots=True)
class Limits:
    upload_bytes: int
    files: int
    spool_dir: Path


class Parser(Protocol):
    def feed(self, data: bytes) -> None:
        """Called in a thread, one slab after another."""


SomeParser = TypeVar("SomeParser", bound=Parser)


@asynccontextmanager
async def receive_form(request: Request, limits: Limits) -> AsyncIterator[tuple[ReceivedForm, Spool]]:
    """The form and the spool with its files' bytes, until the block ends; then nothing is left on disk.

    Raises UnsupportedKind, Unreadable (broken, cut off), TooLarge (by Content-Length before a byte is read), Invalid.
    """
    boundary = boundary_of(request.headers.get("content-type"))

    def make(spool: Spool) -> FormParser:
        return FormParser(boundary, spool, max_files=limits.files)

    async with spooled(request, limits, make) as (parser, spool):
        yield parser.finish(), spool


@asynccontextmanager
async def spooled(
    request: Request, limits: Limits, make: Callable[[Spool], SomeParser]
) -> AsyncIterator[tuple[SomeParser, Spool]]:
    """The whole body given to a parser over a spool, which is gone when the block ends.

    Raises UnsupportedKind, TooLarge (by Content-Length before a byte is read), Unreadable when it was cut off.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedKind("不支持 Content-Encoding 压缩的上传")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limits.upload_bytes:
        raise _too_large(limits)
    spool = Spool(limits.spool_dir)
    try:
        parser = make(spool)
        await _pump(request, parser, limits)
        yield parser, spool
    finally:
        spool.close()


async def read_bounded(request: Request, max_bytes: int) -> bytes:
    """A small body. Raises TooLarge as soon as it is longer, Unreadable when it is cut off."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise TooLarge(
                    f"正文不得超过 {max_bytes} 字节", code="order_too_large", extra={"limit_bytes": max_bytes}
                )
    except ClientDisconnect:
        raise Unreadable("上传中断", code="upload_interrupted") from None
    return bytes(body)


async def _pump(request: Request, parser: Parser, limits: Limits) -> None:
    writing: asyncio.Future[None] | None = None
    slab = bytearray()
    total = 0
    try:
        async for chunk in request.stream():
            total += len(chunk)
            if total > limits.upload_bytes:
                raise _too_large(limits)
            slab += chunk
            if len(slab) >= _SLAB_BYTES:
                if writing is not None:
                    await writing
                writing = asyncio.ensure_future(asyncio.to_thread(parser.feed, bytes(slab)))
                slab.clear()
        if writing is not None:
            await writing
        writing = asyncio.ensure_future(asyncio.to_thread(parser.feed, bytes(slab)))
        await writing
    except ClientDisconnect:
        raise Unreadable("上传中断", code="upload_interrupted") from None
    finally:
        # The thread still writes to the spool, which the caller closes next.
        if writing is not None and not writing.done():
            await asyncio.wait([writing])
        if writing is not None and writing.done() and not writing.cancelled():
            writing.exception()


def _too_large(limits: Limits) -> TooLarge:
    return TooLarge(
        f"一次上传不得超过 {limits.upload_bytes} 字节",
        code="upload_too_large",
        extra={"limit_bytes": limits.upload_bytes},
    )

"""A request's parts of one media type: multipart/related, or the single part that the whole body is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from shared.errors import Unreadable, UnsupportedKind
from shared.web.related.parser import ReceivedPart, RelatedParser
from shared.web.upload import Limits, Spool, spooled

_BOUNDARY_MAX = 200


class _WholeBody:
    """The body is the part (PS3.18 8.6.1.1)."""

    def __init__(self, media_type: str, spool: Spool) -> None:
        self._media_type = media_type
        self._spool = spool

    def feed(self, data: bytes) -> None:
        self._spool.append(data)

    def finish(self) -> tuple[ReceivedPart, ...]:
        size_bytes = self._spool.size_bytes
        return (ReceivedPart(1, self._media_type, 0, size_bytes),) if size_bytes else ()


@asynccontextmanager
async def receive_parts(
    request: Request, limits: Limits, media_type: str
) -> AsyncIterator[tuple[Sequence[ReceivedPart], Spool]]:
    """The parts and the spool with their bytes, until the block ends; then nothing is left on disk.

    Raises UnsupportedKind where the body announces another type, Unreadable (broken, cut off, nothing in it), TooLarge.
    """
    boundary = _boundary_of(request.headers.get("content-type"), media_type)

    def make(spool: Spool) -> RelatedParser | _WholeBody:
        if boundary is None:
            return _WholeBody(media_type, spool)
        return RelatedParser(boundary, spool, max_parts=limits.files)

    async with spooled(request, limits, make) as (parser, spool):
        parts = parser.finish()
        if not parts:
            raise Unreadable("正文中没有任何分段", code="no_parts")
        yield parts, spool


def _boundary_of(content_type: str | None, media_type: str) -> bytes | None:
    """None for a single part. Parameters may be quoted or not; a multipart without ``type`` says it in its parts."""
    kind, options = parse_options_header(content_type)
    if kind == media_type.encode():
        return None
    announced = options.get(b"type", b"").decode("latin-1").strip().lower()
    if kind != b"multipart/related" or announced.partition(";")[0].strip() not in ("", media_type):
        supported = [f'multipart/related; type="{media_type}"', media_type]
        raise UnsupportedKind(f"请以 {supported[0]} 或 {media_type} 上传", extra={"supported": supported})
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= _BOUNDARY_MAX:
        raise Unreadable("Content-Type 缺少 boundary", code="multipart_broken")
    return boundary

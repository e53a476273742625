"""multipart/related answers (RFC 2387, PS3.18 8.6.1), streamed part by part in constant memory."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response, StreamingResponse

NO_STORE = "private, no-store"  # images are patients'; a shared computer's disk must not keep them
Chunks = Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Part:
    """``length`` in bytes where it is known before the bytes are."""

    content_type: str
    location: str
    chunks: Chunks
    length: int | None = None


LatePart = Callable[[], Awaitable[Part]]
"""One that is made when its turn comes."""


async def ready(part: Part | LatePart) -> Part:
    return part if isinstance(part, Part) else await part()


def part_of(content_type: str, location: str, body: bytes) -> Part:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    return Part(content_type, location, chunks, len(body))


async def multipart_answer(parts: Sequence[Part | LatePart], part_type: str, *, status: int = 200) -> StreamingResponse:
    """The first chunk is there before the status is sent: bytes that are missing are an error, not an empty answer.

    What fails later breaks the connection off; with a known length, clients notice.
    """
    boundary = secrets.token_hex(16)
    end = f"\r\n--{boundary}--\r\n".encode()
    body = _body(_each(parts), boundary, end)
    first = await anext(body)
    response = StreamingResponse(chained(first, body), status)
    response.headers["Content-Type"] = f'multipart/related; type="{part_type}"; boundary={boundary}'
    response.headers["Cache-Control"] = NO_STORE
    lengths = [
        len(_head(boundary, part)) + part.length for part in parts if isinstance(part, Part) and part.length is not None
    ]
    if len(lengths) == len(parts):
        response.headers["Content-Length"] = str(sum(lengths) + len(end))
    return response


async def multipart_stream(parts: AsyncIterator[Part | LatePart], part_type: str, *, status: int = 200) -> Response:
    """The same of parts of which nobody knows beforehand how many there are."""
    boundary = secrets.token_hex(16)
    body = _body(parts, boundary, f"\r\n--{boundary}--\r\n".encode())
    response = StreamingResponse(chained(await anext(body), body), status)
    response.headers["Content-Type"] = f'multipart/related; type="{part_type}"; boundary={boundary}'
    response.headers["Cache-Control"] = NO_STORE
    return response


async def single_answer(part: Part) -> StreamingResponse:
    body = part.chunks()
    first = await anext(body, b"")
    response = StreamingResponse(chained(first, body), media_type=part.content_type)
    response.headers["Content-Location"] = part.location
    response.headers["Cache-Control"] = NO_STORE
    if part.length is not None:
        response.headers["Content-Length"] = str(part.length)
    return response


async def _each(parts: Sequence[Part | LatePart]) -> AsyncIterator[Part | LatePart]:
    for part in parts:
        yield part


def _head(boundary: str, part: Part) -> bytes:
    lines = [f"\r\n--{boundary}", f"Content-Type: {part.content_type}", f"Content-Location: {part.location}"]
    if part.length is not None:
        lines.append(f"Content-Length: {part.length}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _body(parts: AsyncIterator[Part | LatePart], boundary: str, end: bytes) -> AsyncIterator[bytes]:
    async for each in parts:
        part = await ready(each)
        chunks = part.chunks()
        yield _head(boundary, part) + await anext(chunks, b"")
        async for chunk in chunks:
            yield chunk
    yield end


async def chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk

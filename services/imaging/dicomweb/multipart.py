"""multipart/related answers (RFC 2387, PS3.18 8.6.1), streamed part by part in constant memory."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response, StreamingResponse

NO_STORE = "private, no-store"  # images are patients'; a shared computer's disk must not keep them
_WHOLE_BYTES = 1 << 20  # an answer up to here goes out in one piece, at half the cost of a stream
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


async def multipart_answer(parts: Sequence[Part | LatePart], part_type: str, *, status: int = 200) -> Response:
    boundary = secrets.token_hex(16)
    end, headers = _frame(part_type, boundary)
    lengths = [
        len(_head(boundary, part)) + part.length for part in parts if isinstance(part, Part) and part.length is not None
    ]
    if len(lengths) == len(parts):
        headers["Content-Length"] = str(sum(lengths) + len(end))
    return await _answer(_body(_each(parts), boundary, end), headers, status)


async def multipart_stream(parts: AsyncIterator[Part | LatePart], part_type: str, *, status: int = 200) -> Response:
    """The same of parts of which nobody knows beforehand how many there are."""
    boundary = secrets.token_hex(16)
    end, headers = _frame(part_type, boundary)
    return await _answer(_body(parts, boundary, end), headers, status)


async def single_answer(part: Part) -> Response:
    headers = {"Content-Type": part.content_type, "Content-Location": part.location, "Cache-Control": NO_STORE}
    if part.length is not None:
        headers["Content-Length"] = str(part.length)
    return await _answer(part.chunks(), headers, 200)


async def _answer(body: AsyncIterator[bytes], headers: dict[str, str], status: int) -> Response:
    """The first bytes are there before the status is sent: bytes that are missing are an error, not an empty answer.

    What fails later breaks the connection off; with a known length, clients notice.
    """
    held, size = [], 0
    async for chunk in body:
        held.append(chunk)
        size += len(chunk)
        if size > _WHOLE_BYTES:
            return StreamingResponse(chained(b"".join(held) if len(held) > 1 else chunk, body), status, headers)
    return Response(b"".join(held), status, headers)


async def _each(parts: Sequence[Part | LatePart]) -> AsyncIterator[Part | LatePart]:
    for part in parts:
        yield part


def _frame(part_type: str, boundary: str) -> tuple[bytes, dict[str, str]]:
    """What stands after the last part, and the answer's headers."""
    content_type = f'multipart/related; type="{part_type}"; boundary={boundary}'
    return f"\r\n--{boundary}--\r\n".encode(), {"Content-Type": content_type, "Cache-Control": NO_STORE}


def _head(boundary: str, part: Part) -> bytes:
    lines = [f"\r\n--{boundary}", f"Content-Type: {part.content_type}", f"Content-Location: {part.location}"]
    if part.length is not None:
        lines.append(f"Content-Length: {part.length}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _body(parts: AsyncIterator[Part | LatePart], boundary: str, end: bytes) -> AsyncIterator[bytes]:
    async for each in parts:
        part = await ready(each)
        yield _head(boundary, part)
        async for chunk in part.chunks():
            yield chunk
    yield end


async def chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk

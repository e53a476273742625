"""Answers of parts: small ones whole, large ones streamed, and when an error still can be an error."""

from collections.abc import AsyncIterator

import pytest
from starlette.responses import Response, StreamingResponse

from services.imaging.dicomweb.multipart import Part, multipart_answer, part_of, single_answer
from shared.errors import Unavailable

PLACE = "http://front/dicomweb/studies/1"
CHUNK = b"x" * (300 << 10)


def streamed(count: int, *, fails: bool = False) -> Part:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield CHUNK
        if fails:
            raise Unavailable

    return Part("image/jls", PLACE, chunks, count * len(CHUNK))


async def body_of(response: Response) -> bytes:
    if not isinstance(response, StreamingResponse):
        return bytes(response.body)
    chunks = [chunk async for chunk in response.body_iterator]
    return b"".join(chunk if isinstance(chunk, bytes) else bytes(str(chunk), "ascii") for chunk in chunks)


@pytest.mark.parametrize(("count", "is_streamed"), [(0, False), (2, False), (9, True)])
async def test_the_length_is_that_of_the_body_whether_streamed_or_not(count: int, is_streamed: bool) -> None:
    for answer in (await multipart_answer([streamed(count)], "image/jls"), await single_answer(streamed(count))):
        assert isinstance(answer, StreamingResponse) == is_streamed
        body = await body_of(answer)
        assert int(answer.headers["content-length"]) == len(body)
        assert body.count(CHUNK) == count
        assert answer.headers["cache-control"] == "private, no-store"


async def test_parts_made_when_their_turn_comes_stand_between_the_same_boundaries() -> None:
    async def late() -> Part:
        return part_of("image/jls", PLACE, b"two")

    answer = await multipart_answer([part_of("image/jls", PLACE, b"one"), late], "image/jls", status=206)
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    head = b"Content-Type: image/jls\r\nContent-Location: " + PLACE.encode() + b"\r\nContent-Length: 3\r\n\r\n"
    first, one, two, end = (await body_of(answer)).split(b"--" + boundary)
    assert (first, one, two, end) == (b"\r\n", b"\r\n" + head + b"one\r\n", b"\r\n" + head + b"two\r\n", b"--\r\n")
    assert answer.status_code == 206


async def test_what_fails_before_the_answer_has_begun_is_an_error() -> None:
    with pytest.raises(Unavailable):
        await multipart_answer([streamed(2, fails=True)], "image/jls")


async def test_what_fails_later_breaks_the_answer_off() -> None:
    answer = await multipart_answer([streamed(9, fails=True)], "image/jls")
    with pytest.raises(Unavailable):
        await body_of(answer)

"""The push parser of multipart/related: any cut of the bytes, every trap of line breaks, nothing but two refusals."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import TooLarge, Unreadable
from shared.web.related import ReceivedPart, RelatedParser
from shared.web.upload import Spool
from tests.support.related import BOUNDARY, DICOM, related, related_part

CLOSING = b"--" + BOUNDARY + b"--"


def parse(
    body: bytes, *, step: int = 1 << 20, max_parts: int = 10, boundary: bytes = BOUNDARY
) -> list[tuple[str, bytes]]:
    spool = Spool(Path("/nonexistent"))  # small bodies stay in memory
    parser = RelatedParser(boundary, spool, max_parts=max_parts)
    for start in range(0, len(body), step):
        parser.feed(body[start : start + step])

    def shown(part: ReceivedPart) -> tuple[str, bytes]:
        return part.media_type, spool.read_at(part.offset, part.length)

    return [shown(part) for part in parser.finish()]


TRICKY = [
    b"",
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b"-",
    b"--",
    b"\r\n--",
    b"\r\n--gongzhen",
    b"\r\n--" + BOUNDARY + b"x",
    b"\r\n--" + BOUNDARY + b"-x\r\n",
    b"a\r\n--gongzhen relate\r\nb",
    b"ends with a break\r\n",
    b"\r\nbegins with a break",
    bytes(range(256)) * 3,
]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 19, 100, 1 << 20])
def test_parts_come_whole_however_the_bytes_are_cut(step: int) -> None:
    body = related(TRICKY)
    assert parse(body, step=step, max_parts=99) == [("application/dicom", data) for data in TRICKY]


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"a preamble\r\nof two lines\r\n" + related([b"x"]), [("application/dicom", b"x")]),
        (related([b"x"]) + b"an epilogue\r\n--" + BOUNDARY + b"\r\n", [("application/dicom", b"x")]),
        (b"--" + BOUNDARY + b" \t \r\n" + DICOM + b"\r\n\r\nx\r\n" + CLOSING, [("application/dicom", b"x")]),
        (b"--" + BOUNDARY + b"\r\n\r\nno headers\r\n" + CLOSING, [("", b"no headers")]),
        (b"--" + BOUNDARY + b"\r\n" + DICOM + b"\r\n\r\n" + CLOSING, [("application/dicom", b"")]),
        (
            related_part(b"x", [b"X-A: 1", b"CONTENT-TYPE:Application/DICOM;transfer-syntax=1.2", b"Content-Length: 9"])
            + CLOSING,
            [("application/dicom", b"x")],
        ),
        (related_part(b"x", [b"Content-Type:\r\n application/dicom"]) + CLOSING, [("application/dicom", b"x")]),
    ],
)
def test_what_senders_really_write_is_taken(body: bytes, parts: list[tuple[str, bytes]], step: int) -> None:
    assert parse(body, step=step) == parts


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", Unreadable),
        (b"no boundary at all", Unreadable),
        (related_part(b"x"), Unreadable),
        (related([b"x"])[:-4], Unreadable),
        (related([b"x"]).replace(b"\r\n", b"\n"), Unreadable),
        (related_part(b"eA==", [DICOM, b"Content-Transfer-Encoding: base64"]) + CLOSING, Unreadable),
        (related_part(b"x", [b"X: " + b"y" * 20_000]) + CLOSING, Unreadable),
        (b"--" + BOUNDARY + b"\r\nX: " + b"y" * 20_000, Unreadable),
        (related([b"x"] * 11), TooLarge),
    ],
)
def test_what_is_broken_or_too_much_is_refused(body: bytes, error: type[Exception], step: int) -> None:
    with pytest.raises(error):
        parse(body, step=step)


@given(
    files=st.lists(st.binary(max_size=60), min_size=1, max_size=4),
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=3)), max_size=4),
    cut=st.integers(0, 10_000),
    step=st.integers(1, 64),
)
@settings(max_examples=300, deadline=None)
def test_damaged_bodies_are_read_or_refused_and_nothing_else(
    files: list[bytes], damage: list[tuple[int, bytes]], cut: int, step: int
) -> None:
    body = bytearray(related(files))
    for place, put in damage:
        at = place % (len(body) + 1)
        body[at : at + len(put)] = put
    whole = bytes(body[: len(body) - cut % (len(body) // 4)])
    try:
        once = parse(whole)
    except (Unreadable, TooLarge):
        once = None
    try:
        cut_up = parse(whole, step=step)
    except (Unreadable, TooLarge):
        cut_up = None
    assert once == cut_up

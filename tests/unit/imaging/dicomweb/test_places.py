"""Where frames lie: the fragments of encapsulated pixel data, and runs of native bits."""

import struct
from dataclasses import replace

import pytest

from services.imaging.dicomweb.pixels.layout import Layout, layout_of
from services.imaging.dicomweb.pixels.places import aligned, extended_table, frames_of, native_place, swapped

CT = Layout(4, 4, 1, 1, 16, 12, 0, 0, "MONOCHROME2")


def file_of(*fragments: bytes, table: bytes = b"") -> tuple[bytes, list[list[int]]]:
    """Items one after another, and the place of each value, the basic offset table's first."""
    content, places = b"", []
    for value in (table, *fragments):
        content += struct.pack("<HHL", 0xFFFE, 0xE000, len(value))
        places.append([len(content), len(value)])
        content += value
    return content, places


async def frame(content: bytes, places: list[list[int]], frames: int, number: int, extended: bytes = b"") -> bytes:
    async def read(offset: int, length: int) -> bytes:
        return content[offset : offset + length]

    layout = replace(CT, frames=frames)
    frames_found = await frames_of(places, layout, extended, read)
    runs = frames_found[number - 1] if frames_found else []
    return b"".join(content[offset : offset + length] for offset, length in runs)


async def test_one_fragment_a_frame() -> None:
    content, places = file_of(b"aa", b"bb", b"cc")
    assert [await frame(content, places, 3, n) for n in (1, 2, 3)] == [b"aa", b"bb", b"cc"]


async def test_a_single_frame_is_all_fragments() -> None:
    content, places = file_of(b"aa", b"bb", b"cc")
    assert await frame(content, places, 1, 1) == b"aabbcc"


async def test_the_offset_table_tells_frames_of_several_fragments_apart() -> None:
    content, places = file_of(b"aa", b"bb", b"cc", table=struct.pack("<LL", 0, 20))
    assert [await frame(content, places, 2, n) for n in (1, 2)] == [b"aabb", b"cc"]


async def test_the_extended_table_counts_first() -> None:
    content, places = file_of(b"aa", b"bb", b"cc")
    header = {"7FE00001": {"vr": "OV", "Value": [0, 10]}}
    assert [await frame(content, places, 2, n, extended_table(header)) for n in (1, 2)] == [b"aa", b"bbcc"]


@pytest.mark.parametrize("start", [b"\xff\xd8\xff\xe0", b"\xff\x4f\xff\x51"])
async def test_without_a_table_the_first_bytes_of_a_frame_tell(start: bytes) -> None:
    content, places = file_of(start, b"more", start, b"more")
    assert await frame(content, places, 2, 2) == start + b"more"


async def test_the_frames_are_looked_for_once_and_not_for_each_of_them() -> None:
    start, asked = b"\xff\xd8\xff\xe0", 0
    content, places = file_of(*[start, b"more"] * 50)

    async def read(offset: int, length: int) -> bytes:
        nonlocal asked
        asked += 1
        return content[offset : offset + length]

    frames = await frames_of(places, replace(CT, frames=50), b"", read)
    assert (len(frames), asked) == (50, 100)


async def test_frames_that_cannot_be_told_apart_are_nothing() -> None:
    content, places = file_of(b"aa", b"bb", b"cc")
    assert await frame(content, places, 2, 1) == b""


def test_native_frames_lie_one_after_another() -> None:
    place = native_place(100, replace(CT, frames=3), 3)
    assert (place.offset, place.length, place.skip_bits) == (164, 32, 0)


def test_frames_of_single_bits_begin_within_a_byte() -> None:
    layout = Layout(3, 3, 2, 1, 1, 1, 0, 0, "MONOCHROME2")
    bits = int("101010101" + "110000011", 2)  # the second frame's bits stand above the first's
    content = bits.to_bytes(3, "little")
    place = native_place(0, layout, 2)
    raw = content[place.offset : place.offset + place.length]
    assert aligned(raw, place.skip_bits, layout.frame_bits) == int("101010101", 2).to_bytes(2, "little")


@pytest.mark.parametrize(("width", "expected"), [(1, b"abcde"), (2, b"badce"), (4, b"dcbae")])
def test_words_are_swapped_and_a_rest_is_left(width: int, expected: bytes) -> None:
    assert swapped(b"abcde", width) == expected


def test_a_header_without_rows_is_no_image() -> None:
    assert layout_of({"00280010": {"vr": "US", "Value": [4]}}, 1) is None

"""Where one frame lies in a stored file: a run of bytes of native pixel data, or its fragments (PS3.5 A.4)."""

import struct
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from services.imaging.dicomweb.pixels.layout import Layout

Run = tuple[int, int]
ReadRun = Callable[[int, int], Awaitable[bytes]]
_ITEM_HEAD_BYTES = 8
# JPEG and JPEG-LS begin with SOI, JPEG 2000 with SOC and SIZ.
_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff")


@dataclass(frozen=True, slots=True)
class NativePlace:
    """``skip_bits``: how far into its first byte the frame begins; only frames of single bits begin within one."""

    offset: int
    length: int
    skip_bits: int = 0


def native_place(pixels_offset: int, layout: Layout, number: int) -> NativePlace:
    """``number`` counts from 1."""
    first_bit = layout.frame_bits * (number - 1)
    skip = first_bit % 8
    return NativePlace(pixels_offset + first_bit // 8, (skip + layout.frame_bits + 7) // 8, skip)


async def frames_of(fragments: Sequence[Run], layout: Layout, extended: bytes, read: ReadRun) -> list[list[Run]]:
    """The fragments of each frame; ``fragments[0]`` is the basic offset table. [] when they cannot be told apart.

    ``extended``: the value of Extended Offset Table (7FE0,0001), which counts as the basic one does: from the first
    byte of the first fragment's item.
    """
    table, *rest = [(offset, length) for offset, length in fragments]
    if layout.frames == 1:
        return [rest]
    if len(rest) == layout.frames:
        return [[run] for run in rest]
    starts = _unpacked(extended, "Q") or _unpacked(await read(*table) if table[1] else b"", "L")
    if not starts:
        starts = await _starts_by_content(rest, read)
    if len(starts) != layout.frames:
        return []
    items = [run[0] - rest[0][0] for run in rest]
    cuts = [bisect_left(items, start) for start in starts] + [len(rest)]
    return [rest[low:high] for low, high in pairwise(cuts)]


async def _starts_by_content(runs: Sequence[Run], read: ReadRun) -> list[int]:
    """Writers that leave the table empty though a frame has several fragments: each frame's first has a marker."""
    first_item = runs[0][0] - _ITEM_HEAD_BYTES
    return [
        run[0] - _ITEM_HEAD_BYTES - first_item
        for run in runs
        if (await read(run[0], min(run[1], 3))).startswith(_STARTS)
    ]


def _unpacked(table: bytes, kind: str) -> list[int]:
    width = struct.calcsize(f"<{kind}")
    usable = len(table) - len(table) % width
    return [value for (value,) in struct.iter_unpack(f"<{kind}", table[:usable])]


def aligned(raw: bytes, skip_bits: int, frame_bits: int) -> bytes:
    """A frame of single bits that begins within a byte, moved to its beginning; the last byte is filled with 0."""
    whole = int.from_bytes(raw, "little") >> skip_bits & ((1 << frame_bits) - 1)
    return whole.to_bytes((frame_bits + 7) // 8, "little")


def swapped(raw: bytes, width: int) -> bytes:
    """Big endian words of ``width`` bytes as little endian ones; a last incomplete word is left as it is."""
    if width <= 1:
        return raw
    usable = len(raw) - len(raw) % width
    target = bytearray(raw)
    for place in range(width):
        target[place:usable:width] = raw[width - 1 - place : usable : width]
    return bytes(target)


def extended_table(header: dict[str, Any]) -> bytes:
    """Extended Offset Table, where it stands in the header; b"" where there is none."""
    values = (header.get("7FE00001") or {}).get("Value") or []
    return b"".join(struct.pack("<Q", value) for value in values if isinstance(value, int) and value >= 0)

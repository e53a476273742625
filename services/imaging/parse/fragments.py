"""Encapsulated pixel data (PS3.5 A.4): items up to a delimiter, walked by seeking from one to the next."""

from struct import Struct

from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.window import Window

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
SEQUENCE_END = 0xFFFEE0DD
MAX_FRAGMENTS = 1_000_000
_HEAD = {True: Struct("<HHL"), False: Struct(">HHL")}

Fragments = tuple[tuple[int, int], ...]


def walk_fragments(window: Window, start: int, end: int, little: bool) -> tuple[Fragments, int]:
    """Offset and length of each item, the basic offset table first, and the offset behind the delimiter."""
    found: list[tuple[int, int]] = []
    offset = start
    while True:
        check_within(window, offset + 8, end)
        group, element, length = _HEAD[little].unpack(window.far(offset, 8))
        tag = group << 16 | element
        offset += 8
        if tag == SEQUENCE_END:
            return tuple(found), offset
        if tag != ITEM or length == UNDEFINED:
            raise Refused(FailureCode.BAD_HEADER, "压缩像素数据的分段标识错误")
        check_within(window, offset + length, end)
        found.append((offset, length))
        if len(found) > MAX_FRAGMENTS:
            raise Refused(FailureCode.HEADER_TOO_LARGE)
        offset += length


def check_within(window: Window, behind: int, end: int) -> None:
    """Past the end of the file it was cut off; past the end of its own item it was written wrongly."""
    if behind > end:
        raise Refused(FailureCode.TRUNCATED if end == window.size_bytes else FailureCode.BAD_HEADER)

"""The elements of a whole file: the walk from the first element to the last byte, over the pixels by seeking."""

from typing import NamedTuple

from services.imaging.parse.elements import DataSet, Element, Walker
from services.imaging.parse.encoding import Encoding
from services.imaging.parse.fragments import UNDEFINED, walk_fragments
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.remark import Remark
from services.imaging.parse.window import Window

PIXEL_DATA = 0x7FE00010
# Float, Double Float, Pixel Data: an instance has at most one of them (PS3.3 C.7.6.24).
PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, PIXEL_DATA})
_FIRST_AFTER_PIXELS = 0x7FE00011
_PADDING_LOOK_BYTES = 64 * 1024


class Header(NamedTuple):
    """``pixels`` is the pixel data element, if there is one; ``data_set`` holds it too, unread."""

    data_set: DataSet
    pixels: Element | None


def recognised_encoding(window: Window, start: int, announced: Encoding, remarks: set[Remark]) -> Encoding:
    """The announced encoding, corrected where the first element plainly has a VR, or plainly has none."""
    if start + 8 > window.size_bytes:
        raise Refused(FailureCode.TRUNCATED)
    vr = window.at(start, 8)[4:6]
    implicit = not (vr.isalpha() and vr.isupper())
    if implicit == announced.implicit:
        return announced
    remarks.add(Remark.ENCODING_DIFFERS)
    return announced._replace(implicit=implicit)


def read_header(
    window: Window, start: int, encoding: Encoding, remarks: set[Remark], *, last: int | None = None
) -> Header:
    """Up to the tag ``last``, or all. Raises Refused: ``truncated`` for whatever reaches past the end, ``bad_header``
    for what is no structure."""
    walker = Walker(window)
    found: DataSet = {}
    pixels: Element | None = None
    end = window.size_bytes
    offset = start
    while offset < end:
        if end - offset < 8 and (pixels is not None or _is_padding(window, offset, end)):
            remarks.add(Remark.TRAILING_BYTES)
            break
        head = walker.head(offset, end, encoding)
        if last is not None and head.tag > last:
            break
        if head.tag == 0 and _is_padding(window, offset, end):
            remarks.add(Remark.TRAILING_BYTES)
            break
        if head.tag >> 16 == 0xFFFE and head.length == 0:
            walker.count_one()
            offset = head.value  # a stray delimiter, as some writers leave behind the last sequence
            continue
        if head.tag >> 16 in (0x0000, 0x0002, 0xFFFE):
            raise Refused(FailureCode.BAD_HEADER)
        if pixels is not None and head.tag < _FIRST_AFTER_PIXELS:
            remarks.add(Remark.TRAILING_BYTES)
            break
        if head.tag in PIXEL_TAGS and head.length == UNDEFINED:
            fragments, behind = walk_fragments(window, head.value, end, encoding.little)
            element = Element(head.tag, "OB", head.value, behind - head.value, encoding.little, None, fragments)
        else:
            element, behind = walker.element(head, end, encoding, 0)
        if head.tag in PIXEL_TAGS:
            pixels = element
        found[head.tag] = element
        offset = behind
    remarks |= walker.remarks
    return Header(found, pixels)


def _is_padding(window: Window, offset: int, end: int) -> bool:
    """NULs behind the last element, as far as one look reaches."""
    return not any(window.at(offset, min(end - offset, _PADDING_LOOK_BYTES)))

"""The elements of a DICOM data set (PS3.5 section 7), of untrusted bytes: counted, never deeper than a waveform needs.

A general library reads every element it meets, warns with the value it doubts, and inflates what is deflated without
end. Here a lying length ends in ``Broken`` and a data set of millions of empty items in the same, in half a second.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

from services.ecg.parse.limits import MAX_FILE_BYTES

MAX_ELEMENTS = 60_000
MAX_DEPTH = 8
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = 0x7FE00000
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
     b"ST", b"TM", b"UI", b"UL", b"US"}
)  # fmt: skip
IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED = (
    "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99",
)  # fmt: skip


class Broken(Exception):
    """The structure leads nowhere."""


class Element(NamedTuple):
    """``items`` is None unless the element is one of the sequences asked for."""

    value: memoryview
    items: "tuple[DataSet, ...] | None" = None


DataSet = Mapping[int, Element]


@dataclass(frozen=True, slots=True)
class Encoding:
    implicit: bool
    little: bool


@dataclass(frozen=True, slots=True)
class Body:
    """``data_set`` up to the pixels; ``little``: the byte order of its binary values."""

    data_set: DataSet
    little: bool


@dataclass(slots=True)
class _Walk:
    """``wanted``: the sequences entered; every other one is stepped over."""

    data: memoryview
    wanted: frozenset[int]
    encoding: Encoding
    left: int = MAX_ELEMENTS
    _tag: Struct = field(init=False)
    _u16: Struct = field(init=False)
    _u32: Struct = field(init=False)

    def __post_init__(self) -> None:
        order = "<" if self.encoding.little else ">"
        self._tag, self._u16, self._u32 = Struct(order + "HH"), Struct(order + "H"), Struct(order + "I")

    def header(self, at: int, end: int, implicit: bool) -> tuple[int, bytes, int, int]:
        """Tag, VR, length and where the value begins."""
        self.left -= 1
        if self.left < 0 or at + 8 > end:
            raise Broken
        group, number = self._tag.unpack_from(self.data, at)
        tag = group << 16 | number
        if implicit or group == 0xFFFE:
            return tag, b"", self._u32.unpack_from(self.data, at + 4)[0], at + 8
        vr = bytes(self.data[at + 4 : at + 6])
        if vr in _LONG_VRS:
            if at + 12 > end:
                raise Broken
            return tag, vr, self._u32.unpack_from(self.data, at + 8)[0], at + 12
        if vr not in _SHORT_VRS:
            raise Broken
        return tag, vr, self._u16.unpack_from(self.data, at + 6)[0], at + 8

    def data_set(self, at: int, end: int, implicit: bool, depth: int, closed: bool) -> tuple[dict[int, Element], int]:
        """``closed``: it ends with an item delimiter, not with ``end``. Returns it and where it ended."""
        found: dict[int, Element] = {}
        while closed or at < end:
            tag, vr, length, start = self.header(at, end, implicit)
            if closed and tag == _ITEM_END:
                return found, start
            if depth == 0 and tag >= _PIXELS:
                break
            if length == _UNDEFINED:
                if vr not in (b"", b"SQ", b"UN"):
                    raise Broken
                items, at = self.sequence(start, end, implicit or vr == b"UN", depth + 1, True)
                found[tag] = Element(self.data[start:at], items)
                continue
            at = start + length
            if at > end:
                raise Broken
            nested = None
            if tag in self.wanted:
                nested, _ = self.sequence(start, at, implicit or vr == b"UN", depth + 1, False)
            found[tag] = Element(self.data[start:at], nested)
        return found, at

    def sequence(
        self, at: int, end: int, implicit: bool, depth: int, closed: bool
    ) -> tuple[tuple[dict[int, Element], ...], int]:
        if depth > MAX_DEPTH:
            raise Broken
        items: list[dict[int, Element]] = []
        while closed or at < end:
            tag, _, length, start = self.header(at, end, True)
            if closed and tag == _SEQUENCE_END:
                return tuple(items), start
            if tag != _ITEM:
                raise Broken
            item_end = end if length == _UNDEFINED else start + length
            if item_end > end:
                raise Broken
            item, at = self.data_set(start, item_end, implicit, depth, length == _UNDEFINED)
            items.append(item)
        return tuple(items), at


def read_body(data: bytes, wanted: frozenset[int]) -> Body:
    """The data set of a PS3.10 file, or of one without preamble or file meta information. Raises Broken."""
    view = memoryview(data)
    at = 132 if data[128:132] == b"DICM" else 0
    syntax = ""
    meta = _Walk(view, frozenset(), Encoding(False, True))
    while data[at : at + 2] == b"\x02\x00":
        tag, _, length, start = meta.header(at, len(data), False)
        at = start + length
        if at > len(data):
            raise Broken
        if tag == 0x00020010:
            syntax = bytes(view[start:at]).decode("latin-1").strip("\0 ")
    view = view[at:]
    if syntax == DEFLATED:
        view = memoryview(_inflated(view))
    encoding = _encoding(syntax, bytes(view[:6]))
    found, _ = _Walk(view, wanted, encoding).data_set(0, len(view), encoding.implicit, 0, False)
    return Body(found, encoding.little)


def _encoding(syntax: str, start: bytes) -> Encoding:
    """What the file meta says, unless the first element shows otherwise: writers of implicit VR that declare explicit
    are common."""
    if syntax == EXPLICIT_BIG:
        return Encoding(False, False)
    return Encoding(implicit=start[4:6] not in _LONG_VRS | _SHORT_VRS, little=True)


def _inflated(view: memoryview) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = inflater.decompress(view, MAX_FILE_BYTES)
    except zlib.error as error:
        raise Broken from error
    if inflater.unconsumed_tail:
        raise Broken
    return plain

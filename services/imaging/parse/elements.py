"""The structure of a data set (PS3.5 section 7): where each element's value lies, and that all of it is there.

Values are not read here. Sequences are followed to a fixed depth and a fixed number of elements, so that no file can
make the reader recurse or grow without bound. Where writers are known to stray, the reading is pydicom's: an element
without a VR among explicit ones is implicit (pydicom issues 1035, 1067), UN of unknown length is a sequence in
implicit VR (PS3.5 6.2.2), an unknown VR has a 16-bit length.
"""

from struct import Struct
from typing import NamedTuple

from services.imaging.parse.encoding import LONG_VRS, SHORT_VRS, Encoding, dictionary_vr
from services.imaging.parse.fragments import ITEM, SEQUENCE_END, UNDEFINED, check_within, walk_fragments
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.remark import Remark
from services.imaging.parse.window import Window

ITEM_END = 0xFFFEE00D
MAX_DEPTH = 32
MAX_ELEMENTS = 500_000

_HEAD = {True: Struct("<HHL"), False: Struct(">HHL")}
_SHORT = {True: Struct("<H"), False: Struct(">H")}
_LONG = {True: Struct("<L"), False: Struct(">L")}


class Element(NamedTuple):
    """``offset`` and ``length`` of the value in bytes; of unknown length: up to and with the delimiter."""

    tag: int
    vr: str
    offset: int
    length: int
    little: bool
    items: tuple["DataSet", ...] | None = None
    fragments: tuple[tuple[int, int], ...] | None = None


DataSet = dict[int, Element]


class Head(NamedTuple):
    tag: int
    vr: str
    value: int
    length: int


class Walker:
    """Walks one file. ``remarks`` gathers what it had to forgive."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._count = 0
        self.remarks: set[Remark] = set()

    def count_one(self) -> None:
        """Of whatever is walked over: two gigabytes of empty things would be walked for twenty minutes."""
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise Refused(FailureCode.HEADER_TOO_LARGE)

    def head(self, offset: int, end: int, encoding: Encoding) -> Head:
        """Tag, VR, length; ``end`` is that of the surrounding item or file."""
        self._within(offset + 8, end)
        raw = self._window.at(offset, 8)
        group, element, length = _HEAD[encoding.little].unpack(raw)
        tag = group << 16 | element
        if encoding.implicit or group == 0xFFFE:
            return Head(tag, dictionary_vr(tag), offset + 8, length)
        vr = raw[4:6]
        if vr in SHORT_VRS:
            return Head(tag, vr.decode(), offset + 8, _SHORT[encoding.little].unpack_from(raw, 6)[0])
        if vr in LONG_VRS:
            self._within(offset + 12, end)
            (length,) = _LONG[encoding.little].unpack(self._window.at(offset + 8, 4))
            return Head(tag, self._named(tag, vr.decode()), offset + 12, length)
        if b"AA" <= vr <= b"ZZ":
            return Head(tag, "UN", offset + 8, _SHORT[encoding.little].unpack_from(raw, 6)[0])
        if tag:  # eight NULs are padding, which is for the caller to judge
            self.remarks.add(Remark.ENCODING_DIFFERS)
        return Head(tag, dictionary_vr(tag), offset + 8, length)

    def element(self, head: Head, end: int, encoding: Encoding, depth: int) -> tuple[Element, int]:
        """The element and the offset behind it."""
        self.count_one()
        if head.length == UNDEFINED:
            return self._undefined(head, end, encoding, depth)
        behind = head.value + head.length
        self._within(behind, end)
        if head.vr != "SQ":
            return Element(head.tag, head.vr, head.value, head.length, encoding.little), behind
        items: list[DataSet] = []
        try:
            self._items(items, head.value, behind, encoding, depth + 1)
        except Refused as fault:
            if fault.code is FailureCode.HEADER_TOO_LARGE:
                raise
            # Its end is known, so nothing else is lost; the items before the fault are kept.
            self.remarks.add(Remark.SEQUENCE_UNREADABLE)
        return Element(head.tag, "SQ", head.value, head.length, encoding.little, tuple(items)), behind

    def _undefined(self, head: Head, end: int, encoding: Encoding, depth: int) -> tuple[Element, int]:
        if head.vr == "SQ" or (head.vr == "UN" and self._starts_item(head.value, end, encoding)):
            items: list[DataSet] = []
            behind = self._items(items, head.value, end, encoding, depth + 1, delimited=True)
            length = behind - head.value
            return Element(head.tag, "SQ", head.value, length, encoding.little, tuple(items)), behind
        fragments, behind = walk_fragments(self._window, head.value, end, encoding.little)
        element = Element(head.tag, head.vr, head.value, behind - head.value, encoding.little, None, fragments)
        return element, behind

    def _items(
        self,
        items: list[DataSet],
        start: int,
        end: int,
        encoding: Encoding,
        depth: int,
        *,
        delimited: bool = False,
    ) -> int:
        """Fills ``items``; answers the offset behind the sequence."""
        if depth > MAX_DEPTH:
            raise Refused(FailureCode.BAD_HEADER, "序列嵌套过深")
        offset = start
        while delimited or offset < end:
            self._within(offset + 8, end)
            group, element, length = _HEAD[encoding.little].unpack(self._window.at(offset, 8))
            tag = group << 16 | element
            offset += 8
            if tag == SEQUENCE_END:
                return offset
            if tag != ITEM:
                raise Refused(FailureCode.BAD_HEADER, "序列中缺少条目标识")
            if length != UNDEFINED:
                self._within(offset + length, end)
            item, offset = self._item(offset, end, length, encoding, depth)
            items.append(item)
            self.count_one()
        return offset

    def _item(self, start: int, end: int, length: int, encoding: Encoding, depth: int) -> tuple[DataSet, int]:
        stop = end if length == UNDEFINED else start + length
        encoding = self._item_encoding(start, stop, encoding)
        found: DataSet = {}
        offset = start
        while length == UNDEFINED or offset < stop:
            head = self.head(offset, stop, encoding)
            if head.tag == ITEM_END:
                return found, head.value
            if head.tag in (ITEM, SEQUENCE_END):
                raise Refused(FailureCode.BAD_HEADER, "条目缺少结束标识")
            element, offset = self.element(head, stop, encoding, depth)
            found[element.tag] = element
        return found, offset

    def _item_encoding(self, start: int, end: int, encoding: Encoding) -> Encoding:
        """Items in an explicit file may be implicit (those of a UN shall be); the other way does not occur."""
        if encoding.implicit or end - start < 8:
            return encoding
        raw = self._window.at(start, 6)
        if int.from_bytes(raw[:2], "little" if encoding.little else "big") == 0xFFFE:
            return encoding
        return encoding._replace(implicit=not raw[4:6].isalpha() or not raw[4:6].isupper())

    def _starts_item(self, offset: int, end: int, encoding: Encoding) -> bool:
        self._within(offset + 8, end)
        group, element, _ = _HEAD[encoding.little].unpack(self._window.at(offset, 8))
        return (group << 16 | element) in (ITEM, SEQUENCE_END)

    def _within(self, behind: int, end: int) -> None:
        check_within(self._window, behind, end)

    @staticmethod
    def _named(tag: int, vr: str) -> str:
        """A public element that was passed on as UN gets its name back."""
        return dictionary_vr(tag) if vr == "UN" and not (tag >> 16) & 1 else vr

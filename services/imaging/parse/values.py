"""Raw values of a data set as Python values (PS3.5 6.2). Lenient: what a VR forbids gives None, never an error."""

import re
from collections.abc import Iterator
from struct import iter_unpack

from services.imaging.parse.charset import TextDecoder
from services.imaging.parse.elements import DataSet, Element
from services.imaging.parse.person_name import PersonName, parse_person_name
from services.imaging.parse.remark import Remark
from services.imaging.parse.window import Window

CHARACTER_SET = 0x00080005
PADDING = "\0 "
# Values longer than this are bulk data: named by place and length, not held in memory.
MAX_TEXT_BYTES = 64 * 1024
# An index entry of PostgreSQL holds 2,704 bytes: a longer accession number could not be looked up.
_MAX_FIELD_CHARS = 256
_LARGEST = 2**31 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_UNSPLIT = frozenset({"LT", "ST", "UT", "UR"})
_NUMBER_FORMATS = {
    "US": "H", "SS": "h", "UL": "L", "SL": "l", "UV": "Q", "SV": "q", "FL": "f", "FD": "d",
    "AT": "HH",
}  # fmt: skip
_WIDTHS = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "UV": 8, "SV": 8, "FL": 4, "FD": 8, "AT": 4}
# Control characters that text may hold are TAB, LF, FF, CR (PS3.5 6.1.3); NUL would not go into JSONB.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


class Values:
    """Reads the values of one data set, or of one sequence item (``of``)."""

    def __init__(self, window: Window, data_set: DataSet, decoder: TextDecoder) -> None:
        self.window = window
        self.data_set = data_set
        self.decoder = decoder

    @classmethod
    def of_root(cls, window: Window, data_set: DataSet, default_charset: str | None, remarks: set[Remark]) -> "Values":
        plain = cls(window, data_set, TextDecoder((), None, set()))
        declared = plain.texts(data_set.get(CHARACTER_SET))
        return cls(window, data_set, TextDecoder(declared, default_charset, remarks))

    def of(self, item: DataSet) -> "Values":
        element = item.get(CHARACTER_SET)
        decoder = self.decoder if element is None else self.decoder.item(self.texts(element))
        return Values(self.window, item, decoder)

    def raw(self, element: Element) -> bytes:
        return self.window.at(element.offset, element.length) if element.length else b""

    def text(self, tag: int) -> str:
        """The first value, without padding; "" where there is none. No VR that is asked for allows 256 characters."""
        return next(iter(self.texts(self.data_set.get(tag))), "")[:_MAX_FIELD_CHARS]

    def texts(self, element: Element | None) -> list[str]:
        if element is None or element.length > MAX_TEXT_BYTES or element.items is not None:
            return []
        return self.split(element)

    def split(self, element: Element) -> list[str]:
        """All values; [] for an empty element. Inner control characters are dropped."""
        text = self.decoder.decode(self.raw(element).rstrip(b"\0 "))
        if "\0" in text or not text.isprintable():
            text = _CONTROLS.sub("", text)
        if not text:
            return []
        if element.vr in _UNSPLIT:
            return [text.rstrip(PADDING)]
        return [value.strip(PADDING) for value in text.split("\\")]

    def uid(self, tag: int) -> str:
        element = self.data_set.get(tag)
        if element is None or element.length > 256:
            return ""
        return self.raw(element).decode("ascii", "replace").split("\\")[0].strip("\0 \t\r\n")

    def name(self, tag: int) -> PersonName:
        return parse_person_name(self.text(tag))

    def integer(self, tag: int) -> int | None:
        """US, UL and the like in binary, IS in letters; None beyond the 32 bits of an IS (PS3.5 6.2)."""
        element = self.data_set.get(tag)
        if element is None or not 0 < element.length <= 64 or element.items is not None:
            return None
        if element.vr[:2] in _NUMBER_FORMATS:
            number = next(iter(self.numbers(element)), None)
            return number if isinstance(number, int) and abs(number) <= _LARGEST else None
        text = self.text(tag)
        number = int(text) if _INTEGER.fullmatch(text) else None
        return number if number is not None and abs(number) <= _LARGEST else None

    def numbers(self, element: Element) -> Iterator[int | float]:
        """The numbers of a binary VR. Bytes that do not fill the last one are left out."""
        vr = element.vr[:2]  # "US or SS" counts as US unless whoever asks has settled it
        order = "<" if element.little else ">"
        raw = self.raw(element)
        usable = len(raw) - len(raw) % _WIDTHS[vr]
        for value in iter_unpack(order + _NUMBER_FORMATS[vr], raw[:usable]):
            yield value[0] if vr != "AT" else value[0] << 16 | value[1]

"""Values of a DICOM data set as Python's; text by the declared character set, and by what Chinese carts write."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from struct import Struct
from zoneinfo import ZoneInfo

from services.ecg.parse.dicom_elements import DataSet

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_ESCAPE = re.compile(rb"\x1b[()$*+\-./][()*+\-./]?[A-Za-z@]")
_LATIN_WORD = re.compile(rb"[A-Za-z][\x80-\xff][A-Za-z]")  # "Müller", hardly Chinese
_WEAK = frozenset({"", "ISO_IR 6", "ISO_IR 100", "ISO 2022 IR 6", "ISO 2022 IR 100"})
_CODECS = {
    "ISO_IR 192": "utf-8", "GB18030": "gb18030", "GBK": "gb18030", "GB2312": "gb18030", "ISO 2022 IR 58": "gb18030",
    "ISO_IR 58": "gb18030", "ISO_IR 13": "shift_jis", "ISO 2022 IR 87": "iso2022_jp", "ISO 2022 IR 149": "euc_kr",
    "ISO_IR 101": "iso8859-2", "ISO_IR 144": "iso8859-5", "ISO_IR 126": "iso8859-7", "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "tis-620",
}  # fmt: skip
_DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6}))?)?)?)?([+-]\d{4})?")
_ZONE = re.compile(r"[+-](?:0\d|1[0-4])[0-5]\d")


class Values:
    """``charset_assumed`` is True as soon as a text was not in what the file declares."""

    def __init__(self, root: DataSet, little: bool) -> None:
        self.root, self._order = root, "<" if little else ">"
        self.charset_assumed = False
        raw = root.get(0x00080005)
        self._terms = [term.strip() for term in _latin(raw.value if raw else b"").split("\\")]

    def text(self, tag: int, item: DataSet | None = None) -> str:
        element = (self.root if item is None else item).get(tag)
        if element is None or element.items is not None:
            return ""
        plain = self._decoded(bytes(element.value)).replace("\0", "")
        return "".join(c for c in plain if c.isprintable() or c == "\n").strip()

    def texts(self, tag: int, item: DataSet | None = None) -> list[str]:
        return [part.strip() for part in self.text(tag, item).split("\\")]

    def name(self, tag: int) -> str:
        """The ideographic group of a person name where there is one, else the alphabetic (PS3.5 6.2.1)."""
        groups = self.text(tag).split("=")
        if len(groups) > 1 and groups[1].strip("^ "):
            return "".join(groups[1].split("^")).strip()
        return " ".join(groups[0].replace("^", " ").split())

    def number(self, tag: int, item: DataSet | None = None) -> float | None:
        """A decimal or integer string, finite; the first of several."""
        try:
            value = float(self.texts(tag, item)[0])
        except ValueError:
            return None
        return value if abs(value) < 1e15 else None

    def integers(self, tag: int, item: DataSet, size: int = 2) -> tuple[int, ...]:
        """US (``size`` 2) or UL (4)."""
        element = item.get(tag)
        if element is None or element.items is not None:
            return ()
        one = Struct(self._order + ("H" if size == 2 else "I"))
        return tuple(value for (value,) in one.iter_unpack(element.value[: len(element.value) // size * size]))

    def integer(self, tag: int, item: DataSet, size: int = 2) -> int:
        return next(iter(self.integers(tag, item, size)), 0)

    def day(self, tag: int) -> date | None:
        moment = _parsed(self.text(tag)[:8], UTC)
        return moment.date() if moment else None

    def recorded_at(self) -> datetime | None:
        """Acquisition DateTime, else date and time of acquisition, content or study. Local time without an offset
        is that of (0008,0201), and Asia/Shanghai where even that is missing."""
        declared = self.text(0x00080201)
        zone = _offset(declared) if _ZONE.fullmatch(declared) else _SHANGHAI
        candidates = [self.text(0x0008002A)]
        for day, time in ((0x00080022, 0x00080032), (0x00080023, 0x00080033), (0x00080020, 0x00080030)):
            candidates.append(self.text(day) + self.text(time) if self.text(time) else "")
        for text in candidates:
            moment = _parsed(text, zone) if len(text) >= 12 else None
            if moment:
                return moment
        return None

    def _decoded(self, raw: bytes) -> str:
        if raw.isascii() and b"\x1b" not in raw:
            return raw.decode("ascii")
        codecs = [_CODECS[term] for term in self._terms if term in _CODECS]
        plain = raw if "iso2022_jp" in codecs else _ESCAPE.sub(b"", raw)
        if plain != raw and not codecs:
            codecs = ["gb18030"]  # the escape was written and its term forgotten
        for codec in codecs:
            text = _strict(plain, codec)
            if text is not None:
                return text
        latin_declared = any(term for term in self._terms if term in _WEAK)
        utf8, gb = _strict(plain, "utf-8"), _strict(plain, "gb18030")
        if latin_declared and (_LATIN_WORD.search(plain) or gb is None) and (utf8 is None or not _is_cjk(utf8)):
            return plain.decode("latin-1")
        self.charset_assumed = True
        if utf8 is not None:
            return utf8
        return gb if gb is not None else plain.decode("gb18030", "replace")


def _is_cjk(text: str) -> bool:
    return any(c >= "\u2e80" for c in text)


def _latin(raw: memoryview | bytes) -> str:
    return bytes(raw).decode("latin-1").strip("\0 ")


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _offset(text: str) -> timezone:
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5])))


def _parsed(text: str, zone: timezone | ZoneInfo) -> datetime | None:
    match = _DATE_TIME.fullmatch(text.replace(":", "").replace(" ", ""))
    if not match:
        return None
    *numbers, fraction, offset = match.groups()
    if offset:
        if not _ZONE.fullmatch(offset):
            return None
        zone = _offset(offset)
    year, month, day, hour, minute, second = (int(n or 0) for n in numbers)
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), int((fraction or "0").ljust(6, "0")), zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

"""What XML carts write as text: numbers, times, ages, names, samples."""

import base64
import binascii
import math
import re
from datetime import MAXYEAR, UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Literal

import numpy as np

from services.ecg.parse.limits import MAX_SAMPLES
from services.ecg.parse.recording import Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused
from shared.clock import SHANGHAI

_FIRST_YEAR = 1970
_PIECE = 1 << 20
_LONGEST_NUMBER = 40
_STOP = {" ": re.compile(r"\s"), ",": re.compile(",")}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DAYS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%m-%d-%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",  # only where the month-first reading is impossible
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%b-%Y",
)
_CLOCKS = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S")
_HL7_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_AGE_UNITS = {
    "y": "Y", "a": "Y", "yr": "Y", "year": "Y", "years": "Y", "岁": "Y",
    "mo": "M", "month": "M", "months": "M", "月": "M",
    "wk": "W", "week": "W", "weeks": "W", "周": "W", "d": "D", "day": "D", "days": "D", "天": "D",
}  # fmt: skip
_SEXES: dict[str, Literal["M", "F", "O"]] = {
    "m": "M", "male": "M", "男": "M", "f": "F", "female": "F", "女": "F", "o": "O", "other": "O",
}  # fmt: skip
MICROVOLTS_PER = {
    "nv": 1e-3, "nanovolts": 1e-3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "microvolt": 1.0, "microvolts": 1.0,
    "mv": 1e3, "millivolt": 1e3, "millivolts": 1e3, "v": 1e6, "volt": 1e6, "volts": 1e6,
}  # fmt: skip


def number(text: str) -> float | None:
    """A finite number with a point or a comma; None for anything else (``---``, ``Failed``, ``NaN``)."""
    text = text.strip()
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    return value if math.isfinite(value) else None


def measured(text: str) -> float | None:
    """A measurement of the cart; None too for the 16-bit ends that some write for "not measured"."""
    value = number(text)
    return value if value is not None and abs(value) < 29_000 else None


def whole(text: str) -> int | None:
    value = number(text)
    return int(value) if value is not None and value.is_integer() else None


def age(value: str, unit: str) -> str | None:
    """``65Y``, ``8M``, ``3W``, ``12D``; None where value or unit is missing or unknown. Under a day is ``0D``."""
    count, letter = number(value), _AGE_UNITS.get(unit.strip().lower())
    if count is not None and unit.strip().lower() in {"h", "hour", "hours"}:
        count, letter = count // 24, "D"
    return f"{int(count)}{letter}" if letter and count is not None and 0 <= count <= 9999 else None


def sex(text: str) -> Literal["M", "F", "O", ""]:
    return _SEXES.get(text.strip().lower(), "")


def person_name(family: str, *given: str) -> str:
    """Chinese names are written without a space between them."""
    parts = [part for part in (family, *given) if part]
    return ("" if all(_is_chinese(part) for part in parts) else " ").join(parts)


def day(text: str) -> date | None:
    for layout in _DAYS:
        try:
            return datetime.strptime(text.strip(), layout).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None


def local_time(on: str, at: str) -> datetime | None:
    """A cart's date and time of day, taken as Asia/Shanghai; aware UTC. None where either is missing or unreadable."""
    the_day = day(on)
    if the_day is None:
        return None
    for layout in _CLOCKS:
        try:
            clock = datetime.strptime(at.strip(), layout).time()  # noqa: DTZ007  the zone follows
        except ValueError:
            continue
        return _utc(datetime.combine(the_day, clock, SHANGHAI))
    return None


def hl7_time(text: str) -> datetime | None:
    """HL7 TS ``YYYYMMDDHHMM[SS[.ffff]][+ZZZZ]``; aware UTC, without a zone taken as Asia/Shanghai.

    None where it says no hour: a day alone is no time of recording.
    """
    match = _HL7_TIME.fullmatch(text.strip())
    if not match or match[4] is None:
        return None
    year, month, the_day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    microsecond = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        return _utc(datetime(year, month, the_day, hour, minute, second, microsecond, _zone(match[8])))
    except ValueError:
        return None


def numbers(text: str, separator: Literal[" ", ","] = " ") -> Microvolts:
    """The numbers of a text, read in pieces: a list of all of them as strings would take gigabytes.

    Raises Refused(samples_invalid) for what is no finite number, and for an empty place between two commas, which
    would shift all that follows; too_large.
    """
    text = text.strip().removesuffix(",")
    pieces: list[Microvolts] = []
    count = start = 0
    while start < len(text):
        stop = _STOP[separator].search(text, min(start + _PIECE, len(text)))
        end = stop.start() if stop else len(text)
        words = text[start:end].split(None if separator == " " else separator)
        count += len(words)
        if count > MAX_SAMPLES:
            raise Refused(RefusalCode.too_large, "采样点过多，不是一份静息心电图。")
        pieces.append(_floats(words))
        start = end + 1
    return np.concatenate(pieces) if pieces else np.empty(0)


def base64_bytes(text: str) -> bytes:
    """Raises Refused(samples_invalid)."""
    try:
        return base64.b64decode(text.encode("ascii").translate(None, b" \t\r\n"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise invalid_samples("Base64 已损坏") from error


def invalid_samples(reason: str) -> Refused:
    return Refused(RefusalCode.samples_invalid, f"波形数据无效（{reason}），请从心电图机重新导出。")


def _floats(words: list[str]) -> Microvolts:
    if any(len(word) > _LONGEST_NUMBER or "_" in word for word in words):
        raise invalid_samples("采样值不是数字")
    try:
        values = np.fromiter(map(float, words), np.float64, len(words))
    except ValueError as error:
        raise invalid_samples("采样值不是数字") from error
    if not np.isfinite(values).all():
        raise invalid_samples("采样值不是有限的数字")
    return values


def _zone(text: str | None) -> tzinfo:
    if text is None:
        return SHANGHAI
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _utc(moment: datetime) -> datetime | None:
    """None before the first digital cart: converters write 1900 for "unknown"."""
    return moment.astimezone(UTC) if _FIRST_YEAR <= moment.year < MAXYEAR else None


def _is_chinese(text: str) -> bool:
    return all("\u3400" <= letter <= "\u9fff" for letter in text)

"""Section 1: patient, cart, filters and the moment of recording."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Literal

from services.ecg.parse.recording import Device, Filters, PatientFacts
from services.ecg.parse.scp.text import Texts
from shared.clock import SHANGHAI

END = 255
_AGE_UNITS = {1: "Y", 2: "M", 3: "W", 4: "D"}
_SEX: Mapping[int, Literal["M", "F", ""]] = {1: "M", 2: "F"}
_MANUFACTURERS = (
    "", "Burdick", "Cambridge", "Compumed", "Datamed", "Fukuda", "Hewlett-Packard", "Marquette", "Mortara",
    "Nihon Kohden", "Okin", "Quinton", "Siemens", "Spacelabs", "Telemed", "Hellige", "ESA-OTE", "Schiller",
    "Picker-Schwarzer", "et medical devices", "ZWÖNITZ",
)  # fmt: skip
_DEVICE_FIXED = 36  # bytes of tag 14 before its texts
_LANGUAGE_AT = 16
_ZONE_UNSET = 0x7FFF


@dataclass(frozen=True, slots=True)
class Header:
    patient: PatientFacts
    device: Device
    filters: Filters
    recorded_at: datetime | None
    comments: tuple[str, ...]


def read_header(body: bytes) -> tuple[Header, Texts]:
    """What the tags say, as far as they can be followed, and the decoder for the texts of the other sections."""
    tags = _tags(body)
    device_tag = _first(tags, 14)
    texts = Texts(device_tag[_LANGUAGE_AT] if len(device_tag) > _LANGUAGE_AT else None)
    family, given, second = (texts.decode(_first(tags, number)) for number in (0, 1, 3))
    patient = PatientFacts(
        id=texts.decode(_first(tags, 2)),
        name=_full_name(family, second, given),
        sex=_SEX.get(int.from_bytes(_first(tags, 8)[:1]), ""),
        birth_date=_date(_first(tags, 5)),
        age=_age(_first(tags, 4)),
    )
    comments = [texts.decode(value) for number, values in tags.items() if number in (30, 35) for value in values]
    header = Header(
        patient,
        _device(device_tag, texts),
        _filters(tags, device_tag),
        _moment(tags),
        tuple(filter(None, comments)),
    )
    return header, texts


def _tags(body: bytes) -> dict[int, list[bytes]]:
    """Values by tag number. A length that leads out of the section ends the walk: names are lost, no curve is."""
    tags: dict[int, list[bytes]] = {}
    at = 0
    while at + 3 <= len(body):
        number, length = struct.unpack_from("<BH", body, at)
        at += 3
        if number == END or at + length > len(body):
            break
        tags.setdefault(number, []).append(body[at : at + length])
        at += length
    return tags


def _first(tags: Mapping[int, list[bytes]], number: int) -> bytes:
    return tags[number][0] if number in tags else b""


def _full_name(family: str, second: str, given: str) -> str:
    """Chinese names are written without a gap; others as given names and family names follow in the file."""
    parts = [part for part in (family, second, given) if part]
    return ("" if any(ord(character) > 0x2E7F for part in parts for character in part) else " ").join(parts)


def _number(value: bytes) -> int | None:
    return struct.unpack_from("<H", value)[0] if len(value) >= 2 else None


def _age(value: bytes) -> str | None:
    count = _number(value)
    if not count or len(value) < 3:
        return None
    if value[2] == 5:  # hours
        return f"{count // 24}D"
    unit = _AGE_UNITS.get(value[2])
    return f"{count}{unit}" if unit else None


def _date(value: bytes) -> date | None:
    if len(value) < 4:
        return None
    year, month, day = struct.unpack_from("<HBB", value)
    try:
        return date(year, month, day)
    except ValueError:  # 0-0-0 is how the standard says "not known"
        return None


def _moment(tags: Mapping[int, list[bytes]]) -> datetime | None:
    """Date and time of day, in the offset of tag 34, else the cart's local time.

    An offset of zero is read as one never set: no cart of a county keeps Greenwich time, and eight hours of error
    would put the recording into the future.
    """
    day, clock = _date(_first(tags, 25)), _first(tags, 26)
    if day is None or len(clock) < 3 or clock[0] > 23 or clock[1] > 59 or clock[2] > 59:
        return None
    zone: tzinfo = SHANGHAI
    stored = _first(tags, 34)
    if len(stored) >= 2:
        minutes = struct.unpack_from("<h", stored)[0]
        if minutes and minutes != _ZONE_UNSET and abs(minutes) <= 14 * 60:
            zone = timezone(timedelta(minutes=minutes))
    return datetime(day.year, day.month, day.day, clock[0], clock[1], clock[2], tzinfo=zone)


def _device(value: bytes, texts: Texts) -> Device:
    if len(value) < _DEVICE_FIXED:
        return Device()
    written = [texts.decode(part) for part in value[_DEVICE_FIXED:].split(b"\0", 5)] + [""] * 5
    known = _MANUFACTURERS[value[7]] if value[7] < len(_MANUFACTURERS) else ""
    return Device(
        manufacturer=written[4] or known,
        model=texts.decode(value[8:14]),
        serial=written[1],
        software=written[2] or written[0],
    )


def _filters(tags: Mapping[int, list[bytes]], device_tag: bytes) -> Filters:
    low, high = _number(_first(tags, 27)), _number(_first(tags, 28))
    notches = int.from_bytes(_first(tags, 29)[:1])
    return Filters(
        low_cut_hz=low / 100 if low else None,
        high_cut_hz=float(high) if high else None,
        notch_hz=60.0 if notches & 1 else 50.0 if notches & 2 else None,
    )

"""The header of EDF and EDF+ (Kemp 1992, Kemp and Olivan 2003): 256 bytes, and 256 more for each signal."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from services.ecg.parse.refusal import RefusalCode, Refused

MAX_SIGNALS = 256
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?")
_START = re.compile(rb"\d\d[.:\-/]\d\d[.:\-/]\d\d")
_DAY = re.compile(r"(\d{1,2})-([A-Z]{3})-(\d{4})")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)


@dataclass(frozen=True, slots=True)
class Signal:
    """``per_record``: samples in one data record. Physical and digital ranges as the header has them."""

    label: str
    unit: str
    physical_min: float
    physical_max: float
    digital_min: int
    digital_max: int
    prefilter: str
    per_record: int

    @property
    def is_annotations(self) -> bool:
        return self.label.startswith("EDF Annotations")


@dataclass(frozen=True, slots=True)
class Header:
    """``record_count`` is -1 where the recorder did not write it. ``patient`` and ``recording`` are the subfields of
    EDF+, or one free text of EDF."""

    patient: tuple[str, ...]
    recording: tuple[str, ...]
    started_at: datetime | None
    size_bytes: int
    is_plus: bool
    is_discontinuous: bool
    record_count: int
    record_s: float
    signals: tuple[Signal, ...]

    @property
    def record_samples(self) -> int:
        return sum(signal.per_record for signal in self.signals)


def is_edf(data: bytes) -> bool:
    return data[:8] == b"0       " and _START.fullmatch(data[168:176]) is not None


def read_header(data: bytes) -> Header:
    """Raises Refused; looks at the header's bytes alone."""
    if len(data) < 256:
        raise broken()
    count, size = _whole(data[252:256]), _whole(data[184:192])
    if count == 0:
        raise Refused(RefusalCode.no_waveform, "EDF 文件没有信号，请重新导出。")
    if not 0 < count <= MAX_SIGNALS or size != 256 * (count + 1) or len(data) < size:
        raise broken()
    reserved = data[192:236].decode("latin-1")
    patient, recording = _text(data[8:88]), _text(data[88:168])
    is_plus = reserved.startswith("EDF+")
    recording_parts = tuple(recording.split()) if is_plus else (recording,)
    return Header(
        patient=tuple(patient.split()) if is_plus else (patient,),
        recording=recording_parts,
        started_at=_started(data[168:176], data[176:184], recording_parts),
        size_bytes=size,
        is_plus=is_plus,
        is_discontinuous=reserved.startswith("EDF+D"),
        record_count=_whole(data[236:244]),
        record_s=_number(data[244:252]),
        signals=_signals(data[256:size], count),
    )


def day_of(text: str) -> date | None:
    """``02-MAY-1951`` of EDF+."""
    match = _DAY.fullmatch(text.upper())
    if not match or match[2] not in _MONTHS:
        return None
    return _date(int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]))


def broken() -> Refused:
    return Refused(RefusalCode.format_broken, "EDF 文件结构损坏，请重新导出。")


def _signals(data: bytes, count: int) -> tuple[Signal, ...]:
    columns: list[list[bytes]] = []
    at = 0
    for width in _WIDTHS:
        columns.append([data[at + i * width : at + (i + 1) * width] for i in range(count)])
        at += width * count
    labels, _, units, low, high, digital_low, digital_high, prefilters, per_record, _ = columns
    signals = tuple(
        Signal(
            label=_text(labels[i]),
            unit=_text(units[i]),
            physical_min=_number(low[i]),
            physical_max=_number(high[i]),
            digital_min=_whole(digital_low[i]),
            digital_max=_whole(digital_high[i]),
            prefilter=_text(prefilters[i]),
            per_record=_whole(per_record[i]),
        )
        for i in range(count)
    )
    if any(signal.per_record < 0 for signal in signals):
        raise broken()
    return signals


def _started(day: bytes, clock: bytes, recording: tuple[str, ...]) -> datetime | None:
    """Local time of the recorder. Two-digit years run from 1985; EDF+ has the whole date in the recording field."""
    whole = day_of(recording[1]) if len(recording) > 1 and recording[0] == "Startdate" else None
    if _START.fullmatch(day) is None or _START.fullmatch(clock) is None:
        return None
    d, month, year = (int(day[i : i + 2]) for i in (0, 3, 6))
    on = whole or _date(year + (1900 if year >= 85 else 2000), month, d)
    hour, minute, second = (int(clock[i : i + 2]) for i in (0, 3, 6))
    if on is None or hour > 23 or minute > 59 or second > 59 or on.year < 1985:
        return None
    return datetime.combine(on, time(hour, minute, second), _SHANGHAI).astimezone(UTC)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _text(raw: bytes) -> str:
    """ASCII by the standard; Chinese recorders write UTF-8 or GB18030 all the same."""
    for codec in ("utf-8", "gb18030"):
        try:
            return _clean(raw.decode(codec))
        except UnicodeDecodeError:
            continue
    return _clean(raw.decode("latin-1"))


def _clean(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()


def _number(raw: bytes) -> float:
    text = raw.decode("latin-1").strip(" \0").replace(",", ".")
    if not _NUMBER.fullmatch(text):
        raise broken()
    return float(text)


def _whole(raw: bytes) -> int:
    number = _number(raw)
    if number != int(number):
        raise broken()
    return int(number)

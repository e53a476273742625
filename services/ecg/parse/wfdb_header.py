"""The header of a WFDB record (header(5) of the WFDB manual): record line, signal lines, comments."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from services.ecg.parse.limits import MAX_DURATION_S, MAX_RATE_HZ, MAX_SAMPLES, MIN_RATE_HZ
from services.ecg.parse.refusal import RefusalCode, Refused

MAX_HEADER_BYTES = 256 << 10
MAX_SIGNALS = 64
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RECORD = re.compile(
    r"(?P<name>[\w.\-]+)(?P<segments>/\d+)?[ \t]+(?P<signals>\d{1,4})"
    rf"(?:[ \t]+(?P<rate>{_NUMBER})(?:/{_NUMBER}(?:\({_NUMBER}\))?)?"
    r"(?:[ \t]+(?P<samples>\d{1,12})"
    r"(?:[ \t]+(?P<time>[\d:.]+)(?:[ \t]+(?P<date>\d{1,2}/\d{1,2}/\d{4}))?)?)?)?\s*"
)
_FORMAT = re.compile(r"(?P<format>\d{1,4})(?:x(?P<frame>\d{1,4}))?(?::(?P<skew>\d{1,6}))?(?:\+(?P<offset>\d{1,9}))?")
_GAIN = re.compile(rf"(?P<gain>{_NUMBER})(?:\((?P<baseline>[+-]?\d{{1,10}})\))?(?:/(?P<units>\S+))?")
_INTEGER = re.compile(r"[+-]?\d{1,10}")
_COMMENT = re.compile(r"#\s*<?\s*(age|sex|gender|dx)\s*>?\s*[:：]\s*(.*)", re.IGNORECASE)
_MICROVOLTS = {"mv": 1e3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "v": 1e6, "nv": 1e-3}
_GAINS = (1e-6, 1e12)
_DEFAULT_GAIN, _DEFAULT_RATE_HZ = 200.0, 250.0
_SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Signal:
    """``gain``: stored steps per µV; ``gain_given`` is False where the header leaves it to the default."""

    file_name: str
    format: int
    per_frame: int
    skew: int
    byte_offset: int
    gain: float
    gain_given: bool
    baseline: int
    is_voltage: bool
    first: int | None
    checksum: int | None
    description: str


@dataclass(frozen=True, slots=True)
class Header:
    """``sample_count`` is 0 where the header leaves it to the length of the file."""

    name: str
    rate_hz: float
    sample_count: int
    recorded_at: datetime | None
    signals: tuple[Signal, ...]
    age: str
    sex: str
    diagnoses: str


def is_header(data: bytes) -> bool:
    """The first line that is no comment reads as a record line followed by a signal line."""
    lines = _lines(data[:8192])
    matched = _RECORD.fullmatch(lines[0]) if lines else None
    if matched is None or b"\0" in data[:8192]:
        return False
    if matched["segments"] or len(lines) == 1:
        return bool(matched["segments"])
    fields = lines[1].split()
    return len(fields) > 1 and _FORMAT.fullmatch(fields[1]) is not None


def read_header(data: bytes) -> Header:
    """Raises Refused."""
    lines = _lines(data[:MAX_HEADER_BYTES])
    record = _RECORD.fullmatch(lines[0]) if lines else None
    if record is None:
        raise _broken()
    if record["segments"]:
        raise Refused(RefusalCode.format_unsupported, "WFDB 多段记录不支持，请导出单段的静息心电图。")
    count = int(record["signals"])
    if not count:
        raise Refused(RefusalCode.no_waveform, "WFDB 记录没有信号，请重新导出。")
    if count > MAX_SIGNALS or len(lines) <= count:
        raise _broken()
    rate = float(record["rate"] or _DEFAULT_RATE_HZ)
    samples = int(record["samples"] or 0)
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise Refused(RefusalCode.samples_invalid, "WFDB 记录的采样率不合理，请核对后重新导出。")
    if samples / rate > MAX_DURATION_S:
        raise Refused(RefusalCode.too_long, "记录超过 10 分钟，属于动态心电，请截取静息心电图后上传。")
    if samples * count > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "WFDB 记录的样点过多，请截取静息心电图后上传。")
    comments = _comments(data[:MAX_HEADER_BYTES])
    return Header(
        name=record["name"],
        rate_hz=rate,
        sample_count=samples,
        recorded_at=_moment(record["date"], record["time"]),
        signals=tuple(_signal(line) for line in lines[1 : count + 1]),
        age=comments.get("age", ""),
        sex=comments.get("sex", comments.get("gender", "")),
        diagnoses=comments.get("dx", ""),
    )


def _signal(line: str) -> Signal:
    fields = line.split(None, 8)
    kind = _FORMAT.fullmatch(fields[1]) if len(fields) > 1 else None
    gain = _GAIN.fullmatch(fields[2]) if len(fields) > 2 else None
    if kind is None or (len(fields) > 2 and gain is None):
        raise _broken()
    numbers = [_integer(text) for text in fields[3:8]] + [None] * 5
    zero = numbers[1] or 0
    given = float(gain["gain"]) if gain else 0.0
    if given and not _GAINS[0] <= abs(given) <= _GAINS[1]:
        raise Refused(RefusalCode.samples_invalid, "WFDB 信号的增益不合理，无法测量，请重新导出。")
    scale = _MICROVOLTS.get(((gain["units"] if gain else None) or "mV").lower())
    return Signal(
        file_name=fields[0].replace("\\", "/").rpartition("/")[2],
        format=int(kind["format"]),
        per_frame=int(kind["frame"] or 1),
        skew=int(kind["skew"] or 0),
        byte_offset=int(kind["offset"] or 0),
        gain=(given or _DEFAULT_GAIN) / (scale or 1e3),
        gain_given=given != 0,
        baseline=int(gain["baseline"]) if gain and gain["baseline"] else zero,
        is_voltage=scale is not None,
        first=numbers[2],
        checksum=numbers[3],
        description=fields[8].strip() if len(fields) > 8 else "",
    )


def _integer(text: str) -> int | None:
    if not _INTEGER.fullmatch(text):
        raise _broken()
    return int(text)


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _comments(data: bytes) -> dict[str, str]:
    found = (_COMMENT.fullmatch(line.strip()) for line in data.decode("utf-8", "replace").splitlines())
    return {match[1].lower(): match[2].strip() for match in found if match}


def _moment(day: str | None, clock: str | None) -> datetime | None:
    """Base time and date are local, of the cart."""
    if not day or not clock:
        return None
    try:
        d, month, year = (int(part) for part in day.split("/"))
        seconds = 0.0
        for part in clock.split(":"):
            seconds = seconds * 60 + float(part)
        whole = int(seconds)
        at = time(whole // 3600, whole // 60 % 60, whole % 60, int(seconds % 1 * 1e6))
        return datetime.combine(date(year, month, d), at, _SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _broken() -> Refused:
    return Refused(RefusalCode.format_broken, "WFDB 头文件（.hea）无法读懂，请重新导出。")

"""Sections 3 to 6: leads, reference beat and rhythm, put together to samples in microvolts."""

import math
import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse import limits
from services.ecg.parse.recording import Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.scp.huffman import Integers, Table, decode, read_tables
from services.ecg.parse.scp.sections import DAMAGED, Sections

# EN 1064 table of section 3; what is not here has no place on a resting ECG and is named by its number.
LEAD_NAMES = {
    1: "I", 2: "II", 3: "V1", 4: "V2", 5: "V3", 6: "V4", 7: "V5", 8: "V6", 9: "V7", 10: "V2R", 11: "V3R", 12: "V4R",
    13: "V5R", 14: "V6R", 15: "V7R", 16: "X", 17: "Y", 18: "Z", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF",
    66: "V8", 67: "V9", 68: "V8R", 69: "V9R",
}  # fmt: skip
MINUS_AVR = 65
SUBTRACTED = 0x01  # flag of section 3: reference beats were taken out of the rhythm
VERSION_WITHOUT_BIMODAL = 30  # from 3.0 on the byte is reserved
SUBTRACTED_BEAT = 0
MAX_SAMPLES = 2_000_000  # a lead has 64 KB at most, and is decoded within the second
_LEAD = struct.Struct("<IIB")
_BEAT = struct.Struct("<HIII")


@dataclass(frozen=True, slots=True)
class Lead:
    """``first`` and ``last``: sample numbers of the record, both included."""

    code: int
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Coded:
    """What section 5 or 6 holds of every lead, in steps of ``nanovolts``."""

    nanovolts: int
    interval_us: int
    leads: list[Integers] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Beat:
    """Where a reference beat was subtracted: sample numbers of the record."""

    first: int
    fiducial: int
    last: int


@dataclass(frozen=True, slots=True)
class Signals:
    names: tuple[str, ...]
    microvolts: Microvolts = field(repr=False)
    sampling_rate_hz: float
    resolution_uv: float


def read_signals(sections: Sections) -> Signals:
    """The rhythm (section 6) as it was before compression. Raises Refused."""
    body = sections.body(6)
    if not body:
        raise Refused(RefusalCode.no_waveform, "SCP 文件中没有节律波形（第 6 段），请导出含完整波形的文件。")
    leads, subtracted = _leads(sections.body(3))
    tables = read_tables(sections.body(2))
    if len(body) > 5 and body[5] and sections.by_number[6].protocol < VERSION_WITHOUT_BIMODAL:
        raise Refused(
            RefusalCode.format_unsupported,
            "SCP 文件使用了双模压缩（QRS 以外降采样，有损），本中心不读；请关闭高压缩，或改为导出 aECG、DICOM。",
        )
    rhythm = _coded(body, [lead.count for lead in leads], tables)
    step = rhythm.nanovolts
    curves = rhythm.leads
    if subtracted:
        curves, step = _with_reference_beats(sections, leads, rhythm, tables)
    start = min(lead.first for lead in leads)
    length = max(lead.last for lead in leads) - start + 1
    if length * len(leads) > limits.MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "采样点过多，超出静息心电图的范围。")
    microvolts = np.full((len(leads), length), np.nan)
    for row, lead, curve in zip(microvolts, leads, curves, strict=True):
        sign = -1 if lead.code == MINUS_AVR else 1
        row[lead.first - start : lead.last - start + 1] = curve * (sign * step / 1000)
    names = tuple("aVR" if lead.code == MINUS_AVR else LEAD_NAMES.get(lead.code, f"SCP {lead.code}") for lead in leads)
    return Signals(names, microvolts, _rate(rhythm.interval_us), rhythm.nanovolts / 1000)


def _leads(body: bytes) -> tuple[list[Lead], bool]:
    if len(body) < 2 or not body[0] or len(body) < 2 + body[0] * _LEAD.size:
        raise Refused(RefusalCode.format_broken, DAMAGED)
    if body[0] > limits.MAX_LEADS:
        raise Refused(RefusalCode.too_large, "导联过多，超出静息心电图的范围。")
    stored = (_LEAD.unpack_from(body, 2 + number * _LEAD.size) for number in range(body[0]))
    leads = [Lead(code, first, last) for first, last, code in stored]
    if any(lead.count <= 0 for lead in leads):
        raise Refused(RefusalCode.format_broken, DAMAGED)
    if sum(lead.count for lead in leads) > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "采样点过多，超出静息心电图的范围。")
    return leads, bool(body[1] & SUBTRACTED)


def _coded(body: bytes, counts: list[int], tables: tuple[Table, ...]) -> Coded:
    """The numbers of section 5 or 6, differences undone. ``counts``: samples by lead."""
    if len(body) < 6 + 2 * len(counts):
        raise Refused(RefusalCode.format_broken, DAMAGED)
    nanovolts, interval_us, differences = struct.unpack_from("<HHB", body)
    lengths = struct.unpack_from(f"<{len(counts)}H", body, 6)
    if not nanovolts or not interval_us or differences > 2 or 6 + 2 * len(counts) + sum(lengths) > len(body):
        raise Refused(RefusalCode.format_broken, DAMAGED)
    at, leads = 6 + 2 * len(counts), []
    for count, length in zip(counts, lengths, strict=True):
        data = body[at : at + length]
        at += length
        if tables:
            numbers = decode(data, count, tables)
        elif len(data) < 2 * count:
            raise Refused(RefusalCode.format_broken, DAMAGED)
        else:
            numbers = np.frombuffer(data, "<i2", count).astype(np.int64)
        leads.append(_undone(numbers, differences))
    return Coded(nanovolts, interval_us, leads)


def _undone(numbers: Integers, differences: int) -> Integers:
    """Samples from first or second differences; the first one or two numbers are samples themselves.

    Carts compute in 16 bits, where a steep slope's second difference wraps around: so does its undoing.
    """
    if differences == 0:
        return numbers
    if differences == 2 and len(numbers) > 1:
        slopes = numbers[1:].copy()
        slopes[0] -= numbers[0]
        numbers = np.concatenate((numbers[:1], np.cumsum(slopes)))
    wrapped: NDArray[np.int16] = np.cumsum(numbers).astype(np.int16)
    return wrapped.astype(np.int64)


def _with_reference_beats(
    sections: Sections, leads: list[Lead], rhythm: Coded, tables: tuple[Table, ...]
) -> tuple[list[Integers], int]:
    """The residual of section 6 with the beat of section 5 put back where section 4 says, and its step in nV."""
    duration_ms, fiducial, beats = _beats(sections.body(4))
    body = sections.body(5)
    if len(body) < 6 or not (interval_us := struct.unpack_from("<H", body, 2)[0]):
        raise Refused(RefusalCode.format_broken, DAMAGED)
    if interval_us != rhythm.interval_us:
        raise Refused(
            RefusalCode.format_unsupported,
            "SCP 文件的参考搏动与节律波形采样率不同（有损压缩），本中心不读；请改为导出 aECG 或 DICOM。",
        )
    count = round(duration_ms * 1000 / interval_us)
    if not 0 < count <= limits.MAX_SAMPLES or not 0 < fiducial <= count:
        raise Refused(RefusalCode.format_broken, DAMAGED)
    reference = _coded(body, [count] * len(leads), tables)
    step = math.gcd(rhythm.nanovolts, reference.nanovolts)
    curves = []
    for lead, residual, beat in zip(leads, rhythm.leads, reference.leads, strict=True):
        curve = residual * (rhythm.nanovolts // step)
        addend = beat * (reference.nanovolts // step)
        for placed in beats:
            offset = placed.fiducial - fiducial  # reference sample k (from 1) lies on record sample k + offset
            first = max(placed.first, lead.first, offset + 1)
            last = min(placed.last, lead.last, offset + count)
            if first <= last:
                here = slice(first - lead.first, last - lead.first + 1)
                curve[here] += addend[first - offset - 1 : last - offset]
        curves.append(curve)
    return curves, step


def _beats(body: bytes) -> tuple[int, int, list[Beat]]:
    """Length of the reference beat in ms, its fiducial sample (from 1), and where it was subtracted."""
    if len(body) < 6:
        raise Refused(RefusalCode.format_broken, DAMAGED)
    duration_ms, fiducial, count = struct.unpack_from("<HHH", body)
    if len(body) < 6 + count * _BEAT.size:
        raise Refused(RefusalCode.format_broken, DAMAGED)
    stored = (_BEAT.unpack_from(body, 6 + number * _BEAT.size) for number in range(count))
    beats = [Beat(first, place, last) for kind, first, place, last in stored if kind == SUBTRACTED_BEAT]
    return duration_ms, fiducial, beats


def _rate(interval_us: int) -> float:
    """Whole hertz where the interval is that rate's, rounded to a microsecond (1667 µs are 600 Hz, not 599.88)."""
    whole = round(1_000_000 / interval_us)
    return float(whole) if round(1_000_000 / whole) == interval_us else 1_000_000 / interval_us

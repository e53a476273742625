"""The rhythm of an HL7 annotated ECG: sequence sets of a clock (GLIST) and leads (SLIST_PQ).

``value = origin + scale * digit``, both with a unit. A series may hold several sets, one after another or of different
leads (3 × 4 of 2.5 s): they are laid on one time line by their heads, NaN between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from services.ecg.parse.limits import MAX_DURATION_S, MAX_LEADS
from services.ecg.parse.recording import Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml import Node
from services.ecg.parse.xml_leads import check_lead_count, check_length, check_rate
from services.ecg.parse.xml_values import MICROVOLTS_PER, hl7_time, invalid_samples, number, numbers

_SECONDS_PER = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "min": 60.0}


@dataclass(frozen=True, slots=True)
class Waveform:
    """``starts_at``: the head of the earliest clock, where it is absolute."""

    rate_hz: float
    leads: tuple[tuple[str, Microvolts], ...]
    resolution_uv: float
    starts_at: datetime | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    step_s: float
    head_s: float
    starts_at: datetime | None
    leads: tuple[tuple[str, Microvolts], ...]
    resolution_uv: float
    remarks: tuple[str, ...]


def read_waveform(series: Node) -> Waveform:
    """Raises Refused: no_waveform, format_broken, samples_invalid, too_long, too_short."""
    check_lead_count(len(series.all("component", "sequenceSet", "component", "sequence")))
    sets = [found for node in series.all("component", "sequenceSet") if (found := _read_set(node)) is not None]
    if not sets:
        raise Refused(RefusalCode.no_waveform, "aECG 文件中没有节律波形，请连同波形一起导出。")
    rate = check_rate(1 / sets[0].step_s)
    remarks = {remark: None for one in sets for remark in one.remarks}
    together = [one for one in sets if abs(one.step_s - sets[0].step_s) < 1e-9]
    if len(together) < len(sets):
        remarks[Remark.leads_ignored] = None
    return Waveform(
        rate_hz=rate,
        leads=tuple(together[0].leads) if len(together) == 1 else _on_one_line(together, rate),
        resolution_uv=min(one.resolution_uv for one in together),
        starts_at=min((one.starts_at for one in together if one.starts_at), default=None),
        remarks=tuple(remarks),
    )


def _read_set(node: Node) -> _Set | None:
    clock: Node | None = None
    leads: list[tuple[str, Microvolts]] = []
    steps: list[float] = []
    remarks: list[str] = []
    for sequence in node.all("component", "sequence"):
        value = sequence.child("value")
        if value is None:
            continue
        if value.child("increment"):
            clock = clock or value
        elif value.child("digits"):
            samples, step, assumed = _samples(value)
            leads.append((sequence.attribute("code", "code"), samples))
            steps.append(step)
            remarks += [Remark.scale_assumed] if assumed else []
    if not leads:
        return None
    step_s = _seconds(clock.child("increment")) if clock else None
    if clock is None or step_s is None or step_s <= 0:
        raise Refused(RefusalCode.format_broken, "aECG 文件没有有效的采样间隔，请从心电图机重新导出。")
    head = clock.child("head")
    starts_at = hl7_time(head.attribute("value")) if head else None
    head_s = starts_at.timestamp() if starts_at else (_seconds(head) or 0.0)
    return _Set(step_s, head_s, starts_at, tuple(leads), min(steps), tuple(remarks))


def _samples(value: Node) -> tuple[Microvolts, float, bool]:
    """µV, µV of one step, and whether a unit had to be taken for granted."""
    digits = value.child("digits")
    scale, unit_of_scale = number(value.attribute("scale", "value")), value.attribute("scale", "unit")
    origin, unit_of_origin = number(value.attribute("origin", "value")) or 0.0, value.attribute("origin", "unit")
    if digits is None or scale is None or scale == 0:
        raise invalid_samples("没有可用的幅度单位")
    step = abs(scale) * _microvolts(unit_of_scale)
    samples = numbers(digits.text) * scale * _microvolts(unit_of_scale)
    if origin:
        samples = samples + origin * _microvolts(unit_of_origin or unit_of_scale)
    return samples, step, not unit_of_scale


def _microvolts(unit: str) -> float:
    if not unit:
        return 1.0
    if unit.lower() not in MICROVOLTS_PER:
        raise invalid_samples("幅度单位不是电压")
    return MICROVOLTS_PER[unit.lower()]


def _seconds(node: Node | None) -> float | None:
    if node is None:
        return None
    value, unit = number(node.attribute("value")), node.attribute("unit") or "s"
    return value * _SECONDS_PER[unit] if value is not None and unit in _SECONDS_PER else None


def _on_one_line(sets: Sequence[_Set], rate_hz: float) -> tuple[tuple[str, Microvolts], ...]:
    """Two sets may start together only where each has leads of its own."""
    first = min(one.head_s for one in sets)
    offsets = [(one.head_s - first) * rate_hz for one in sets]
    ends = [offset + max(samples.size for _, samples in one.leads) for one, offset in zip(sets, offsets, strict=True)]
    if max(ends) > MAX_DURATION_S * rate_hz:
        raise Refused(RefusalCode.too_long, f"波形前后超过 {MAX_DURATION_S:.0f} 秒，不是一份静息心电图。")
    length = round(max(ends))
    check_length(rate_hz, length)
    line: dict[str, Microvolts] = {}
    for one, offset in zip(sets, offsets, strict=True):
        start = round(offset)
        for name, samples in one.leads:
            if name not in line and len(line) >= MAX_LEADS:
                raise Refused(RefusalCode.too_large, "导联过多，不是一份静息心电图。")
            whole = line.setdefault(name, np.full(length, np.nan))
            place = whole[start : start + samples.size]
            if not np.isnan(place).all():
                raise Refused(RefusalCode.format_broken, "aECG 文件中同一导联的两段波形时间重叠。")
            place[:] = samples[: place.size]
    return tuple(line.items())

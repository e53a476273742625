"""One multiplex group of a DICOM waveform (PS3.3 C.10.9.1) as calibrated leads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse.dicom_codes import is_lead_number, lead_of
from services.ecg.parse.dicom_elements import DataSet
from services.ecg.parse.dicom_values import Values
from services.ecg.parse.leads import canonical
from services.ecg.parse.limits import MAX_DURATION_S, MAX_RATE_HZ, MAX_SAMPLES, MIN_RATE_HZ
from services.ecg.parse.recording import Filters, Microvolts
from services.ecg.parse.refusal import RefusalCode, Refused, Remark

CHANNELS, SOURCE, UNITS = 0x003A0200, 0x003A0208, 0x003A0211
_CODE, _SCHEME, _MEANING = 0x00080100, 0x00080102, 0x00080104
_TYPES = {"SB": "i1", "UB": "u1", "MB": "u1", "AB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4"}
_BY_BITS = {8: "SB", 16: "SS", 32: "SL"}
_MICROVOLTS = {"uv": 1.0, "µv": 1.0, "μv": 1.0, "microvolt": 1.0, "microvolts": 1.0, "mv": 1e3, "millivolt": 1e3,
               "millivolts": 1e3, "v": 1e6, "nv": 1e-3}  # fmt: skip
_STEPS = (1e-6, 1e6)
_PADDING_RUN_S = 1.0


@dataclass(frozen=True, slots=True)
class Channel:
    """``step_uv``: µV of one stored step; ``known_scale`` is False where the unit had to be guessed."""

    lead: str
    derived: bool
    step_uv: float
    baseline_uv: float
    known_scale: bool
    filters: Filters


@dataclass(frozen=True, slots=True)
class Group:
    """``number`` counts from 1, as annotations refer to it. ``channels`` has None for what is no lead known here."""

    number: int
    rate_hz: float
    offset_s: float
    sample_count: int
    channels: tuple[Channel | None, ...]
    is_derived: bool
    label: str
    item: DataSet

    @property
    def leads(self) -> tuple[str, ...]:
        return tuple(channel.lead for channel in self.channels if channel)

    @property
    def duration_s(self) -> float:
        return self.sample_count / self.rate_hz


def group_of(values: Values, item: DataSet, number: int, remarks: set[Remark]) -> Group | None:
    """None where the group has no ECG lead, or none that can be scaled."""
    definitions = item.get(CHANNELS)
    found = [_channel(values, channel, remarks) for channel in (definitions.items if definitions else None) or ()]
    if not any(found):
        return None
    rate = values.number(0x003A001A, item) or 0.0
    samples = values.integer(0x003A0010, item, 4)
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ or not samples:
        raise Refused(RefusalCode.samples_invalid, "DICOM 波形的采样率或样点数不合理，请从心电图机重新导出。")
    if samples / rate > MAX_DURATION_S:
        raise Refused(RefusalCode.too_long, "记录超过 10 分钟，属于动态心电，请截取静息心电图后上传。")
    if samples * len(found) > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "DICOM 波形的样点过多，请从心电图机重新导出静息心电图。")
    return Group(
        number=number,
        rate_hz=rate,
        offset_s=(values.number(0x00181068, item) or 0.0) / 1000,
        sample_count=samples,
        channels=tuple(found),
        is_derived=values.text(0x003A0004, item).upper() == "DERIVED",
        label=values.text(0x003A0020, item).upper(),
        item=item,
    )


def microvolts_of(values: Values, group: Group, little: bool) -> dict[str, Microvolts]:
    """Samples of each lead; NaN where the stored sample is padding. Raises Refused."""
    item, count = group.item, len(group.channels)
    bits = values.integer(0x54001004, item)
    meant = values.text(0x54001006, item).upper() or _BY_BITS.get(bits, "")
    kind = _TYPES.get(meant)
    if kind is None or int(kind[1]) * 8 != bits:
        raise Refused(RefusalCode.format_unsupported, "DICOM 波形的样点类型本中心不支持，请以 16 位有符号整数导出。")
    if values.integer(0x003A0005, item) not in (0, count):
        raise Refused(RefusalCode.format_broken, "DICOM 波形的通道数与通道说明不一致，请重新导出。")
    dtype = np.dtype(("<" if little else ">") + kind)
    element = item.get(0x54001010)
    size = group.sample_count * count * dtype.itemsize
    if element is None or len(element.value) < size:
        raise Refused(RefusalCode.format_broken, "DICOM 波形数据不完整，请重新导出。")
    stored = np.frombuffer(element.value[:size], dtype).reshape(group.sample_count, count)
    padding = _padding(item, dtype)
    leads: dict[str, Microvolts] = {}
    for number, channel in enumerate(group.channels):
        if channel is None or channel.lead in leads:
            continue
        raw = stored[:, number]
        linear = _EXPANDED[meant][raw] if meant in _EXPANDED else raw
        samples = linear * channel.step_uv + channel.baseline_uv
        if padding is not None:
            limits = np.iinfo(dtype)
            samples[_is_padding(raw, padding, int(limits.min), int(limits.max), group.rate_hz)] = np.nan
        leads[channel.lead] = samples
    return leads


def is_companded(values: Values, group: Group) -> bool:
    """µ-law or A-law: PS3.3 C.10.9.1.5 does not say to which linear scale the sensitivity belongs."""
    return values.text(0x54001006, group.item).upper() in _EXPANDED


def _padding(item: DataSet, dtype: np.dtype[np.generic]) -> int | None:
    element = item.get(0x5400100A)
    if element is None or len(element.value) < dtype.itemsize:
        return None
    return int(np.frombuffer(element.value[: dtype.itemsize], dtype)[0])


def _is_padding(raw: NDArray[np.generic], padding: int, lowest: int, highest: int, rate_hz: float) -> NDArray[np.bool_]:
    """Where a sample equal to Waveform Padding Value (5400,100A) is no sample.

    A value at an end of the stored range is one no amplifier gives, so every such sample is padding. Any other value
    (writers declare 0) is also an ordinary sample each time the curve crosses it, and there padding is told by what
    padding is for, a stretch without a signal: an unbroken run of a second or more, which no heart and no electrode
    holds to the step.
    """
    same: NDArray[np.bool_] = raw == padding
    if padding in (lowest, highest):
        return same
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    kept = np.zeros_like(same)
    for start, end in zip(starts, ends, strict=True):
        if end - start >= _PADDING_RUN_S * rate_hz:
            kept[start:end] = True
    return kept


def _channel(values: Values, item: DataSet, remarks: set[Remark]) -> Channel | None:
    lead = _lead(values, item)
    if lead is None:
        remarks.add(Remark.leads_ignored)
        return None
    name, coded_as_derived = lead
    sensitivity = values.number(0x003A0210, item)
    correction = values.number(0x003A0212, item)
    step = (sensitivity or 0.0) * (1.0 if correction is None else correction)
    if not _STEPS[0] <= abs(step) <= _STEPS[1]:
        raise Refused(RefusalCode.samples_invalid, "DICOM 波形没有可信的幅度刻度，无法测量，请重新导出。")
    scale, known = _microvolts_per_unit(values, item, step)
    if scale is None:
        remarks.add(Remark.leads_ignored)
        return None
    return Channel(
        lead=name,
        derived=coded_as_derived or bool(values.text(0x003A020C, item)),
        step_uv=step * scale,
        baseline_uv=(values.number(0x003A0213, item) or 0.0) * scale,
        known_scale=known,
        filters=Filters(
            low_cut_hz=values.number(0x003A0220, item) or None,
            high_cut_hz=values.number(0x003A0221, item) or None,
            notch_hz=values.number(0x003A0222, item) or None,
        ),
    )


def _lead(values: Values, item: DataSet) -> tuple[str, bool] | None:
    """By code, else by name. The number of another lead (2:65, aVR upside down) is not overruled by its name."""
    source = item.get(SOURCE)
    for code in (source.items if source else None) or ():
        value = values.text(_CODE, code)
        if values.text(_SCHEME, code).upper() in ("MDC", "SCPECG") and is_lead_number(value):
            return lead_of(value)
        name = canonical(value) or canonical(values.text(_MEANING, code))
        if name:
            return name, False
    label = canonical(values.text(0x003A0203, item))
    return (label, False) if label else None


def _microvolts_per_unit(values: Values, item: DataSet, step: float) -> tuple[float | None, bool]:
    """None for a unit that is no voltage. Without a unit: a step of 0.1 µV or more is µV, a smaller one mV."""
    units = item.get(UNITS)
    for code in (units.items if units else None) or ():
        return _MICROVOLTS.get(values.text(_CODE, code).lower()), True
    return (1.0 if abs(step) >= 0.1 else 1e3), False


def _mu_law() -> NDArray[np.int32]:
    """ITU-T G.711 µ-law, expanded to the 16-bit scale every codec uses."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) * 2 + 33) << (code >> 4 & 7)) - 33) * 4
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int32)


def _a_law() -> NDArray[np.int32]:
    """ITU-T G.711 A-law, expanded to the 16-bit scale every codec uses."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = code >> 4 & 7, code & 0x0F
    steps = np.where(exponent == 0, mantissa * 2 + 1, (mantissa * 2 + 33) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, steps * 8, steps * -8).astype(np.int32)


_EXPANDED = {"MB": _mu_law(), "AB": _a_law()}

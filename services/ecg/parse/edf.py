"""EDF and EDF+ (Kemp 1992, Kemp and Olivan 2003): the ECG channels of the commonest rate."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import numpy as np

from services.ecg.parse.edf_header import Header, Signal, broken, day_of, is_edf, read_header
from services.ecg.parse.edf_stretch import Stretch, first_stretch
from services.ecg.parse.leads import canonical
from services.ecg.parse.limits import (
    MAX_DURATION_S,
    MAX_FILE_BYTES,
    MAX_LEADS,
    MAX_RATE_HZ,
    MAX_SAMPLES,
    MIN_DURATION_S,
    MIN_RATE_HZ,
)
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import Device, Filters, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark

_MICROVOLTS = {"mv": 1e3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "v": 1e6, "nv": 1e-3}
_PREFIX = re.compile(r"(?:ECG|EKG)[\s:_\-]*", re.IGNORECASE)
_FILTER = re.compile(r"\b(HP|LP|N)\s*:\s*(\d{1,5}(?:\.\d{1,4})?)\s*Hz", re.IGNORECASE)
_SEXES: dict[str, Literal["M", "F"]] = {"M": "M", "F": "F"}
_DIGITAL = range(-32768, 32768)
_STEPS_UV = (1e-6, 1e6)


class EdfReader:
    name = "edf"

    def recognizes(self, data: bytes) -> bool:
        return is_edf(data)

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        if len(file.data) > MAX_FILE_BYTES:
            raise Refused(RefusalCode.too_large, "文件过大，请只上传静息心电图。")
        header = read_header(file.data)
        return Read(_recording(file.data, header))


def _recording(data: bytes, header: Header) -> Recording:
    remarks: set[Remark] = set()
    leads = _ecg_signals(header, remarks)
    record_count = _record_count(data, header)
    per_record = header.signals[next(iter(leads.values()))].per_record
    rate = per_record / header.record_s
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise Refused(RefusalCode.samples_invalid, "EDF 心电信号的采样率不合理，请核对后重新导出。")
    if len(leads) > MAX_LEADS or len(leads) * record_count * per_record > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "EDF 记录的样点过多，请截取静息心电图后上传。")
    stretch = Stretch(0, record_count)
    if header.is_discontinuous:
        stretch = first_stretch(data, header, record_count)
        if (stretch.first, stretch.last) != (0, record_count):
            remarks.add(Remark.samples_missing)
    if (stretch.last - stretch.first) * header.record_s < MIN_DURATION_S:
        raise Refused(RefusalCode.too_short, "记录不足 1 秒，无法判读，请重新采集 10 秒。")
    records = np.frombuffer(data, "<i2", record_count * header.record_samples, header.size_bytes)
    records = records.reshape(record_count, header.record_samples)[stretch.first : stretch.last]
    starts = np.cumsum([0] + [signal.per_record for signal in header.signals])
    microvolts, steps = [], []
    for index in leads.values():
        signal = header.signals[index]
        step, offset = _scale(signal)
        stored = records[:, starts[index] : starts[index] + signal.per_record].reshape(-1)
        microvolts.append(stored * step + offset)
        steps.append(abs(step))
    if header.started_at is None:
        remarks.add(Remark.time_missing)
    return Recording(
        format="edf",
        sampling_rate_hz=rate,
        leads=tuple(leads),
        microvolts=np.stack(microvolts),
        recorded_at=header.started_at and header.started_at + timedelta(seconds=stretch.onset_s),
        resolution_uv=max(steps),
        accession_number=_known(header.recording, 2) if header.is_plus else "",
        patient=_patient(header),
        device=Device(model=_known(header.recording, 4) if header.is_plus else ""),
        filters=_filters(header.signals[next(iter(leads.values()))].prefilter),
        remarks=tuple(sorted(remarks)),
    )


def _ecg_signals(header: Header, remarks: set[Remark]) -> dict[str, int]:
    """Index of the signal of each lead: those measured in volts, of the rate most of them have."""
    found: list[tuple[str, int, int]] = []
    for index, signal in enumerate(header.signals):
        if signal.is_annotations:
            continue
        name = canonical(_PREFIX.sub("", signal.label))
        if name is None or signal.unit.lower() not in _MICROVOLTS or not signal.per_record:
            remarks.add(Remark.leads_ignored)
            continue
        found.append((name, index, signal.per_record))
    if not found or header.record_s <= 0:
        raise Refused(RefusalCode.no_waveform, "EDF 文件里没有认识的心电导联，请核对导联名称后重新导出。")
    rates = Counter(per_record for _, _, per_record in found)
    commonest = max(rates, key=lambda per_record: (rates[per_record], per_record))
    leads: dict[str, int] = {}
    for name, index, per_record in found:
        if per_record != commonest or name in leads:
            remarks.add(Remark.leads_ignored)
        else:
            leads[name] = index
    return leads


def _record_count(data: bytes, header: Header) -> int:
    """As the header says, or as many whole records as there are. Told before the data are looked at."""
    held = (len(data) - header.size_bytes) // (header.record_samples * 2)
    count = held if header.record_count == -1 else header.record_count
    if count * header.record_s > MAX_DURATION_S:
        raise Refused(RefusalCode.too_long, "记录超过 10 分钟，属于动态心电，请截取静息心电图后上传。")
    if count <= 0:
        raise Refused(RefusalCode.no_waveform, "EDF 文件没有数据记录，请重新导出。")
    if count > held:
        raise broken()
    return count


def _scale(signal: Signal) -> tuple[float, float]:
    """µV of one step, and of the stored zero."""
    unit = _MICROVOLTS[signal.unit.lower()]
    digital = signal.digital_max - signal.digital_min
    step = (signal.physical_max - signal.physical_min) * unit / digital if digital > 0 else 0.0
    in_range = signal.digital_min in _DIGITAL and signal.digital_max in _DIGITAL
    if not in_range or not _STEPS_UV[0] <= abs(step) <= _STEPS_UV[1]:
        raise Refused(RefusalCode.samples_invalid, "EDF 信号的幅度刻度不合理，无法测量，请重新导出。")
    return step, signal.physical_max * unit - step * signal.digital_max


def _known(fields: tuple[str, ...], index: int) -> str:
    text = fields[index] if len(fields) > index else "X"
    return "" if text == "X" else text.replace("_", " ")


def _patient(header: Header) -> PatientFacts:
    """EDF+: code, sex, birth date, name; EDF: one free text, which is mostly the name."""
    if not header.is_plus:
        return PatientFacts(name=header.patient[0] if set(header.patient[0]) - set("X ") else "")
    return PatientFacts(
        id=_known(header.patient, 0),
        sex=_SEXES.get(_known(header.patient, 1), ""),
        birth_date=day_of(_known(header.patient, 2)),
        name=_known(header.patient, 3),
    )


def _filters(prefilter: str) -> Filters:
    found = {name.upper(): float(value) or None for name, value in _FILTER.findall(prefilter)}
    return Filters(low_cut_hz=found.get("HP"), high_cut_hz=found.get("LP"), notch_hz=found.get("N"))

"""WFDB records of PhysioNet: a text header (.hea) and its signal file (.dat, or a level 4 .mat) in the same upload."""

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np

from services.ecg.parse.leads import canonical
from services.ecg.parse.limits import MAX_DURATION_S, MAX_FILE_BYTES, MAX_LEADS, MAX_SAMPLES, MIN_DURATION_S
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import Microvolts, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.wfdb_header import Header, Signal, is_header, read_header
from services.ecg.parse.wfdb_signals import Stored, checksum_of, no_value, stored_samples

_SEXES: dict[str, Literal["M", "F"]] = {"m": "M", "male": "M", "男": "M", "f": "F", "female": "F", "女": "F"}
_AGE = re.compile(r"(\d{1,3})(?:\.0*)?")


class WfdbReader:
    name = "wfdb"

    def recognizes(self, data: bytes) -> bool:
        return is_header(data)

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        header = read_header(file.data)
        remarks: set[Remark] = set()
        leads: dict[str, Microvolts] = {}
        steps: list[float] = []
        used: list[str] = []
        for name in dict.fromkeys(signal.file_name for signal in header.signals):
            companion = _companion(name, companions)
            used.append(companion.name)
            signals = [signal for signal in header.signals if signal.file_name == name]
            for signal, stored in zip(
                signals, stored_samples(companion.data, signals, header.sample_count), strict=True
            ):
                lead = canonical(signal.description)
                if lead is None or not signal.is_voltage or lead in leads:
                    remarks.add(Remark.leads_ignored)
                    continue
                _check(signal, stored, remarks)
                leads[lead] = _calibrated(signal, stored)
                steps.append(1 / abs(signal.gain))
        return Read(_recording(header, leads, max(steps, default=0.0), remarks), tuple(used))


def _companion(name: str, companions: Mapping[str, SourceFile]) -> SourceFile:
    found = companions.get(name.lower())
    if found is None:
        raise Refused(RefusalCode.companion_missing, "缺少 WFDB 头文件所指的数据文件，请把 .hea 与数据文件一起上传。")
    if len(found.data) > MAX_FILE_BYTES:
        raise Refused(RefusalCode.too_large, "文件过大，请只上传静息心电图。")
    return found


def _check(signal: Signal, stored: Stored, remarks: set[Remark]) -> None:
    """Initial value and checksum; a header may leave both out, and writes 0 for both where it does not know."""
    if signal.checksum is None or signal.first is None or (signal.checksum == 0 and signal.first == 0):
        return
    if stored[0] != signal.first or checksum_of(stored) != signal.checksum & 0xFFFF:
        remarks.add(Remark.checksum_wrong)


def _calibrated(signal: Signal, stored: Stored) -> Microvolts:
    samples = (stored - signal.baseline) / signal.gain
    samples[stored == no_value(signal.format)] = np.nan
    return samples


def _recording(header: Header, leads: dict[str, Microvolts], step_uv: float, remarks: set[Remark]) -> Recording:
    if not leads:
        raise Refused(RefusalCode.no_waveform, "WFDB 记录里没有认识的心电导联，请核对导联名称。")
    length = min(len(samples) for samples in leads.values())
    duration_s = length / header.rate_hz
    if duration_s > MAX_DURATION_S:
        raise Refused(RefusalCode.too_long, "记录超过 10 分钟，属于动态心电，请截取静息心电图后上传。")
    if duration_s < MIN_DURATION_S:
        raise Refused(RefusalCode.too_short, "记录不足 1 秒，无法判读，请重新采集 10 秒。")
    if len(leads) > MAX_LEADS or length * len(leads) > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "WFDB 记录的样点过多，请截取静息心电图后上传。")
    microvolts = np.stack([samples[:length] for samples in leads.values()])
    if not np.isfinite(microvolts).any():
        raise Refused(RefusalCode.no_waveform, "WFDB 记录里没有任何有效样点，请重新采集。")
    if np.isnan(microvolts).any():
        remarks.add(Remark.samples_missing)
    if header.recorded_at is None:
        remarks.add(Remark.time_missing)
    if not all(signal.gain_given for signal in header.signals):
        remarks.add(Remark.scale_assumed)
    age = _AGE.fullmatch(header.age)
    return Recording(
        format="wfdb",
        sampling_rate_hz=header.rate_hz,
        leads=tuple(leads),
        microvolts=microvolts,
        recorded_at=header.recorded_at,
        resolution_uv=step_uv,
        patient=PatientFacts(sex=_SEXES.get(header.sex.lower(), ""), age=f"{int(age[1])}Y" if age else None),
        statements=tuple(part.strip() for part in header.diagnoses.split(",") if part.strip())[:100],
        remarks=tuple(sorted(remarks)),
    )

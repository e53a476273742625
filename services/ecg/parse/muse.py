"""GE MUSE XML (root ``RestingECG``): base64 int16 little-endian, usually eight leads (I, II, V1 to V6).

The first ``Waveform`` is the median beat; only the one of type Rhythm is the ECG.
"""

import zlib
from collections.abc import Mapping
from typing import Literal

import numpy as np

from services.ecg.parse.limits import MAX_SAMPLES
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import CartMeasurements, Device, Filters, Microvolts, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml import Node, parse_xml, root_name
from services.ecg.parse.xml_leads import bring_together, check_lead_count, check_rate
from services.ecg.parse.xml_values import (
    MICROVOLTS_PER,
    age,
    base64_bytes,
    day,
    invalid_samples,
    local_time,
    measured,
    number,
    person_name,
    sex,
    whole,
)

_SAMPLE_TYPES = {2: "<i2", 4: "<i4"}


class MuseReader:
    name: Literal["muse"] = "muse"

    def recognizes(self, data: bytes) -> bool:
        return root_name(data) == "RestingECG"

    def read(self, file: SourceFile, _companions: Mapping[str, SourceFile]) -> Read:
        document = parse_xml(file.data)
        root = document.root
        rhythm = _rhythm(root)
        rate = check_rate(_rate(rhythm))
        stored = rhythm.all("LeadData")
        check_lead_count(len(stored))
        if len({number(lead.said("LeadTimeOffset")) or 0.0 for lead in stored}) > 1:
            raise Refused(RefusalCode.format_unsupported, "各导联不是同时采集的，本中心不读这种 MUSE 文件。")
        leads = bring_together(rate, [(lead.said("LeadID"), _samples(lead)) for lead in stored])
        recorded_at = local_time(
            root.said("TestDemographics", "AcquisitionDate"), root.said("TestDemographics", "AcquisitionTime")
        )
        remarks = [*document.remarks, *leads.remarks]
        if not all(_checksum_holds(lead) for lead in stored):
            remarks.append(Remark.checksum_wrong)
        if recorded_at is None:
            remarks.append(Remark.time_missing)
        return Read(
            Recording(
                format=self.name,
                sampling_rate_hz=rate,
                leads=leads.names,
                microvolts=leads.microvolts,
                recorded_at=recorded_at,
                resolution_uv=min(_microvolts_per_bit(lead) for lead in stored),
                accession_number=root.said("Order", "RequisitionNumber"),
                patient=_patient(root),
                device=_device(root),
                filters=_filters(rhythm),
                cart=_measurements(root),
                statements=_statements(root),
                remarks=tuple(remarks),
            )
        )


def _rhythm(root: Node) -> Node:
    for waveform in root.all("Waveform"):
        if waveform.said("WaveformType").lower() in {"rhythm", ""} and waveform.child("LeadData"):
            sample_type = waveform.said("SampleType").upper()
            if sample_type and not sample_type.startswith("CONTINUOUS"):
                raise Refused(RefusalCode.format_unsupported, "MUSE 文件的波形不是连续采样，本中心不能读取。")
            return waveform
    raise Refused(RefusalCode.no_waveform, "MUSE 文件中没有节律波形，请连同节律波形一起导出。")


def _rate(waveform: Node) -> float | None:
    base, exponent = number(waveform.said("SampleBase")), number(waveform.said("SampleExponent")) or 0.0
    return base * 10.0**exponent if base is not None and abs(exponent) < 10 else None


def _samples(lead: Node) -> Microvolts:
    """µV of one lead; NaN for the ``LeadOffsetFirstSample`` bytes at its start, and for a flat lead that was off."""
    raw = base64_bytes(_data(lead))
    size = whole(lead.said("LeadSampleSize")) or 2
    if size not in _SAMPLE_TYPES:
        raise Refused(RefusalCode.format_unsupported, f"MUSE 文件每个采样 {size} 字节，本中心不能读取。")
    if len(raw) // size > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "采样点过多，不是一份静息心电图。")
    declared = (whole(lead.said("LeadSampleCountTotal")), whole(lead.said("LeadByteCountTotal")))
    if len(raw) % size or declared[0] not in {None, len(raw) // size} or declared[1] not in {None, len(raw)}:
        raise invalid_samples("采样点数与声明的不符")
    samples = np.frombuffer(raw, _SAMPLE_TYPES[size]).astype(np.float64)
    first = (whole(lead.said("LeadOffsetFirstSample")) or 0) // size
    if not 0 <= first <= samples.size:
        raise invalid_samples("首个采样的位置无效")
    off = lead.said("LeadOff").upper() == "TRUE" and bool((samples == samples[:1]).all())
    samples += number(lead.said("FirstSampleBaseline")) or 0.0
    samples[: samples.size if off else first] = np.nan
    return samples * _microvolts_per_bit(lead)


def _data(lead: Node) -> str:
    node = lead.child("WaveFormData") or lead.child("WaveformData")
    return node.text if node else ""


def _microvolts_per_bit(lead: Node) -> float:
    step = number(lead.said("LeadAmplitudeUnitsPerBit"))
    unit = MICROVOLTS_PER.get(lead.said("LeadAmplitudeUnits").lower())
    if step is None or step <= 0 or unit is None:
        raise invalid_samples("没有可用的幅度单位")
    return step * unit


def _checksum_holds(lead: Node) -> bool:
    declared = whole(lead.said("LeadDataCRC32"))
    return not declared or zlib.crc32(base64_bytes(_data(lead))) == declared


def _patient(root: Node) -> PatientFacts:
    person = root.child("PatientDemographics")
    if person is None:
        return PatientFacts()
    return PatientFacts(
        id=person.said("PatientID"),
        name=person_name(person.said("PatientLastName"), person.said("PatientFirstName")),
        sex=sex(person.said("Gender")),
        birth_date=day(person.said("DateofBirth")),
        age=age(person.said("PatientAge"), person.said("AgeUnits")),
    )


def _device(root: Node) -> Device:
    test = root.child("TestDemographics")
    if test is None:
        return Device(manufacturer="GE")
    return Device(
        manufacturer="GE",
        model=test.said("AcquisitionDevice"),
        serial=test.said("CartNumber"),
        software=test.said("AcquisitionSoftwareVersion"),
    )


def _filters(waveform: Node) -> Filters:
    """``HighPassFilter`` is in hundredths of a hertz (16: 0.16 Hz); some exports write hertz below one."""
    low = number(waveform.said("HighPassFilter"))
    notch = number(waveform.said("ACFilter"))
    return Filters(
        low_cut_hz=low / 100 if low is not None and low >= 1 else low,
        high_cut_hz=number(waveform.said("LowPassFilter")),
        notch_hz=notch or None,
    )


def _measurements(root: Node) -> CartMeasurements:
    cart = root.child("RestingECGMeasurements")
    if cart is None:
        return CartMeasurements()

    def of(name: str) -> float | None:
        return measured(cart.said(name))

    return CartMeasurements(
        heart_rate_bpm=of("VentricularRate"),
        rr_ms=measured(root.said("QRSTimesTypes", "GlobalRR")),
        p_ms=_p_duration(cart),
        pr_ms=of("PRInterval"),
        qrs_ms=of("QRSDuration"),
        qt_ms=of("QTInterval"),
        qtc_ms=of("QTCorrected"),
        p_axis_deg=of("PAxis"),
        qrs_axis_deg=of("RAxis"),
        t_axis_deg=of("TAxis"),
    )


def _p_duration(cart: Node) -> float | None:
    """From the marks on the median beat, whose unit the file does not say: only where QRS tells it to be samples."""
    rate = number(cart.said("ECGSampleBase"))
    on, off, q_on, q_off, qrs = (
        measured(cart.said(name)) for name in ("POnset", "POffset", "QOnset", "QOffset", "QRSDuration")
    )
    if not rate or on is None or off is None or q_on is None or q_off is None or qrs is None or off <= on:
        return None
    step_ms = 1000 / rate
    return (off - on) * step_ms if abs((q_off - q_on) * step_ms - qrs) <= step_ms else None


def _statements(root: Node) -> tuple[str, ...]:
    """Fragments belong together up to the one flagged ENDSLINE."""
    diagnosis = root.child("Diagnosis") or root.child("OriginalDiagnosis")
    fragments = diagnosis.all("DiagnosisStatement") if diagnosis else []
    flags = [{flag.text.strip().upper() for flag in fragment.all("StmtFlag")} for fragment in fragments]
    ends_are_marked = any("ENDSLINE" in flag for flag in flags)
    lines, line = [], ""
    for fragment, flag in zip(fragments, flags, strict=True):
        line = f"{line} {fragment.said('StmtText')}".strip()
        if "ENDSLINE" in flag or not ends_are_marked:
            lines.append(line)
            line = ""
    return tuple(text for text in (*lines, line) if text)

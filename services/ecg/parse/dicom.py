"""ECG waveform objects of DICOM (PS3.3 A.34.3 to A.34.5): 12-lead, general, 32-bit general and ambulatory."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from services.ecg.parse.dicom_annotations import CONCEPT, Annotations, Spike, annotations_of
from services.ecg.parse.dicom_annotations import UNITS as ANNOTATION_UNITS
from services.ecg.parse.dicom_channels import CHANNELS, SOURCE, UNITS, Group, group_of, is_companded, microvolts_of
from services.ecg.parse.dicom_elements import Body, Broken, read_body
from services.ecg.parse.dicom_values import Values
from services.ecg.parse.leads import STANDARD
from services.ecg.parse.limits import MAX_DURATION_S, MAX_FILE_BYTES, MAX_LEADS, MAX_SAMPLES, MIN_DURATION_S
from services.ecg.parse.reader import Read, SourceFile
from services.ecg.parse.recording import Device, Filters, Microvolts, PatientFacts, Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark

_WAVEFORMS, _ANNOTATIONS = 0x54000100, 0x0040B020
_WANTED = frozenset({_WAVEFORMS, _ANNOTATIONS, CHANNELS, SOURCE, UNITS, CONCEPT, ANNOTATION_UNITS})
_WAVEFORM_CLASSES = "1.2.840.10008.5.1.4.1.1.9."
_ECG_CLASSES = frozenset(_WAVEFORM_CLASSES + end for end in ("1.1", "1.2", "1.3", "1.4"))
_HEMODYNAMIC = _WAVEFORM_CLASSES + "2.1"
_SEXES: dict[str, Literal["M", "F", "O"]] = {"M": "M", "F": "F", "O": "O"}
_BEAT_LABELS = ("MEDIAN", "AVERAGE", "TEMPLATE", "BEAT", "REPRESENTATIVE")
_SHORT_BEAT_S = 2.5


class DicomReader:
    name = "dicom"

    def recognizes(self, data: bytes) -> bool:
        """With the preamble; without, by the first elements a data set begins with."""
        if data[128:132] == b"DICM" or data[:6] == b"\x02\x00\x00\x00UL":
            return True
        first = data[:8]
        is_identification = first[:2] == b"\x08\x00" and first[2:4] in (
            b"\x00\x00",
            b"\x05\x00",
            b"\x08\x00",
            b"\x16\x00",
        )
        return is_identification and (first[4:6] in (b"UL", b"CS", b"UI") or first[5:] == b"\0\0\0")

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        if len(file.data) > MAX_FILE_BYTES:
            raise Refused(RefusalCode.too_large, "文件过大，请只上传静息心电图。")
        try:
            body = read_body(file.data, _WANTED)
        except Broken as error:
            raise Refused(RefusalCode.format_broken, "DICOM 文件结构损坏，请从心电图机重新导出。") from error
        return Read(_recording(body))


def _recording(body: Body) -> Recording:
    values = Values(body.data_set, body.little)
    _check_class(values)
    remarks: set[Remark] = set()
    groups = _groups(values, body, remarks)
    rate, start_s, leads = _laid_out(values, groups, body.little, remarks)
    microvolts = np.stack(list(leads.values()))
    if np.isnan(microvolts).all():
        raise Refused(RefusalCode.no_waveform, "DICOM 波形里没有任何有效样点，请重新采集。")
    if np.isnan(microvolts).any():
        remarks.add(Remark.samples_missing)
    channels = [channel for group in groups for channel in group.channels if channel]
    if not all(channel.known_scale for channel in channels) or any(is_companded(values, group) for group in groups):
        remarks.add(Remark.scale_assumed)
    sequence = body.data_set.get(_ANNOTATIONS)
    notes = annotations_of(values, (sequence.items if sequence else None) or ())
    recorded_at = values.recorded_at()
    if recorded_at is None:
        remarks.add(Remark.time_missing)
    patient = _patient(values)
    device = Device(
        manufacturer=values.text(0x00080070),
        model=values.text(0x00081090),
        serial=values.text(0x00181000),
        software=" ".join(part for part in values.texts(0x00181020) if part),
    )
    accession_number = values.text(0x00080050)
    if values.charset_assumed:
        remarks.add(Remark.charset_assumed)
    return Recording(
        format="dicom",
        sampling_rate_hz=rate,
        leads=tuple(leads),
        microvolts=microvolts,
        derived=frozenset(channel.lead for channel in channels if channel.derived),
        recorded_at=recorded_at,
        resolution_uv=max(abs(channel.step_uv) for channel in channels),
        accession_number=accession_number,
        patient=patient,
        device=device,
        filters=next((c.filters for c in channels if c.filters != Filters()), Filters()),
        cart=notes.cart,
        statements=notes.statements,
        spike_samples=_spike_samples(notes, groups, start_s, microvolts.shape[1]),
        remarks=tuple(sorted(remarks)),
    )


def _check_class(values: Values) -> None:
    sop_class = values.text(0x00080016)
    if sop_class in _ECG_CLASSES or (not sop_class and _WAVEFORMS in values.root):
        return
    if sop_class == _HEMODYNAMIC:
        detail = "这是血流动力学（导管室）波形，不是心电图，请从心电图机导出 12 导联心电图。"
    elif sop_class.startswith(_WAVEFORM_CLASSES):
        detail = "这个 DICOM 波形不是体表心电图，请从心电图机导出 12 导联心电图。"
    else:
        detail = "这是 DICOM 影像或其他文件，不是心电图，请上传到影像中心。"
    raise Refused(RefusalCode.not_ecg, detail)


def _groups(values: Values, body: Body, remarks: set[Remark]) -> list[Group]:
    """The groups of the rhythm, longest first: no median beat, none computed, none of another rate."""
    sequence = body.data_set.get(_WAVEFORMS)
    items = (sequence.items if sequence else None) or ()
    if len(items) > MAX_LEADS:
        raise Refused(RefusalCode.format_broken, "DICOM 文件的波形组过多，请从心电图机重新导出。")
    found = [group for number, item in enumerate(items, 1) if (group := group_of(values, item, number, remarks))]
    if not found:
        raise Refused(RefusalCode.no_waveform, "DICOM 文件里没有心电导联的波形，请重新导出。")
    longest = max(group.duration_s for group in found)
    rhythm = [group for group in found if not _is_beat(group, longest)] or found
    rhythm.sort(key=lambda group: (-round(group.duration_s, 3), -len(set(group.leads) & set(STANDARD)), group.number))
    return [group for group in rhythm if group.rate_hz == rhythm[0].rate_hz]


def _is_beat(group: Group, longest_s: float) -> bool:
    """The median beat: computed, called so, or unmarked and far shorter than another group of the same leads."""
    if group.is_derived or any(word in group.label for word in _BEAT_LABELS):
        return True
    return group.duration_s < _SHORT_BEAT_S and group.duration_s < longest_s / 3


def _laid_out(
    values: Values, groups: Sequence[Group], little: bool, remarks: set[Remark]
) -> tuple[float, float, dict[str, Microvolts]]:
    """All groups on one time axis: rate, where it begins (s), the leads.

    Four groups of three leads, one after the other (PS3.3 A.34.3.4.2), become one recording with NaN where a lead was
    not recorded. Of a lead in two groups the longer stretch stands.
    """
    rate = groups[0].rate_hz
    start = min(group.offset_s for group in groups)
    end = max(group.offset_s + group.duration_s for group in groups)
    if end - start > MAX_DURATION_S:
        raise Refused(RefusalCode.too_long, "记录超过 10 分钟，属于动态心电，请截取静息心电图后上传。")
    if end - start < MIN_DURATION_S:
        raise Refused(RefusalCode.too_short, "记录不足 1 秒，无法判读，请重新采集 10 秒。")
    places = [round((group.offset_s - start) * rate) for group in groups]
    length = max(place + group.sample_count for place, group in zip(places, groups, strict=True))
    names = dict.fromkeys(name for group in sorted(groups, key=lambda g: g.number) for name in group.leads)
    if len(names) * length > MAX_SAMPLES:
        raise Refused(RefusalCode.too_large, "DICOM 波形的样点过多，请从心电图机重新导出静息心电图。")
    leads: dict[str, Microvolts] = {}
    for place, group in zip(places, groups, strict=True):
        samples = microvolts_of(values, group, little)
        if set(samples) & set(leads):
            remarks.add(Remark.leads_ignored)
        for name, curve in samples.items():
            if name not in leads:
                leads[name] = np.full(length, np.nan)
                leads[name][place : place + group.sample_count] = curve
    return rate, start, {name: leads[name] for name in names}


def _spike_samples(notes: Annotations, groups: Sequence[Group], start_s: float, length: int) -> tuple[int, ...]:
    by_number = {group.number: group for group in groups}
    found: set[int] = set()
    for spike in notes.spikes:
        group = by_number.get(spike.group)
        if group is not None:
            sample = _sample_of(spike, group) + round((group.offset_s - start_s) * group.rate_hz)
            if 0 <= sample < length:
                found.add(sample)
    return tuple(sorted(found))


def _sample_of(spike: Spike, group: Group) -> int:
    if spike.sample is not None:
        return spike.sample
    seconds = (spike.ms or 0.0) / 1000
    return round(seconds * group.rate_hz) if 0 <= seconds <= MAX_DURATION_S else -1


def _patient(values: Values) -> PatientFacts:
    age = values.text(0x00101010).upper().lstrip("0")
    return PatientFacts(
        id=values.text(0x00100020),
        name=values.name(0x00100010),
        sex=_SEXES.get(values.text(0x00100040).upper(), ""),
        birth_date=values.day(0x00100030),
        age=age if age[:-1].isdecimal() and age[-1:] in "YMWD" else None,
    )

"""Synthetic DICOM waveform files, written by pydicom (so the reader is not tested against itself)."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    TwelveLeadECGWaveformStorage,
)

UID_ROOT = "1.2.826.0.1.3680043.10.1607"
SCP_NUMBERS = {"I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8, "III": 61, "aVR": 62, "aVL": 63,
               "aVF": 64}  # fmt: skip
_DTYPES = {"SS": "i2", "US": "u2", "SB": "i1", "UB": "u1", "MB": "u1", "AB": "u1", "SL": "i4", "UL": "u4"}


def curve(count: int = 5000, amplitude: int = 400, seed: int = 1) -> NDArray[np.int64]:
    """Stored steps of something like one lead at 500 Hz: beats on noise, crossing zero again and again."""
    noise = np.random.default_rng(seed).integers(-3, 4, count)
    t = np.arange(count) % 400
    return np.asarray(np.rint(amplitude * np.exp(-(((t - 200) / 6) ** 2))) + noise, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class FakeGroup:
    """``leads``: stored numbers of each. ``sensitivity`` None: not written at all."""

    leads: Mapping[str, NDArray[np.int64]]
    rate_hz: str = "500"
    kind: str = "SS"
    sensitivity: str | None = "2.5"
    correction: str | None = "1"
    baseline: str | None = "0"
    unit: str | None = "uV"
    padding: int | None = None
    label: str = "RHYTHM"
    originality: str = "ORIGINAL"
    offset_ms: str = "0"
    scheme: str = "MDC"
    filters: Mapping[str, str] = field(default_factory=dict)
    label_only: bool = False


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def twelve() -> dict[str, NDArray[np.int64]]:
    return {lead: curve(amplitude=100 * (number % 7 + 1), seed=number) for lead, number in SCP_NUMBERS.items()}


def measurement(value: str, scheme: str, meaning: str, number: str, unit: str = "ms") -> Dataset:
    item = Dataset()
    item.ReferencedWaveformChannels = [1, 0]
    item.AnnotationGroupNumber = 1
    item.ConceptNameCodeSequence = [code(value, scheme, meaning)]
    item.MeasurementUnitsCodeSequence = [code(unit, "UCUM", unit)]
    item.NumericValue = number
    return item


def waveform_file(
    groups: Sequence[FakeGroup] | None = None,
    *,
    syntax: str = ExplicitVRLittleEndian,
    sop_class: str = TwelveLeadECGWaveformStorage,
    charset: str | None = "ISO_IR 192",
    annotations: Sequence[Dataset] = (),
    **attributes: object,
) -> bytes:
    """``attributes``: DICOM keywords of the root, instead of or beside the usual ones. Bytes are written as they are,
    whatever ``charset`` says (PatientName=...encode("gb18030"))."""
    data_set = Dataset()
    if charset is not None:
        data_set.SpecificCharacterSet = charset
    data_set.SOPClassUID, data_set.SOPInstanceUID = sop_class, f"{UID_ROOT}.1"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = f"{UID_ROOT}.2", f"{UID_ROOT}.3"
    data_set.AcquisitionDateTime = "20261121102000"
    data_set.Modality, data_set.Manufacturer = "ECG", "Synthetic"
    data_set.PatientName, data_set.PatientID, data_set.PatientSex = "Ce^Shi", "T0001", "F"
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    data_set.WaveformSequence = [_group(group, order) for group in groups or [FakeGroup(twelve())]]
    if annotations:
        data_set.WaveformAnnotationSequence = list(annotations)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, data_set.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    data_set.file_meta = meta
    out = io.BytesIO()
    dcmwrite(out, data_set, enforce_file_format=True)
    return out.getvalue()


SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


def _group(fake: FakeGroup, order: str) -> Dataset:
    dtype = np.dtype(order + _DTYPES[fake.kind])
    group = Dataset()
    group.MultiplexGroupTimeOffset = fake.offset_ms
    group.WaveformOriginality = fake.originality
    group.NumberOfWaveformChannels = len(fake.leads)
    group.NumberOfWaveformSamples = len(next(iter(fake.leads.values())))
    group.SamplingFrequency = fake.rate_hz
    group.MultiplexGroupLabel = fake.label
    group.ChannelDefinitionSequence = [_channel(fake, lead, dtype.itemsize * 8) for lead in fake.leads]
    group.WaveformBitsAllocated = dtype.itemsize * 8
    group.WaveformSampleInterpretation = fake.kind
    vr = "OB" if dtype.itemsize == 1 else "OW"
    if fake.padding is not None:
        value = np.array(fake.padding, dtype).tobytes()
        group.add_new("WaveformPaddingValue", vr, value + b"\0" * (len(value) % 2))
    data = np.stack(list(fake.leads.values()), axis=1).astype(dtype).tobytes()
    group.add_new("WaveformData", vr, data + b"\0" * (len(data) % 2))
    return group


def _channel(fake: FakeGroup, lead: str, bits: int) -> Dataset:
    item = Dataset()
    number = SCP_NUMBERS.get(lead, 0)
    if fake.label_only:
        item.ChannelLabel = f"Lead {lead}"
        item.ChannelSourceSequence = [code("X1", "99LOCAL", "electrode")]
    elif fake.scheme == "MDC":
        item.ChannelSourceSequence = [code(f"2:{number}", "MDC", "a lead")]
    else:
        item.ChannelSourceSequence = [code(f"5.6.3-9-{number}", "SCPECG", "a lead")]
    if fake.sensitivity is not None:
        item.ChannelSensitivity = fake.sensitivity
        if fake.unit is not None:
            item.ChannelSensitivityUnitsSequence = [code(fake.unit, "UCUM", fake.unit)]
        if fake.correction is not None:
            item.ChannelSensitivityCorrectionFactor = fake.correction
        if fake.baseline is not None:
            item.ChannelBaseline = fake.baseline
    item.ChannelSampleSkew = "0"
    item.WaveformBitsStored = bits
    for keyword, value in fake.filters.items():
        setattr(item, keyword, value)
    return item

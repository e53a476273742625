"""A recording as a DICOM ECG waveform object (PS3.3 A.34.3, A.34.4)."""

import io

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    General32bitECGWaveformStorage,
    GeneralECGWaveformStorage,
    TwelveLeadECGWaveformStorage,
)

from services.ecg.dicom.annotations import annotations_of
from services.ecg.dicom.codes import MICROVOLT, code_item, lead_item, lead_system_item
from services.ecg.dicom.header import WaveformHeader, header_of
from services.ecg.dicom.quantize import Quantized, decimal_string, quantized
from services.ecg.dicom.uids import uid_of
from services.ecg.parse.leads import STANDARD
from services.ecg.parse.recording import Filters, Recording

_TWELVE_LEAD_MAX_SAMPLES = 16384  # PS3.3 A.34.3.4
_RATES_HZ = (200.0, 1000.0)  # PS3.3 A.34.3.4, A.34.4.4; the 32-bit object is bound to none
_DERIVATIONS = {
    "III": "II - I",
    "aVR": "-(I + II) / 2",
    "aVL": "I - II / 2",
    "aVF": "II - I / 2",
}
_HALVES = frozenset({"aVR", "aVL", "aVF"})


def write_twelve_lead(recording: Recording, header: WaveformHeader) -> bytes:
    """A PS3.10 file: one multiplex group of signed integers, explicit VR little endian, text in UTF-8.

    A 12-lead object where the recording fits its limits; a general one with other leads or more samples; a 32-bit
    general one outside 200 to 1000 Hz. The same recording and header give the same bytes.
    """
    data_set = header_of(recording, header)
    data_set.SOPClassUID = _class_of(recording)
    bits = 32 if data_set.SOPClassUID == General32bitECGWaveformStorage else 16
    data_set.AcquisitionContextSequence = [lead_system_item(recording.leads)]
    data_set.WaveformSequence = [_group(recording, bits)]
    annotations = annotations_of(recording)
    if annotations:
        data_set.WaveformAnnotationSequence = annotations
    data_set.file_meta = _file_meta(data_set)
    out = io.BytesIO()
    dcmwrite(out, data_set, enforce_file_format=True)
    return out.getvalue()


def _class_of(recording: Recording) -> UID:
    samples = recording.microvolts.shape[1]
    if not _RATES_HZ[0] <= recording.sampling_rate_hz <= _RATES_HZ[1]:
        return General32bitECGWaveformStorage
    if set(recording.leads) <= set(STANDARD) and samples <= _TWELVE_LEAD_MAX_SAMPLES:
        return TwelveLeadECGWaveformStorage
    return GeneralECGWaveformStorage


def _group(recording: Recording, bits: int) -> Dataset:
    channels = [
        quantized(
            recording.lead(lead),
            recording.resolution_uv,
            halved=lead in _HALVES and lead in recording.derived,
            bits=bits,
        )
        for lead in recording.leads
    ]
    group = Dataset()
    group.MultiplexGroupTimeOffset = "0"
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = len(channels)
    group.NumberOfWaveformSamples = recording.microvolts.shape[1]
    group.SamplingFrequency = decimal_string(recording.sampling_rate_hz)
    group.MultiplexGroupLabel = "RHYTHM"
    group.ChannelDefinitionSequence = [
        _channel(recording, lead, channel, number, bits)
        for number, (lead, channel) in enumerate(zip(recording.leads, channels, strict=True), 1)
    ]
    group.WaveformBitsAllocated = bits
    group.WaveformSampleInterpretation = "SS" if bits == 16 else "SL"
    kind = np.dtype("<i2" if bits == 16 else "<i4")
    if any(channel.has_padding for channel in channels):
        group.add_new("WaveformPaddingValue", "OW", np.array(np.iinfo(kind).min, kind).tobytes())
    interleaved = np.stack([channel.stored for channel in channels], axis=1).astype(kind)
    group.add_new("WaveformData", "OW", interleaved.tobytes())
    return group


def _channel(recording: Recording, lead: str, channel: Quantized, number: int, bits: int) -> Dataset:
    item = Dataset()
    item.WaveformChannelNumber = number
    item.ChannelLabel = lead
    item.ChannelSourceSequence = [lead_item(lead)]
    if lead in recording.derived:
        item.ChannelDerivationDescription = _DERIVATIONS.get(lead, "computed from other leads")
    item.ChannelSensitivity = channel.step
    item.ChannelSensitivityUnitsSequence = [code_item(*MICROVOLT)]
    item.ChannelSensitivityCorrectionFactor = "1"
    item.ChannelBaseline = channel.baseline
    item.ChannelSampleSkew = "0"
    item.WaveformBitsStored = bits
    _add_filters(item, recording.filters)
    return item


def _add_filters(item: Dataset, filters: Filters) -> None:
    for keyword, value in (
        ("FilterLowFrequency", filters.low_cut_hz),
        ("FilterHighFrequency", filters.high_cut_hz),
        ("NotchFilterFrequency", filters.notch_hz),
    ):
        if value is not None:
            setattr(item, keyword, decimal_string(value))


def _file_meta(data_set: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid_of("implementation"))
    meta.ImplementationVersionName = "GONGZHEN"
    return meta

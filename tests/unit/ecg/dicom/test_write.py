"""A recording written as DICOM comes back: by our reader, by pydicom, by ecgdatakit."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from ecgdatakit import FileParser
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import General32bitECGWaveformStorage, GeneralECGWaveformStorage, TwelveLeadECGWaveformStorage

from services.ecg.dicom.header import WaveformHeader
from services.ecg.dicom.uids import uid_of
from services.ecg.dicom.write import write_twelve_lead
from services.ecg.parse.dicom import DicomReader
from services.ecg.parse.leads import KNOWN, POSTERIOR, STANDARD, with_derived_limb_leads
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import CartMeasurements, Device, Filters, PatientFacts, Recording
from services.ecg.parse.refusal import Remark

HEADER = WaveformHeader(
    study_uid=uid_of("study/1"),
    series_uid=uid_of("series/1"),
    instance_uid=uid_of("instance/1"),
    created_at=datetime(2026, 11, 21, 3, tzinfo=UTC),
)


def recording(leads: tuple[str, ...] = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), count: int = 5000) -> Recording:
    steps = np.random.default_rng(3).integers(-900, 900, (len(leads), count))
    return Recording(
        format="scp",
        sampling_rate_hz=500.0,
        leads=leads,
        microvolts=steps * 4.88,
        recorded_at=datetime(2026, 11, 21, 2, 20, 5, tzinfo=UTC),
        resolution_uv=4.88,
        accession_number="A0001",
        patient=PatientFacts("T0001", "测试甲", "F", date(1960, 1, 31), "66Y"),
        device=Device("Synthetic", "M1", "S1", "1.0"),
        filters=Filters(0.05, 150.0, 50.0),
        cart=CartMeasurements(71, 845, 104, 160, 92, 390, 424, 55, -12.5, 44),
        statements=("窦性心律", "Sinus rhythm"),
        spike_samples=(100, 900),
    )


def back(data: bytes) -> Recording:
    return DicomReader().read(SourceFile("", data), {}).recording


def test_everything_comes_back() -> None:
    written = with_derived_limb_leads(recording())
    read = back(write_twelve_lead(written, HEADER))
    np.testing.assert_allclose(read.microvolts, written.microvolts, atol=1e-6)
    assert read == replace(written, format="dicom")
    assert read.derived == {"III", "aVR", "aVL", "aVF"}


def test_pydicom_and_ecgdatakit_read_the_same(tmp_path: Path) -> None:
    written = with_derived_limb_leads(recording())
    data = write_twelve_lead(written, HEADER)
    theirs = dcmread(io.BytesIO(data))
    np.testing.assert_allclose(theirs.waveform_array(0).T, written.microvolts, atol=1e-6)
    assert str(theirs.PatientName.ideographic) == "测试甲"
    path = tmp_path / "ecg.dcm"
    path.write_bytes(data)
    for lead in FileParser().parse(path).leads:
        np.testing.assert_allclose(np.asarray(lead.samples) * 1000, written.lead(lead.label), atol=1e-6)


def test_the_same_recording_gives_the_same_bytes() -> None:
    assert write_twelve_lead(recording(), HEADER) == write_twelve_lead(recording(), HEADER)
    assert uid_of("study/1") == uid_of("study/1") != uid_of("study/2")
    assert uid_of("study/1").startswith("2.25.") and len(uid_of("study/1")) <= 64


def test_missing_samples_are_padding_and_come_back_missing() -> None:
    gaps = recording()
    gaps.microvolts[1, 700:900] = np.nan
    gaps.microvolts[2, 5] = np.nan
    data = write_twelve_lead(gaps, HEADER)
    group = dcmread(io.BytesIO(data)).WaveformSequence[0]
    assert group.WaveformPaddingValue == (-32768).to_bytes(2, "little", signed=True)
    read = back(data)
    np.testing.assert_allclose(read.microvolts, gaps.microvolts, atol=1e-6)
    assert read.remarks == (Remark.samples_missing,)


def test_without_missing_samples_no_padding_is_declared() -> None:
    group = dcmread(io.BytesIO(write_twelve_lead(recording(), HEADER))).WaveformSequence[0]
    assert "WaveformPaddingValue" not in group


@pytest.mark.parametrize("resolution", [None, 0.3, 4.88])
@pytest.mark.parametrize("offset", [0.0, 250_000.0])
def test_no_sample_moves_by_more_than_a_step(resolution: float | None, offset: float) -> None:
    curve = np.random.default_rng(5).normal(0, 800, (1, 4000)) + offset
    written = replace(recording(), leads=("II",), microvolts=curve, resolution_uv=resolution)
    read = back(write_twelve_lead(written, HEADER))
    assert np.abs(read.microvolts - curve).max() <= (resolution or 1.0) / 2 + 1e-3


def test_a_curve_too_large_for_its_step_gets_a_larger_one() -> None:
    curve = np.linspace(-2_000_000, 2_000_000, 4000)[np.newaxis]
    written = replace(recording(), leads=("II",), microvolts=curve, resolution_uv=1.0)
    read = back(write_twelve_lead(written, HEADER))
    assert np.abs(read.microvolts - curve).max() < 4_000_000 / 65_000


@pytest.mark.parametrize(
    ("changed", "sop_class"),
    [
        ({}, TwelveLeadECGWaveformStorage),
        ({"sampling_rate_hz": 100.0}, General32bitECGWaveformStorage),
        ({"sampling_rate_hz": 2000.0}, General32bitECGWaveformStorage),
    ],
)
def test_the_class_follows_the_limits(changed: dict[str, float], sop_class: str) -> None:
    written = replace(recording(), **changed)  # type: ignore[arg-type]
    data = write_twelve_lead(written, HEADER)
    assert dcmread(io.BytesIO(data)).SOPClassUID == sop_class
    np.testing.assert_allclose(back(data).microvolts, written.microvolts, atol=1e-6)


@pytest.mark.parametrize("written", [recording((*STANDARD, *POSTERIOR)), recording(count=16_385)])
def test_more_leads_or_samples_make_a_general_object(written: Recording) -> None:
    data = write_twelve_lead(written, HEADER)
    assert dcmread(io.BytesIO(data)).SOPClassUID == GeneralECGWaveformStorage
    assert back(data).leads == written.leads


def test_every_lead_this_centre_knows_has_a_code() -> None:
    assert back(write_twelve_lead(recording(KNOWN), HEADER)).leads == KNOWN


def test_the_case_knows_the_patient_better_than_the_cart() -> None:
    patient = PatientFacts("P9", "测试乙", "M", date(1970, 5, 1), "56Y")
    header = replace(HEADER, patient=patient, accession_number="ACC9", institution="测试县医院", study_id="S1")
    data = write_twelve_lead(recording(), header)
    assert back(data).patient == patient and back(data).accession_number == "ACC9"
    assert dcmread(io.BytesIO(data)).InstitutionName == "测试县医院"


def test_a_long_accession_number_is_left_out_rather_than_cut() -> None:
    assert back(write_twelve_lead(recording(), replace(HEADER, accession_number="A" * 17))).accession_number == ""


def test_text_that_would_divide_a_value_does_not() -> None:
    odd = replace(recording(), device=Device("A\\B\nC" + "x" * 90), patient=PatientFacts("T\\1", "Ce=Shi^Yi"))
    read = back(write_twelve_lead(odd, HEADER))
    assert read.device.manufacturer.startswith("A/BC") and read.patient.id == "T/1"
    assert read.patient.name == "Ce Shi Yi"


def test_an_empty_cart_writes_no_annotations() -> None:
    bare = Recording("csv", 500.0, ("II",), recording().microvolts[:1])
    data_set = dcmread(io.BytesIO(write_twelve_lead(bare, HEADER)))
    assert "WaveformAnnotationSequence" not in data_set and data_set.PatientID == ""


# Of type 1 (a value) and type 2 (there, perhaps empty) in the modules PS3.3 A.34.3.3 makes mandatory.
TYPE_1 = [
    "SOPClassUID",
    "SOPInstanceUID",
    "SpecificCharacterSet",
    "Modality",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "InstanceNumber",
    "ContentDate",
    "ContentTime",
    "AcquisitionDateTime",
    "WaveformSequence",
]
TYPE_2 = [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "SeriesNumber",
    "Manufacturer",
    "AcquisitionContextSequence",
]
GROUP_TYPE_1 = [
    "WaveformOriginality",
    "NumberOfWaveformChannels",
    "NumberOfWaveformSamples",
    "SamplingFrequency",
    "ChannelDefinitionSequence",
    "WaveformBitsAllocated",
    "WaveformSampleInterpretation",
    "WaveformData",
]
CHANNEL_TYPE_1 = [
    "ChannelSourceSequence",
    "ChannelSensitivity",
    "ChannelSensitivityUnitsSequence",
    "ChannelSensitivityCorrectionFactor",
    "ChannelBaseline",
    "ChannelSampleSkew",
    "WaveformBitsStored",
]


def test_required_attributes_are_there() -> None:
    data_set = dcmread(io.BytesIO(write_twelve_lead(with_derived_limb_leads(recording()), HEADER)))
    assert_values(data_set, TYPE_1)
    assert [keyword for keyword in TYPE_2 if keyword not in data_set] == []
    (group,) = data_set.WaveformSequence
    assert_values(group, GROUP_TYPE_1)
    assert len(group.ChannelDefinitionSequence) == group.NumberOfWaveformChannels == 12
    assert len(group.WaveformData) == 12 * 5000 * 2 and group.WaveformSampleInterpretation == "SS"
    for channel in group.ChannelDefinitionSequence:
        assert_values(channel, CHANNEL_TYPE_1)
        assert_coded(channel.ChannelSourceSequence[0])
    for item in data_set.AcquisitionContextSequence:
        assert item.ValueType == "CODE"
        assert_coded(item.ConceptNameCodeSequence[0])
        assert_coded(item.ConceptCodeSequence[0])
    for item in data_set.WaveformAnnotationSequence:
        assert list(item.ReferencedWaveformChannels) == [1, 0]
        meanings = {"UnformattedTextValue", "NumericValue", "ReferencedSamplePositions"} & {e.keyword for e in item}
        assert len(meanings) == 1
        if "NumericValue" in item:
            assert_coded(item.ConceptNameCodeSequence[0])
            assert_coded(item.MeasurementUnitsCodeSequence[0])


def test_derived_leads_say_how() -> None:
    data_set = dcmread(io.BytesIO(write_twelve_lead(with_derived_limb_leads(recording()), HEADER)))
    channels = data_set.WaveformSequence[0].ChannelDefinitionSequence
    said = {c.ChannelLabel: c.get("ChannelDerivationDescription") for c in channels}
    assert said["III"] == "II - I" and said["aVL"] == "I - II / 2" and said["II"] is None


def assert_values(data_set: Dataset, keywords: list[str]) -> None:
    assert [keyword for keyword in keywords if data_set.get(keyword) in (None, "", [])] == []


def assert_coded(item: Dataset) -> None:
    assert_values(item, ["CodeValue", "CodingSchemeDesignator", "CodeMeaning"])

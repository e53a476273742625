"""DICOM waveforms: what pydicom and ecgdatakit read in them, and where both are not to be followed."""

import io
import warnings
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from ecgdatakit import FileParser
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import (
    AmbulatoryECGWaveformStorage,
    CTImageStorage,
    ExplicitVRBigEndian,
    General32bitECGWaveformStorage,
    GeneralECGWaveformStorage,
    HemodynamicWaveformStorage,
    TwelveLeadECGWaveformStorage,
)

from services.ecg.parse.dicom import DicomReader
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from tests.support.dicom_files import ct
from tests.support.ecg_dicom import (
    SYNTAXES,
    FakeGroup,
    code,
    curve,
    measurement,
    twelve,
    waveform_file,
)


def read(data: bytes) -> Recording:
    return DicomReader().read(SourceFile("ecg.dcm", data), {}).recording


def refusal_of(data: bytes) -> RefusalCode:
    with pytest.raises(Refused) as caught:
        read(data)
    return caught.value.code


def sample_file() -> bytes:
    return Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes()


def pydicom_says(data: bytes, group: int = 0) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(io.BytesIO(data)).waveform_array(group).T


def test_the_sample_of_pydicom_reads_as_pydicom_reads_it() -> None:
    recording = read(sample_file())
    assert recording.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    assert recording.sampling_rate_hz == 1000 and recording.resolution_uv == 1.25
    np.testing.assert_array_equal(recording.microvolts, pydicom_says(sample_file()))
    assert recording.recorded_at == datetime(2013, 1, 25, 2, 59, 19, tzinfo=UTC)
    assert recording.statements == ("RITMO SINUSALE", "ECG NORMALE")
    assert (recording.cart.pr_ms, recording.cart.qrs_ms, recording.cart.qt_ms) == (161, 75, 368)
    assert (recording.cart.p_axis_deg, recording.cart.qrs_axis_deg, recording.cart.t_axis_deg) == (74, 52, 57)
    assert (recording.filters.low_cut_hz, recording.filters.high_cut_hz, recording.filters.notch_hz) == (
        0.05,
        300,
        None,
    )
    assert recording.patient.birth_date == date(1971, 1, 23) and recording.patient.age == "42Y"


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["ECGToolkit_Example.dcm", "example-DICOM1.dcm", "waveform_ecg.dcm"])
def test_real_files_agree_with_two_other_readers(corpus: Path, name: str) -> None:
    path = corpus / "ecg" / "dicom" / name
    recording = read(path.read_bytes())
    np.testing.assert_array_equal(recording.microvolts, pydicom_says(path.read_bytes()))
    assert not np.isnan(recording.microvolts).any()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = {lead.label: np.asarray(lead.samples) * 1000 for lead in FileParser().parse(path).leads}
    for lead in recording.leads:
        known = ~np.isnan(theirs[lead])  # padding 0 makes it drop every true zero of one file
        np.testing.assert_allclose(recording.lead(lead)[known], theirs[lead][known], atol=1e-6)
        assert (recording.lead(lead)[~known] == 0).all()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_uncompressed_transfer_syntax(syntax: str) -> None:
    recording = read(waveform_file(syntax=syntax))
    for lead, stored in twelve().items():
        np.testing.assert_array_equal(recording.lead(lead), stored * 2.5)


def test_a_data_set_without_preamble_or_meta_information() -> None:
    data = waveform_file()
    start = data.index(b"\x08\x00\x05\x00CS")
    assert DicomReader().recognizes(data[start:])
    np.testing.assert_array_equal(read(data[start:]).microvolts, read(data).microvolts)


@pytest.mark.parametrize("kind", ["SS", "US", "SB", "UB", "SL", "UL"])
@pytest.mark.parametrize("syntax", [SYNTAXES[0], ExplicitVRBigEndian])
def test_every_linear_sample_type(kind: str, syntax: str) -> None:
    stored = np.abs(curve(amplitude=90)) if kind.startswith("U") else curve(amplitude=90)
    recording = read(waveform_file([FakeGroup({"II": stored}, kind=kind)], syntax=syntax))
    np.testing.assert_array_equal(recording.lead("II"), stored * 2.5)


@pytest.mark.parametrize(
    ("kind", "loud", "quiet"), [("MB", {0x00: -32124, 0x80: 32124}, 0xFF), ("AB", {0x2A: -32256, 0xAA: 32256}, 0xD5)]
)
def test_companded_samples_are_expanded_and_doubted(kind: str, loud: dict[int, int], quiet: int) -> None:
    stored = np.full(1000, quiet)
    stored[: len(loud)] = list(loud)
    recording = read(waveform_file([FakeGroup({"II": stored}, kind=kind, sensitivity="1")]))
    assert list(recording.lead("II")[:2]) == list(loud.values())
    assert abs(recording.lead("II")[-1]) <= 8
    assert Remark.scale_assumed in recording.remarks


def test_sensitivity_correction_and_baseline_in_millivolts() -> None:
    group = FakeGroup({"II": curve()}, sensitivity="0.005", correction="0.5", baseline="0.1", unit="mV")
    np.testing.assert_allclose(read(waveform_file([group])).lead("II"), curve() * 2.5 + 100)


def test_without_a_unit_the_scale_is_assumed_and_said() -> None:
    for sensitivity, step in (("2.5", 2.5), ("0.0025", 2.5)):
        recording = read(waveform_file([FakeGroup({"II": curve()}, sensitivity=sensitivity, unit=None)]))
        np.testing.assert_allclose(recording.lead("II"), curve() * step)
        assert recording.remarks == (Remark.scale_assumed,)


def test_without_any_scale_it_is_refused() -> None:
    assert refusal_of(waveform_file([FakeGroup({"II": curve()}, sensitivity=None)])) == RefusalCode.samples_invalid
    assert refusal_of(waveform_file([FakeGroup({"II": curve()}, sensitivity="0")])) == RefusalCode.samples_invalid


def test_padding_of_zero_leaves_true_zeros_alone() -> None:
    recording = read(waveform_file([FakeGroup({"II": curve()}, padding=0)]))
    assert (curve() == 0).sum() > 100
    np.testing.assert_array_equal(recording.lead("II"), curve() * 2.5)


def test_padding_of_zero_counts_where_it_stands_for_a_second() -> None:
    stored = curve()
    stored[3000:] = 0
    recording = read(waveform_file([FakeGroup({"I": curve(), "II": stored}, padding=0)]))
    assert np.isnan(recording.lead("II")[3000:]).all() and not np.isnan(recording.lead("II")[:2990]).any()
    assert recording.remarks == (Remark.samples_missing,)


def test_padding_no_amplifier_gives_counts_at_once() -> None:
    stored = curve()
    stored[[5, 900]] = -32768
    recording = read(waveform_file([FakeGroup({"II": stored}, padding=-32768)]))
    assert list(np.flatnonzero(np.isnan(recording.lead("II")))) == [5, 900]


@pytest.mark.parametrize(
    "beat",
    [
        {"label": "MEDIAN BEAT"},
        {"label": "X", "originality": "DERIVED"},
        {"label": ""},
    ],
)
@pytest.mark.parametrize("beat_first", [True, False])
def test_the_median_beat_is_not_the_rhythm(beat: dict[str, str], beat_first: bool) -> None:
    median = FakeGroup({lead: stored[:600] for lead, stored in twelve().items()}, **beat)
    rhythm = FakeGroup(twelve(), label="")
    recording = read(waveform_file([median, rhythm] if beat_first else [rhythm, median]))
    assert recording.duration_s == 10
    np.testing.assert_array_equal(recording.lead("V1"), twelve()["V1"] * 2.5)
    assert recording.remarks == ()


def test_four_groups_in_turn_become_one_recording_with_gaps() -> None:
    leads = twelve()
    names = [("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6")]
    groups = [
        FakeGroup({name: leads[name][:1250] for name in three}, offset_ms=str(2500 * turn))
        for turn, three in enumerate(names)
    ]
    recording = read(waveform_file([*groups, FakeGroup({"II": leads["II"]})]))
    assert recording.duration_s == 10 and set(recording.leads) == set(leads)
    np.testing.assert_array_equal(recording.lead("II"), leads["II"] * 2.5)
    np.testing.assert_array_equal(recording.lead("V4")[3750:], leads["V4"][:1250] * 2.5)
    assert np.isnan(recording.lead("V4")[:3750]).all()
    assert set(recording.remarks) == {Remark.samples_missing, Remark.leads_ignored}


@pytest.mark.parametrize("group", [{"scheme": "SCPECG"}, {"label_only": True}, {}])
def test_leads_by_code_or_label(group: dict[str, str]) -> None:
    assert read(waveform_file([FakeGroup(twelve(), **group)])).leads == tuple(twelve())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("charset", "name", "assumed"),
    [
        ("GB18030", "Ce^Shi=测试^甲".encode("gb18030"), False),
        ("GBK", "测试甲".encode("gbk"), False),
        ("ISO_IR 192", "Ce^Shi=测试^甲".encode(), False),
        (None, "测试甲".encode("gb18030"), True),
        ("ISO_IR 100", "测试甲".encode("gb18030"), True),
        ("ISO_IR 100", "测试甲".encode(), True),
        ("ISO_IR 192", "测试甲".encode("gb18030"), True),
        ("\\ISO 2022 IR 58", b"Ce^Shi=\x1b$)A" + "测试".encode("gb2312") + b"^\x1b$)A" + "甲".encode("gb2312"), False),
    ],
)
def test_chinese_names(charset: str | None, name: bytes, assumed: bool) -> None:
    placeholder = b"N" * (len(name) + len(name) % 2)
    data = waveform_file(charset=None, PatientName=placeholder.decode())
    data = data.replace(placeholder, name + b" " * (len(name) % 2))
    if charset is not None:
        text = charset.encode() + b" " * (len(charset) % 2)
        at = data.index(b"\x08\x00\x16\x00UI")
        data = data[:at] + b"\x08\x00\x05\x00CS" + len(text).to_bytes(2, "little") + text + data[at:]
    recording = read(data)
    assert recording.patient.name == "测试甲"
    assert (Remark.charset_assumed in recording.remarks) is assumed


@pytest.mark.parametrize(
    ("attributes", "hour"),
    [
        ({"AcquisitionDateTime": "20261121102000"}, 2),
        ({"AcquisitionDateTime": "20261121102000.000+0100"}, 9),
        ({"AcquisitionDateTime": "20261121102000", "TimezoneOffsetFromUTC": "-0500"}, 15),
        ({"AcquisitionDateTime": "", "ContentDate": "20261121", "ContentTime": "102000.5"}, 2),
        ({"AcquisitionDateTime": "20261321102000", "StudyDate": "20261121", "StudyTime": "1020"}, 2),
    ],
)
def test_the_time_of_the_recording(attributes: dict[str, str], hour: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recorded_at = read(waveform_file(**attributes)).recorded_at
    assert recorded_at is not None
    assert recorded_at.replace(microsecond=0) == datetime(2026, 11, 21, hour, 20, tzinfo=UTC)


def test_no_time_at_all_is_said() -> None:
    recording = read(waveform_file(AcquisitionDateTime=""))
    assert recording.recorded_at is None and recording.remarks == (Remark.time_missing,)


def test_measurements_of_every_scheme() -> None:
    recording = read(
        waveform_file(
            annotations=[
                measurement("2:15872", "MDC", "PR interval global", "0.16", "s"),
                measurement("5.13.5-9", "SCPECG", "QRS Duration", "92"),
                measurement("X9", "99LOCAL", "Ventricular Rate", "71", "/min"),
                measurement("5.10.3-13", "SCPECG", "QRS Axis", "-61", "ms"),
                measurement("2:15892", "MDC", "QTc Fridericia", "401"),
                measurement("2:15880", "MDC", "QTc Bazett", "417"),
                measurement("5.13.5-11", "SCPECG", "QT Interval", "29999"),
                measurement("2:16128", "MDC", "P Axis", "29999", "deg"),
            ]
        )
    )
    cart = recording.cart
    assert (cart.pr_ms, cart.qrs_ms, cart.heart_rate_bpm, cart.qrs_axis_deg, cart.qtc_ms) == (160, 92, 71, -61, 417)
    assert cart.qt_ms is None and cart.p_axis_deg is None


def test_pacing_spikes_of_the_group_that_is_read() -> None:
    def spikes(concept: Dataset, **where: object) -> Dataset:
        item = Dataset()
        item.ReferencedWaveformChannels = [1, 0]
        item.AnnotationGroupNumber = 1
        item.ConceptNameCodeSequence = [concept]
        for keyword, value in where.items():
            setattr(item, keyword, value)
        return item

    pace = code("10:5120", "MDC", "ventricle Antibradycardia pace spike")
    elsewhere = spikes(pace, ReferencedSamplePositions=77)
    elsewhere.ReferencedWaveformChannels = [2, 0]
    annotations = [
        spikes(pace, ReferencedSamplePositions=[101, 501]),
        spikes(code("S", "99LOCAL", "Pacer Spike"), ReferencedTimeOffsets=["2000", "99999999"]),
        spikes(code("5.10.3-1", "SCPECG", "P onset"), ReferencedSamplePositions=143),
        elsewhere,
    ]
    assert read(waveform_file(annotations=annotations)).spike_samples == (100, 500, 1000)


def test_an_image_is_sent_to_the_imaging_centre() -> None:
    with pytest.raises(Refused) as caught:
        read(ct(rows=8, columns=8))
    assert caught.value.code == RefusalCode.not_ecg and "影像中心" in caught.value.detail
    assert refusal_of(waveform_file(sop_class=CTImageStorage)) == RefusalCode.not_ecg


def test_the_catheter_laboratory_is_refused() -> None:
    group = FakeGroup({"II": curve()}, rate_hz="240")
    assert refusal_of(waveform_file([group], sop_class=HemodynamicWaveformStorage)) == RefusalCode.not_ecg


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (FakeGroup({"II": curve(400)}), RefusalCode.too_short),
        (FakeGroup({"II": curve(30_001)}, rate_hz="50"), RefusalCode.too_long),
        (FakeGroup({"II": curve()}, rate_hz="10"), RefusalCode.samples_invalid),
        (FakeGroup({"II": curve()}, unit="mm[Hg]"), RefusalCode.no_waveform),
        (FakeGroup({"nonsense": curve()}), RefusalCode.no_waveform),
        (FakeGroup({"II": np.full(1000, -32768)}, padding=-32768), RefusalCode.no_waveform),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(group: FakeGroup, expected: RefusalCode) -> None:
    assert refusal_of(waveform_file([group])) == expected


def test_channels_that_are_no_lead_are_left_out_and_said() -> None:
    recording = read(waveform_file([FakeGroup({"II": curve(), "nonsense": curve()})]))
    assert recording.leads == ("II",) and recording.remarks == (Remark.leads_ignored,)


def test_a_curve_upside_down_is_not_taken_for_its_lead() -> None:
    data = waveform_file([FakeGroup({"II": curve(), "aVR": curve(seed=2)})])
    recording = read(data.replace(b"2:62", b"2:65"))
    assert recording.leads == ("II",) and recording.remarks == (Remark.leads_ignored,)


def test_the_code_of_a_derived_lead_marks_it() -> None:
    recording = read(waveform_file([FakeGroup({"II": curve(), "III": curve(seed=2)})]).replace(b"2:61", b"2:37"))
    assert recording.leads == ("II", "V5") and recording.derived == {"V5"}


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        (TwelveLeadECGWaveformStorage, "SS"),
        (GeneralECGWaveformStorage, "SS"),
        (General32bitECGWaveformStorage, "SL"),
        (AmbulatoryECGWaveformStorage, "SB"),
    ],
)
def test_every_class_of_surface_ecg(sop_class: str, kind: str) -> None:
    stored = curve(amplitude=90)
    recording = read(waveform_file([FakeGroup({"II": stored}, kind=kind, rate_hz="128")], sop_class=sop_class))
    np.testing.assert_array_equal(recording.lead("II"), stored * 2.5)
    assert recording.sampling_rate_hz == 128

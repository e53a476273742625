"""GE MUSE XML."""

from pathlib import Path

import numpy as np
import pytest

from services.ecg.parse.muse import MuseReader
from services.ecg.parse.recording import CartMeasurements, Device, Filters
from services.ecg.parse.refusal import RefusalCode, Remark
from tests.support.ecg_xml import EIGHT, assert_agrees_with_kit, assert_survives, muse, read, refusal, steps

_READER = MuseReader()


def test_the_rhythm_is_read_and_not_the_median() -> None:
    values = steps(8)
    recording = read(_READER, muse(values))
    assert recording.leads == EIGHT
    assert np.allclose(recording.microvolts, values * 4.88)
    assert recording.sampling_rate_hz == 500
    assert recording.resolution_uv == 4.88
    assert recording.recorded_at is not None
    assert recording.recorded_at.isoformat() == "2024-01-02T00:30:00+00:00"
    assert recording.remarks == ()
    assert (recording.patient.name, recording.patient.sex, recording.patient.age) == ("测试乙", "M", "8M")
    assert recording.device == Device("GE", "MAC55", "7")
    assert recording.filters == Filters(0.05, 150, 50)
    assert recording.cart == CartMeasurements(
        heart_rate_bpm=72, pr_ms=150, qrs_ms=90, qt_ms=400, p_axis_deg=50, qrs_axis_deg=-30, t_axis_deg=40
    )
    assert recording.statements == ("Sinus rhythm", "Normal ECG")


def test_fifteen_leads_with_right_and_posterior_ones() -> None:
    names = (*EIGHT, "V3R", "V4R", "V7")
    assert read(_READER, muse(steps(11), names)).leads == names


def test_chinese_written_as_gbk_under_a_latin_declaration_is_found() -> None:
    prolog = '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE RestingECG SYSTEM "restecg.dtd">'
    recording = read(_READER, muse(steps(8), prolog=prolog).encode("gbk"))
    assert recording.patient.name == "测试乙"
    assert recording.remarks == (Remark.charset_assumed,)


def test_exponent_and_unit_count() -> None:
    values = steps(8)
    recording = read(_READER, muse(values, unit="MILLIVOLTS", per_bit="0.005", base_and_exponent=("25", "1")))
    assert recording.sampling_rate_hz == 250
    assert np.allclose(recording.microvolts, values * 5)


@pytest.mark.parametrize(("base", "exponent"), [("0", "0"), ("", "0"), ("500", "9"), ("-500", "0"), ("1", "99")])
def test_an_impossible_rate_is_refused(base: str, exponent: str) -> None:
    assert refusal(_READER, muse(steps(8), base_and_exponent=(base, exponent))) == RefusalCode.format_broken


def test_without_a_rhythm_it_is_refused() -> None:
    assert refusal(_READER, muse(steps(8), kinds=("Median",))) == RefusalCode.no_waveform
    assert refusal(_READER, "<RestingECG/>") == RefusalCode.no_waveform


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<LeadSampleCountTotal>1000<", "<LeadSampleCountTotal>5000<"),
        ("<LeadByteCountTotal>2000<", "<LeadByteCountTotal>2002<"),
        ("<WaveFormData>", "<WaveFormData>*"),
        ("<WaveFormData>", "<WaveFormData>测"),
        ("MICROVOLTS", "FURLONGS"),
        ("<LeadAmplitudeUnitsPerBit>4.88<", "<LeadAmplitudeUnitsPerBit>NaN<"),
        ("<LeadSampleSize>2<", "<LeadOffsetFirstSample>9999</LeadOffsetFirstSample><LeadSampleSize>2<"),
    ],
)
def test_samples_that_lie_are_refused(old: str, new: str) -> None:
    assert refusal(_READER, muse(steps(8)).replace(old, new)) == RefusalCode.samples_invalid


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CONTINUOUS_SAMPLES", "COMPRESSED"),
        ("<LeadSampleSize>2<", "<LeadSampleSize>3<"),
    ],
)
def test_unknown_variants_are_refused(old: str, new: str) -> None:
    assert refusal(_READER, muse(steps(8)).replace(old, new)) == RefusalCode.format_unsupported


def test_leads_of_different_times_are_refused() -> None:
    text = muse(steps(8), kinds=("Rhythm",)).replace("<LeadTimeOffset>0<", "<LeadTimeOffset>2500<", 1)
    assert refusal(_READER, text) == RefusalCode.format_unsupported


def test_a_wrong_checksum_is_said() -> None:
    text = muse(steps(8)).replace("<LeadDataCRC32>", "<LeadDataCRC32>1")
    assert read(_READER, text).remarks == (Remark.checksum_wrong,)


def test_invalid_first_samples_and_a_lead_that_was_off_have_no_value() -> None:
    values = steps(8)
    values[7] = 12
    extra = "<LeadOff>TRUE</LeadOff><LeadOffsetFirstSample>20</LeadOffsetFirstSample>"
    recording = read(_READER, muse(values, lead_extra=extra))
    assert np.isnan(recording.lead("V6")).all()
    assert np.isnan(recording.lead("I")[:10]).all()
    assert np.allclose(recording.lead("I")[10:], values[0, 10:] * 4.88)
    assert recording.remarks == (Remark.samples_missing,)


def test_the_p_wave_is_measured_from_marks_only_where_they_are_samples() -> None:
    marks = "<POnset>100</POnset><POffset>150</POffset><QOnset>200</QOnset><QOffset>{}</QOffset>"
    text = muse(steps(8)).replace(
        "<VentricularRate>", "<ECGSampleBase>500</ECGSampleBase>" + marks + "<VentricularRate>"
    )
    assert read(_READER, text.format(245)).cart.p_ms == 100
    assert read(_READER, text.format(290)).cart.p_ms is None


def test_a_time_that_cannot_be_read_is_said() -> None:
    recording = read(_READER, muse(steps(8), date="soon"))
    assert recording.recorded_at is None
    assert recording.remarks == (Remark.time_missing,)


def test_no_damage_breaks_the_reader() -> None:
    assert_survives(_READER, muse(steps(8)).encode())


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "rate"), [("muse_example1.xml", 48), ("muse_example2.xml", 65)])
def test_real_files_agree_with_another_library(corpus: Path, name: str, rate: float) -> None:
    path = corpus / "ecg/muse" / name
    recording = read(_READER, path.read_bytes())
    assert recording.microvolts.shape == (8, 5000)
    assert recording.cart.heart_rate_bpm == rate
    assert recording.filters.low_cut_hz == 0.16
    assert_agrees_with_kit(recording, path)
    assert_survives(_READER, path.read_bytes())

"""HL7 annotated ECG."""

from pathlib import Path

import numpy as np
import pytest
from ecgdatakit import FileParser

from services.ecg.parse.aecg import AecgReader
from services.ecg.parse.recording import CartMeasurements, Device, Filters, PatientFacts
from services.ecg.parse.refusal import RefusalCode, Remark
from tests.support.ecg_xml import (
    TWELVE,
    aecg,
    aecg_annotation,
    aecg_set,
    assert_agrees_with_kit,
    assert_survives,
    read,
    refusal,
    steps,
)

_READER = AecgReader()
_UV = {"scale": '<scale value="2.5" unit="uV"/>', "origin": '<origin value="0" unit="uV"/>'}


def test_the_rhythm_is_read_and_not_the_beat() -> None:
    values = steps(12)
    recording = read(_READER, aecg(values))
    assert recording.leads == TWELVE
    assert np.array_equal(recording.microvolts, values * 2.5)
    assert recording.sampling_rate_hz == pytest.approx(500)
    assert recording.resolution_uv == 2.5
    assert recording.recorded_at is not None
    assert recording.recorded_at.isoformat() == "2024-01-02T00:30:00+00:00"
    assert recording.remarks == ()
    assert recording.device == Device("测试心电", "M1", "SN9", "2.0")
    assert recording.filters == Filters(0.05, 150, 50)


def test_a_chinese_patient_in_gb18030() -> None:
    text = aecg(steps(12), prolog='<?xml version="1.0" encoding="GB18030"?>')
    patient = read(_READER, text.encode("gb18030")).patient
    assert (patient.id, patient.name, patient.sex, patient.age) == ("P-0001", "测试甲", "F", "53Y")
    assert patient.birth_date is not None


def test_a_file_without_a_patient_has_none() -> None:
    text = aecg(steps(12))
    start, end = text.index("<componentOf>"), text.rindex("</componentOf>") + len("</componentOf>")
    assert read(_READER, text[:start] + text[end:]).patient == PatientFacts()


@pytest.mark.parametrize(("unit", "factor"), [("nV", 1e-3), ("uV", 1), ("mV", 1e3), ("V", 1e6)])
def test_scale_and_origin_have_units_of_their_own(unit: str, factor: float) -> None:
    values = steps(12)
    text = aecg(values, scale=f'<scale value="{2 / factor}" unit="{unit}"/>', origin='<origin value="0.3" unit="mV"/>')
    assert np.allclose(read(_READER, text).microvolts, values * 2 + 300)


def test_a_missing_unit_is_said_and_a_wrong_one_refused() -> None:
    assert Remark.scale_assumed in read(_READER, aecg(steps(12), scale='<scale value="1"/>')).remarks
    for scale in ('<scale value="1" unit="kg"/>', '<scale value="NaN" unit="uV"/>', "", '<scale value="0" unit="uV"/>'):
        assert refusal(_READER, aecg(steps(12), scale=scale)) == RefusalCode.samples_invalid


@pytest.mark.parametrize(
    ("increment", "rate"), [('value="2" unit="ms"', 500), ('value="1000" unit="us"', 1000), ('value="0.004"', 250)]
)
def test_the_clock_may_be_relative_and_in_any_unit(increment: str, rate: float) -> None:
    clock = f'<value xsi:type="GLIST_PQ"><head value="0" unit="s"/><increment {increment}/></value>'
    recording = read(_READER, aecg(steps(12, 2000), clock=clock))
    assert recording.sampling_rate_hz == pytest.approx(rate)


@pytest.mark.parametrize("increment", ['value="0" unit="s"', 'value="-1" unit="s"', 'value="1" unit="m"', 'value="9"'])
def test_a_clock_that_does_not_go_is_refused(increment: str) -> None:
    clock = f'<value><head value="20240102083000"/><increment {increment}/></value>'
    assert refusal(_READER, aecg(steps(12), clock=clock)) == RefusalCode.format_broken


def test_a_day_alone_is_no_time() -> None:
    clock = '<value><head value="0" unit="s"/><increment value="2" unit="ms"/></value>'
    recording = read(_READER, aecg(steps(12), clock=clock, start="20240102"))
    assert recording.recorded_at is None
    assert recording.remarks == (Remark.time_missing,)


def test_sets_of_other_leads_and_later_times_lie_on_one_line() -> None:
    values = steps(12)
    later = '<value><head value="20240102083002.000+0800"/><increment value="0.002" unit="s"/></value>'
    second = aecg_set(values[6:], TWELVE[6:], clock=later, **_UV)
    recording = read(_READER, aecg(values[:6], TWELVE[:6], extra_sets=second))
    assert recording.leads == TWELVE
    assert recording.microvolts.shape == (12, 2000)
    assert np.array_equal(recording.lead("I")[:1000], values[0] * 2.5)
    assert np.isnan(recording.lead("I")[1000:]).all()
    assert np.array_equal(recording.lead("V1")[1000:], values[6] * 2.5)
    assert recording.remarks == (Remark.samples_missing,)


def test_overlapping_and_far_sets_are_refused() -> None:
    values = steps(2)
    for at, code in (("20240102083001", RefusalCode.format_broken), ("20250102083000", RefusalCode.too_long)):
        clock = f'<value><head value="{at}+0800"/><increment value="0.002" unit="s"/></value>'
        second = aecg_set(values, ("I", "II"), clock=clock, **_UV)
        assert refusal(_READER, aecg(values, ("I", "II"), extra_sets=second)) == code


def test_unknown_leads_are_left_out_and_named_so() -> None:
    recording = read(_READER, aecg(steps(3), ("I", "II", "PLETH")))
    assert recording.leads == ("I", "II")
    assert recording.remarks == (Remark.leads_ignored,)


def test_without_a_rhythm_it_is_refused() -> None:
    assert refusal(_READER, aecg(steps(12), code="REPRESENTATIVE_BEAT")) == RefusalCode.no_waveform
    assert refusal(_READER, aecg(steps(1), ("PLETH",))) == RefusalCode.no_waveform
    assert refusal(_READER, "<AnnotatedECG/>") == RefusalCode.no_waveform
    assert refusal(_READER, aecg(steps(12, 100))) == RefusalCode.too_short
    assert refusal(_READER, aecg(steps(1, 300_001), ("I",))) == RefusalCode.too_long


def test_the_cart_measured_and_stated() -> None:
    one_lead = (
        "<support><supportingROI><component><boundary><code code='MDC_ECG_LEAD_I'/></boundary></component>"
        "</supportingROI></support>"
    )
    beats = "".join(
        aecg_annotation("MDC_ECG_TIME_PD_QRS", f'<value value="{value}" unit="ms"/>') for value in (90, 100, 140)
    )
    annotations = (
        aecg_annotation("MDC_ECG_HEART_RATE", '<value value="72" unit="bpm"/>')
        + aecg_annotation("MDC_ECG_TIME_PD_QT", '<value value="0.4" unit="s"/>')
        + aecg_annotation(
            "MDC_ECG_TIME_PD_QTc", "", aecg_annotation("MINDRAY_ECG_TIME_PD_QTcH", '<value value="430" unit="ms"/>')
        )
        + aecg_annotation(
            "MDC_ECG_WAVC",
            "",
            one_lead + aecg_annotation("MDC_ECG_TIME_PD_P", '<value value="888" unit="ms"/>'),
        )
        + aecg_annotation("MDC_ECG_TIME_PD_PR", '<value value="999" unit="ms"/>', one_lead)
        + aecg_annotation("MDC_ECG_ANGLE_QRS_FRONT", '<value value="-61" unit="deg"/>')
        + aecg_annotation("MDC_ECG_BEAT", "", beats)
        + aecg_annotation("MDC_ECG_RHY", '<value displayName="Sinus"/>')
        + aecg_annotation(
            "MDC_ECG_INTERPRETATION",
            "",
            aecg_annotation("MDC_ECG_INTERPRETATION_STATEMENT", "<value>窦性心律</value>")
            + aecg_annotation("MDC_ECG_INTERPRETATION_SUMMARY", "<value>NORMAL</value>"),
        )
    )
    recording = read(_READER, aecg(steps(12), annotations=annotations))
    assert recording.cart == CartMeasurements(heart_rate_bpm=72, qt_ms=400, qtc_ms=430, qrs_axis_deg=-61, qrs_ms=100)
    assert recording.statements == ("窦性心律",)


@pytest.mark.parametrize("digit", ["nan", "inf", "1e400", "x"])
def test_samples_that_are_no_numbers_are_refused(digit: str) -> None:
    assert refusal(_READER, aecg(steps(12)).replace("<digits>", f"<digits>{digit} ")) == RefusalCode.samples_invalid


def test_no_damage_breaks_the_reader() -> None:
    assert_survives(_READER, aecg(steps(12, 600)).encode())


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["Example_aECG.xml", "subject1_1.xml"])
def test_real_files_agree_with_another_library(corpus: Path, name: str) -> None:
    path = corpus / "ecg/aecg" / name
    recording = read(_READER, path.read_bytes())
    assert recording.microvolts.shape == (12, 5000)
    assert recording.cart.qrs_axis_deg == -61
    assert recording.statements == ("Sinus Rhythm",)
    assert_agrees_with_kit(recording, path)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["scp/Example.scp", "dicom/ECGToolkit_Example.dcm"])
@pytest.mark.filterwarnings("ignore")  # of the other library
def test_the_same_recording_in_another_format_is_equal_to_the_sample(corpus: Path, name: str) -> None:
    recording = read(_READER, (corpus / "ecg/aecg/Example_aECG.xml").read_bytes())
    for lead in FileParser().parse(corpus / "ecg" / name).leads:
        other = np.asarray(lead.samples) * {"mV": 1000.0, "uV": 1.0}[lead.units]
        present = ~np.isnan(other)  # the library takes true zeros of the DICOM file for padding
        assert present.mean() > 0.95
        assert np.abs(recording.lead(lead.label) - other)[present].max() < 0.01, lead.label


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("broken/ecg/empty.xml", RefusalCode.no_waveform),
        ("broken/ecg/minimum_aecg_nouuid.xml", RefusalCode.too_short),
        ("ecg/aecg/minimum_aecg.xml", RefusalCode.too_short),
        ("ecg/aecg/minimum_aecg_effectiveTime_low.xml", RefusalCode.too_short),
    ],
)
def test_real_files_without_a_readable_rhythm_are_refused(corpus: Path, name: str, code: RefusalCode) -> None:
    assert refusal(_READER, (corpus / name).read_bytes()) == code


@pytest.mark.corpus
def test_no_damage_to_a_real_file_breaks_the_reader(corpus: Path) -> None:
    assert_survives(_READER, (corpus / "ecg/aecg/Example_aECG.xml").read_bytes())

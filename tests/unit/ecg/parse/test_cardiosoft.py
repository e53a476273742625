"""GE CardioSoft XML."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from services.ecg.parse.cardiosoft import CardioSoftReader
from services.ecg.parse.recording import CartMeasurements, Device, Filters
from services.ecg.parse.refusal import RefusalCode, Remark
from tests.support.ecg_xml import TWELVE, assert_survives, cardiosoft, read, refusal, steps

_READER = CardioSoftReader()


def test_the_strip_is_read_and_not_the_median() -> None:
    values = steps(12)
    recording = read(_READER, cardiosoft(values))
    assert recording.leads == TWELVE
    assert np.array_equal(recording.microvolts, values * 5)
    assert recording.sampling_rate_hz == 500
    assert recording.resolution_uv == 5
    assert recording.recorded_at is not None
    assert recording.recorded_at.isoformat() == "2024-01-02T00:30:00+00:00"
    assert recording.accession_number == "ACC-1"
    patient = recording.patient
    assert (patient.id, patient.name, patient.sex, patient.age) == ("P-0004", "Test Ding", "F", "53Y")
    assert recording.device == Device("GE", "CardioSoft", "", "V6")
    assert recording.filters == Filters(0.05, 100, 50)
    assert recording.cart == CartMeasurements(heart_rate_bpm=50, pr_ms=174, qrs_ms=92)
    assert recording.statements == ("Sinus rhythm",)
    assert recording.remarks == ()


def test_a_missing_time_is_said() -> None:
    recording = read(_READER, cardiosoft(steps(12)).replace("ObservationDateTime", "Other"))
    assert recording.recorded_at is None
    assert recording.remarks == (Remark.time_missing,)


def test_without_a_strip_it_is_refused() -> None:
    assert refusal(_READER, cardiosoft(steps(12)).replace("StripData", "OtherData")) == RefusalCode.no_waveform
    assert refusal(_READER, "<CardiologyXML><StripData/></CardiologyXML>") == RefusalCode.no_waveform


def test_samples_that_lie_are_refused() -> None:
    values = steps(12)
    first = ",".join(map(str, values[0, :3].tolist()))
    for text in (
        cardiosoft(values, count=5000),
        cardiosoft(values, unit="mVperLsb"),
        cardiosoft(values).replace(first, "nan,0,0"),
        cardiosoft(values).replace(first, first.replace(",", ",,", 1)),
        cardiosoft(values).replace(first, first.replace(",", ";", 1)),
    ):
        assert refusal(_READER, text) == RefusalCode.samples_invalid


def test_thousands_of_leads_are_refused_unread() -> None:
    text = cardiosoft(steps(12)).replace("<ArrhythmiaResults>", '<WaveformData lead="I">1</WaveformData>' * 50_000, 1)
    assert refusal(_READER, text.replace("</ArrhythmiaResults>", "", 1)) == RefusalCode.too_large


def test_a_rate_is_needed() -> None:
    text = cardiosoft(steps(12)).replace('<SampleRate units="Hz">500<', '<SampleRate units="Hz">0<')
    assert refusal(_READER, text) == RefusalCode.format_broken


def test_no_damage_breaks_the_reader() -> None:
    assert_survives(_READER, cardiosoft(steps(12)).encode())


@pytest.mark.corpus
def test_the_real_file(corpus: Path) -> None:
    """No other library at hand reads it: the strip's own text is the measure, and Einthoven's law holds."""
    path = corpus / "ecg/muse/cardiosoft_example.xml"
    recording = read(_READER, path.read_bytes())
    strip = ElementTree.parse(path).getroot().find("StripData")
    assert strip is not None
    for lead in strip.findall("WaveformData"):
        written = [5.0 * int(word) for word in (lead.text or "").split(",") if word.strip()]
        assert recording.lead(lead.attrib["lead"]).tolist() == written
    assert recording.microvolts.shape == (12, 5000)
    assert np.abs(recording.lead("I") + recording.lead("III") - recording.lead("II")).max() <= 10
    assert recording.statements == ("Sinus bradycardia", "Otherwise normal ECG")
    assert recording.cart.qt_ms == 440
    assert_survives(_READER, path.read_bytes())

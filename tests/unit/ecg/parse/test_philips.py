"""Philips Sierra XML and its compression."""

from pathlib import Path

import numpy as np
import pytest

from services.ecg.parse.philips import PhilipsReader
from services.ecg.parse.philips_xli import decode_xli
from services.ecg.parse.recording import CartMeasurements, Device, Filters
from services.ecg.parse.refusal import RefusalCode, Refused
from tests.support.ecg_xml import (
    TWELVE,
    assert_agrees_with_kit,
    assert_survives,
    philips,
    read,
    refusal,
    steps,
    xli,
)

_READER = PhilipsReader()


@pytest.mark.parametrize("version", ["1.03", "1.04", "1.04.01", "1.04.02"])
@pytest.mark.parametrize("compression", ["XLI", ""])
def test_the_rhythm_is_read_and_not_the_beats(version: str, compression: str) -> None:
    values = steps(12)
    recording = read(_READER, philips(values, version=version, compression=compression))
    assert recording.leads == TWELVE
    assert np.array_equal(recording.microvolts, values * 5)
    assert recording.sampling_rate_hz == 500
    assert recording.remarks == ()


def test_what_stands_around_the_waveform() -> None:
    recording = read(_READER, philips(steps(12)).encode("utf-16"))
    assert recording.recorded_at is not None
    assert recording.recorded_at.isoformat() == "2024-01-02T00:30:00+00:00"
    assert recording.accession_number == "ACC-9"
    patient = recording.patient
    assert (patient.id, patient.name, patient.sex, patient.age) == ("P-0003", "测试丙", "F", "61Y")
    assert recording.device == Device("Philips", "PageWriter", "SN3", "A.01")
    assert recording.filters == Filters(0.05, 150, 50)
    assert recording.cart == CartMeasurements(
        heart_rate_bpm=84, rr_ms=714, pr_ms=144, qrs_ms=84, qt_ms=352, qtc_ms=417, qrs_axis_deg=78
    )
    assert recording.statements == ("SINUS RHYTHM, V-rate 60-99", "- ABNORMAL ECG -")
    assert recording.spike_samples == (200,)  # 400 ms; the one behind the end is none


def test_more_than_twelve_leads() -> None:
    names = (*TWELVE, "V3R", "V4R", "V7", "V8")
    values = steps(16)
    recording = read(_READER, philips(values, names))
    assert recording.leads == names
    assert np.array_equal(recording.microvolts, values * 5)


def test_the_calibration_pulse_behind_the_ecg_is_cut_off() -> None:
    values = steps(12)
    pulse = np.zeros((12, 200), np.int64)
    pulse[:, 50:150] = 200  # 1 mV for 200 ms
    recording = read(_READER, philips(np.concatenate((values, pulse), axis=1)))
    assert np.array_equal(recording.microvolts, values * 5)


def test_a_flat_end_without_a_pulse_stays() -> None:
    values = np.concatenate((steps(12), np.zeros((12, 200), np.int64)), axis=1)
    assert read(_READER, philips(values)).microvolts.shape == (12, 1200)


@pytest.mark.parametrize("kind", ["MortaraECG", ""])
def test_another_document_type_is_refused_by_name(kind: str) -> None:
    assert refusal(_READER, philips(steps(12), kind=kind)) == RefusalCode.format_unsupported
    assert refusal(_READER, philips(steps(12), version="1.05")) == RefusalCode.format_unsupported


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"duration_ms": 1900}, RefusalCode.samples_invalid),
        ({"duration_ms": 2100}, RefusalCode.samples_invalid),
        ({"duration_ms": 0}, RefusalCode.samples_invalid),
        ({"duration_ms": 10**9}, RefusalCode.too_long),
        ({"duration_ms": 10**30}, RefusalCode.too_long),
        ({"body": ""}, RefusalCode.no_waveform),
        ({"body": "rubbish!"}, RefusalCode.samples_invalid),
        ({"body": "AAAA"}, RefusalCode.samples_invalid),
        ({"body": "/////wEAAAA="}, RefusalCode.samples_invalid),
        ({"compression": "ZIP"}, RefusalCode.format_unsupported),
    ],
)
@pytest.mark.parametrize("compression", ["XLI", ""])
def test_waveforms_that_lie_are_refused(changes: dict[str, object], code: RefusalCode, compression: str) -> None:
    text = philips(steps(12), **({"compression": compression} | changes))  # type: ignore[arg-type]
    assert refusal(_READER, text) == code


def test_fewer_chunks_than_leads_are_refused() -> None:
    text = philips(steps(12)).replace('numberofleads="12"', 'numberofleads="13"').replace("V5 V6", "V5 V6 V7")
    assert refusal(_READER, text) == RefusalCode.samples_invalid


def test_without_a_waveform_or_names_it_is_refused() -> None:
    assert refusal(_READER, philips(steps(12)).replace("parsedwaveforms", "other")) == RefusalCode.no_waveform
    assert refusal(_READER, philips(steps(12)).replace("leadlabels", "labels")) == RefusalCode.format_broken


def test_large_steps_survive_the_compression() -> None:
    """Second differences up to the 16 bits that hold them."""
    values = np.tile(np.array([0, 8000, -8000, 8000, 0, 3]), 200)[None, :]
    (decoded,) = decode_xli(xli(values, ("V1",)), values.shape[1])
    assert np.array_equal(decoded, values[0])


def test_a_code_from_the_future_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        list(decode_xli(b"\x05\0\0\0\1\0\0\0" + b"\x41\x00\x00\x00\x00", 4))
    assert caught.value.code == RefusalCode.samples_invalid


def test_no_damage_breaks_the_reader() -> None:
    assert_survives(_READER, philips(steps(12)).encode())
    assert_survives(_READER, philips(steps(12), compression="").encode("utf-16"))


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "samples", "last"),
    [("129DYPRG.XML", 5264, "- ABNORMAL ECG -"), ("3191723_ZZDEMOPTONLY_1-04_orig.xml", 5300, "- ABNORMAL ECG -")],
)
def test_real_files_agree_with_another_library(corpus: Path, name: str, samples: int, last: str) -> None:
    """Up to where the calibration begins, which that library keeps."""
    path = corpus / "ecg/philips" / name
    recording = read(_READER, path.read_bytes())
    assert recording.microvolts.shape == (12, samples)
    assert recording.statements[-1] == last
    assert_agrees_with_kit(recording, path)
    assert_survives(_READER, path.read_bytes())


@pytest.mark.corpus
def test_the_real_file_of_another_type_is_refused(corpus: Path) -> None:
    assert refusal(_READER, (corpus / "broken/ecg/invalid-doc-type.xml").read_bytes()) == RefusalCode.format_unsupported

"""Real carts' SCP files: against another decoder, and against the same ECG in other formats."""

import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from ecgdatakit import FileParser

from services.ecg.parse.read_upload import read_upload
from services.ecg.parse.reader import SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import RefusalCode, Refused
from services.ecg.parse.scp.reader import ScpReader

pytestmark = pytest.mark.corpus
STANDARD_FILES = ("Example.scp", "ECG_00000000_000000_ANON000001.SCP", "ECG_20070321_110542_ANON000004.SCP")


def source(path: Path) -> SourceFile:
    return SourceFile(path.name, path.read_bytes())


def read(path: Path) -> Recording:
    return ScpReader().read(source(path), {}).recording


@pytest.mark.parametrize("name", STANDARD_FILES)
def test_another_decoder_gives_the_same_samples(corpus: Path, name: str) -> None:
    path = corpus / "ecg/scp" / name
    started = time.perf_counter()
    recording = read(path)
    print(f"{name}: {(time.perf_counter() - started) * 1000:.0f} ms")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        others = FileParser().parse(path).leads
    assert recording.leads == tuple(lead.label for lead in others)
    for ours, other in zip(recording.microvolts, others, strict=True):
        assert other.units == "mV"
        assert other.sampling_rate == recording.sampling_rate_hz
        steps = recording.resolution_uv
        np.testing.assert_array_equal(np.round(ours / steps), np.round(other.samples * 1000 / steps))


def test_one_ecg_in_three_formats_is_one_ecg(corpus: Path) -> None:
    paths = ("scp/Example.scp", "aecg/Example_aECG.xml", "dicom/ECGToolkit_Example.dcm")
    upload = read_upload([source(corpus / "ecg" / path) for path in paths])
    scp, aecg, dicom = (taken.recording for taken in upload.recordings)
    assert [recording.format for recording in (scp, aecg, dicom)] == ["scp", "aecg", "dicom"]
    for other in (aecg, dicom):
        assert other.leads == scp.leads
        assert other.sampling_rate_hz == scp.sampling_rate_hz == 500
        np.testing.assert_allclose(other.microvolts, scp.microvolts, rtol=0, atol=1e-6)
    assert scp.microvolts.shape == (12, 5000)
    assert scp.patient.id == aecg.patient.id
    assert (scp.cart.pr_ms, scp.cart.qrs_ms, scp.cart.qt_ms, scp.cart.qrs_axis_deg) == (148, 120, 420, -61)


def test_the_marks_give_what_the_cart_says_of_every_lead(corpus: Path) -> None:
    cart = read(corpus / "ecg/scp" / STANDARD_FILES[1]).cart
    assert (cart.pr_ms, cart.qrs_ms, cart.qt_ms, cart.qtc_ms, cart.heart_rate_bpm) == (177, 100, 343, 401, 82)


def test_swedish_statements_stay_swedish(corpus: Path) -> None:
    assert "AV-block I (begränsad)" in read(corpus / "ecg/scp" / STANDARD_FILES[1]).statements


@pytest.mark.parametrize(
    ("path", "code", "word"),
    [
        ("ecg/scp/62.SCP", RefusalCode.format_unsupported, "EN 1064"),
        ("broken/ecg/test_log.SCP", RefusalCode.format_broken, "段指针"),
    ],
)
def test_what_is_no_standard_file_is_refused_with_the_reason(
    corpus: Path, path: str, code: RefusalCode, word: str
) -> None:
    assert ScpReader().recognizes((corpus / path).read_bytes())
    with pytest.raises(Refused, match=word) as refused:
        read(corpus / path)
    assert refused.value.code is code

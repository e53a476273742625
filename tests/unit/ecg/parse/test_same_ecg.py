"""One ECG that its maker wrote as SCP, as HL7 aECG and as DICOM: three readers, one curve."""

from pathlib import Path

import numpy as np
import pytest

from services.ecg.parse.aecg import AecgReader
from services.ecg.parse.dicom import DicomReader
from services.ecg.parse.leads import STANDARD, with_derived_limb_leads
from services.ecg.parse.reader import Reader, SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.scp.reader import ScpReader

pytestmark = pytest.mark.corpus
FILES: dict[str, tuple[Reader, str]] = {
    "scp": (ScpReader(), "scp/Example.scp"),
    "aecg": (AecgReader(), "aecg/Example_aECG.xml"),
    "dicom": (DicomReader(), "dicom/ECGToolkit_Example.dcm"),
}


@pytest.fixture(scope="module")
def three(corpus: Path) -> dict[str, Recording]:
    found = {}
    for name, (reader, path) in FILES.items():
        file = SourceFile(path, (corpus / "ecg" / path).read_bytes())
        assert reader.recognizes(file.data)
        found[name] = with_derived_limb_leads(reader.read(file, {}).recording)
    return found


@pytest.mark.parametrize("other", ["scp", "aecg"])
def test_the_samples_are_the_same(three: dict[str, Recording], other: str) -> None:
    for lead in STANDARD:
        np.testing.assert_allclose(three[other].lead(lead), three["dicom"].lead(lead), atol=1e-6, err_msg=lead)


def test_so_are_time_rate_and_patient(three: dict[str, Recording]) -> None:
    assert {recording.sampling_rate_hz for recording in three.values()} == {500.0}
    assert {recording.recorded_at for recording in three.values()} == {three["dicom"].recorded_at}
    assert {recording.patient.id for recording in three.values()} == {"SBJ-123"}
    assert {recording.patient.sex for recording in three.values()} == {"M"}


@pytest.mark.parametrize("name", ["pr_ms", "qrs_ms", "qt_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg"])
def test_so_are_the_cart_s_measurements(three: dict[str, Recording], name: str) -> None:
    said = {getattr(recording.cart, name) for recording in three.values()} - {None}
    assert said == {getattr(three["dicom"].cart, name)}

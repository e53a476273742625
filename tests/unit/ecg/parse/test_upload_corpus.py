"""Real files of every format through the whole intake of bytes."""

import time
from pathlib import Path

import pytest

from services.ecg.parse.leads import STANDARD
from services.ecg.parse.read_upload import Ignored, read_upload
from services.ecg.parse.reader import SourceFile

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize(
    ("path", "format"),
    [
        ("scp/Example.scp", "scp"),
        ("aecg/Example_aECG.xml", "aecg"),
        ("aecg/subject1_1.xml", "aecg"),
        ("dicom/ECGToolkit_Example.dcm", "dicom"),
        ("dicom/waveform_ecg.dcm", "dicom"),
        ("muse/muse_example1.xml", "muse"),
        ("muse/cardiosoft_example.xml", "cardiosoft"),
        ("philips/129DYPRG.XML", "philips"),
        ("philips/3191723_ZZDEMOPTONLY_1-04_orig.xml", "philips"),
    ],
)
def test_twelve_leads_whatever_the_file_is_called(corpus: Path, path: str, format: str) -> None:
    data = (corpus / "ecg" / path).read_bytes()
    started = time.perf_counter()
    upload = read_upload([SourceFile("upload.bin", data)])
    print(f"{format}: {(time.perf_counter() - started) * 1000:.0f} ms")
    (taken,) = upload.recordings
    assert taken.recording.format == format
    assert taken.recording.leads == STANDARD


def test_a_folder_of_wfdb_records_is_that_many_recordings(corpus: Path) -> None:
    paths = sorted((corpus / "ecg/wfdb/cinc2021").iterdir()) + sorted((corpus / "ecg/wfdb/ludb").glob("91.*"))
    upload = read_upload([SourceFile(f"{path.parent.name}/{path.name}", path.read_bytes()) for path in paths])
    headers = [path for path in paths if path.suffix == ".hea"]
    assert len(upload.recordings) == len(headers) > 20
    assert all(taken.recording.leads == STANDARD for taken in upload.recordings)
    assert not upload.refusals
    assert {why for _, why in upload.ignored} == {Ignored.annotation}


def test_nothing_broken_becomes_a_recording(corpus: Path) -> None:
    for path in sorted((corpus / "broken/ecg").iterdir()):
        upload = read_upload([SourceFile(path.name, path.read_bytes())])
        assert not upload.recordings
        assert upload.refusals[0][1].detail

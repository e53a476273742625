"""Taken, ignored, refused: single files, folders, ZIPs, patient CDs."""

import pytest

from services.imaging.parse.outcomes import Ignored, IgnoredReason, RefusedFile, Taken
from services.imaging.parse.refusal import FailureCode
from services.imaging.parse.remark import Remark
from tests.support import dicom_files
from tests.unit.imaging.parse.reading import sort_out

CT = dicom_files.ct(rows=4, columns=4)
SERIES = dicom_files.ct_series(3, rows=4, columns=4)
CD = dicom_files.patient_cd(SERIES)


def test_a_single_image_is_taken_with_its_file_at_the_start() -> None:
    outcomes, conclusion = sort_out({"chest.bin": CT})
    taken = outcomes["chest.bin"]
    assert isinstance(taken, Taken) and taken.file.read() == CT
    assert (conclusion.ignored, conclusion.refused, conclusion.remarks) == ((), (), ())


def test_a_zipped_patient_cd_gives_its_images_and_lists_the_rest() -> None:
    outcomes, conclusion = sort_out({"cd.zip": dicom_files.zip_of(CD)})
    taken = [name for name, outcome in outcomes.items() if isinstance(outcome, Taken)]
    assert taken == [f"cd.zip/DICOM/S0001/IM000{n}" for n in (1, 2, 3)]
    reasons = {name: outcome.reason for name, outcome in outcomes.items() if isinstance(outcome, Ignored)}
    assert reasons == {
        "cd.zip/DICOMDIR": IgnoredReason.DICOMDIR,
        "cd.zip/autorun.exe": IgnoredReason.NOT_DICOM,
        "cd.zip/autorun.inf": IgnoredReason.NOT_DICOM,
        "cd.zip/VIEWER/viewer.dll": IgnoredReason.NOT_DICOM,
        "cd.zip/VIEWER/readme.txt": IgnoredReason.NOT_DICOM,
        "cd.zip/VIEWER/empty.log": IgnoredReason.EMPTY_FILE,
    }
    assert (conclusion.ignored, conclusion.refused, conclusion.remarks) == ((), (), ())


def test_a_folder_sent_file_by_file_is_the_same() -> None:
    outcomes, conclusion = sort_out({f"cd/{name}": file for name, file in CD.items()})
    assert sum(isinstance(outcome, Taken) for outcome in outcomes.values()) == 3
    assert sum(isinstance(outcome, Ignored) for outcome in outcomes.values()) == 6
    assert conclusion.refused == ()


def test_a_cd_without_paths_is_known_by_its_dicomdir_whatever_the_order() -> None:
    files = {"autorun.exe": CD["autorun.exe"], "IM0001": SERIES[0], "DICOMDIR": CD["DICOMDIR"]}
    outcomes, conclusion = sort_out(files)
    assert "autorun.exe" not in outcomes
    assert conclusion.ignored == (Ignored("autorun.exe", IgnoredReason.NOT_DICOM),)
    assert conclusion.refused == ()


def test_the_same_exe_sent_beside_an_image_is_refused() -> None:
    _, conclusion = sort_out({"chest.dcm": CT, "autorun.exe": CD["autorun.exe"]})
    (refused,) = conclusion.refused
    assert (refused.name, refused.refusal.code) == ("autorun.exe", FailureCode.NOT_DICOM)


def test_an_instance_that_the_dicomdir_lists_and_that_is_not_there_is_remarked() -> None:
    files = {name: file for name, file in CD.items() if name != "DICOM/S0001/IM0002"}
    outcomes, conclusion = sort_out({"cd.zip": dicom_files.zip_of(files)})
    assert sum(isinstance(outcome, Taken) for outcome in outcomes.values()) == 2
    assert conclusion.remarks == (Remark.DICOMDIR_INCOMPLETE,)


def test_a_broken_dicomdir_keeps_nobody_out() -> None:
    _, conclusion = sort_out({"cd/DICOMDIR": CD["DICOMDIR"][:-20], "cd/IM1": SERIES[0]})
    assert conclusion.remarks == (Remark.DICOMDIR_UNREADABLE,)
    assert conclusion.refused == ()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"", FailureCode.EMPTY_FILE),
        (CT[:-5], FailureCode.TRUNCATED),
        (CT[132:], FailureCode.NOT_DICOM),
        (b"Rar!\x1a\x07\x01\0", FailureCode.UNSUPPORTED_ARCHIVE),
        (b"PK\x03\x04 and nothing", FailureCode.ARCHIVE_UNREADABLE),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(file: bytes, code: FailureCode) -> None:
    outcomes, _ = sort_out({"chest.dcm": CT, "x": file})
    refused = outcomes["x"]
    assert isinstance(refused, RefusedFile) and refused.refusal.code is code
    assert isinstance(outcomes["chest.dcm"], Taken)


@pytest.mark.parametrize("file", [CT[:-5], CT[132:]], ids=["cut off", "bare"])
def test_a_broken_image_is_refused_even_inside_a_zip(file: bytes) -> None:
    outcomes, _ = sort_out({"cd.zip": dicom_files.zip_of({"IM1": CT, "IM2": file})})
    assert isinstance(outcomes["cd.zip/IM2"], RefusedFile)


@pytest.mark.parametrize("file", [b"", b"not dicom"])
def test_a_dcm_that_holds_no_dicom_is_no_stranger_to_be_ignored(file: bytes) -> None:
    archive = dicom_files.zip_of({"IM1.dcm": CT, "IM2.dcm": file, "__MACOSX/._IM2.dcm": b"\0\5\x16\7"})
    outcomes, _ = sort_out({"cd.zip": archive})
    assert isinstance(outcomes["cd.zip/IM2.dcm"], RefusedFile)
    assert isinstance(outcomes["cd.zip/__MACOSX/._IM2.dcm"], Ignored)


def test_nothing_to_take_is_refused_as_a_whole() -> None:
    _, conclusion = sort_out({"cd.zip": dicom_files.zip_of({"readme.txt": b"hello"})})
    assert [(refused.name, refused.refusal.code) for refused in conclusion.refused] == [("", FailureCode.NO_INSTANCES)]


def test_two_patients_in_one_upload_are_refused_as_a_whole() -> None:
    other = dicom_files.ct(rows=4, columns=4, patient_id="T0002", name="Ce^Shi Yi=测试^乙")
    _, conclusion = sort_out({"a": CT, "b": other})
    assert [refused.refusal.code for refused in conclusion.refused] == [FailureCode.TWO_PATIENTS]

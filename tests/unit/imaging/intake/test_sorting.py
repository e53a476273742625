"""Every way an upload can be refused, told by the number of the file, and what a CD may carry along."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.imaging.intake.refusals import refusal_error
from services.imaging.intake.sorting import Sorted, sort_files
from services.imaging.parse.limits import Limits
from shared.errors import Unavailable
from shared.web.upload import ReceivedFile, Spool
from tests.support.dicom import archive, dicom, gbk_dicom, uid

SMALL = Limits(max_files=5, max_file_bytes=1 << 20, max_expanded_bytes=2 << 20, bomb_floor_bytes=1 << 16)


def sort(
    files: Sequence[tuple[str, bytes]], folder: Path, *, charset: str | None = None, limits: Limits = SMALL
) -> tuple[Sorted, Spool]:
    spool = Spool(folder, memory_bytes=1000)
    received = []
    for number, (name, data) in enumerate(files, 1):
        received.append(ReceivedFile(number, name, spool.size_bytes, len(data), hashlib.sha256(data).hexdigest()))
        spool.append(data)
    try:
        return sort_files(received, spool, default_charset=charset, limits=limits), spool
    except Unavailable:
        spool.close()
        raise


def test_images_of_files_and_of_a_zip_keep_their_own_bytes_and_header(tmp_path: Path) -> None:
    alone, packed = dicom("i1"), dicom("i2", pixel=7)
    files = [("a.dcm", alone), ("cd.zip", archive({"IMG/1": packed, "autorun.exe": b"MZ", "VIEW/readme.txt": b"x"}))]
    found, spool = sort(files, tmp_path)
    assert [image.number for image in found.images] == [1, 2]
    assert [image.open(spool).read() for image in found.images] == [alone, packed]
    assert [
        json.loads("{" + image.read_header(spool) + "}")["header"]["00080018"]["Value"] for image in found.images
    ] == [
        [uid("i1")],
        [uid("i2")],
    ]
    assert {each.name for each in found.ignored} == {"cd.zip/autorun.exe", "cd.zip/VIEW/readme.txt"}
    assert found.refusals == ()
    spool.close()


def test_a_disk_without_room_for_what_a_zip_holds_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    large = archive({"IMG/1": bytes(17 << 20)})  # more than is kept in memory
    with pytest.raises(Unavailable) as refused:
        sort([("cd.zip", large)], tmp_path, limits=Limits())
    assert refused.value.code == "storage_unavailable"


def test_the_clinics_character_set_reads_undeclared_names(tmp_path: Path) -> None:
    found, spool = sort([("a", gbk_dicom("测试^甲"))], tmp_path, charset="GB18030")
    assert found.images[0].facts.patient.name == "测试甲"
    assert "charset_assumed" in found.remarks
    spool.close()


def test_the_same_image_twice_is_one(tmp_path: Path) -> None:
    found, spool = sort([("a", dicom("i1")), ("b", dicom("i1", implementation="OTHER"))], tmp_path)
    assert (len(found.images), found.refusals) == (1, ())
    spool.close()


@pytest.mark.parametrize(
    ("files", "code", "status", "pointers"),
    [
        ([("a.txt", b"hello")], "not_dicom", 415, ["file:1"]),
        ([("a.rar", b"Rar!\x1a\x07\x00...")], "unsupported_archive", 415, ["file:1"]),
        ([("a", dicom()), ("b.txt", b"hello")], "not_dicom", 422, ["file:2"]),
        ([("", b"hello"), ("", b"world")], "not_dicom", 415, ["file:1", "file:2"]),
        ([("a.dcm", b"")], "empty_file", 422, ["file:1"]),
        ([("a.dcm", dicom()[:-10])], "truncated", 422, ["file:1"]),
        ([("a.dcm", dicom()[132:])], "not_dicom", 415, ["file:1"]),
        ([("a", dicom("i1")), ("b", dicom("i1", pixel=9))], "instance_conflict", 409, ["file:2"]),
        ([("a", dicom("i1")), ("b", dicom("i2", name="测试^乙", patient_id="P2"))], "two_patients", 422, ["files"]),
        ([("a.zip", archive({"readme.txt": b"x"}))], "no_instances", 422, ["files"]),
        ([("a.zip", archive({"../a.dcm": dicom()}))], "path_escapes", 422, ["file:1"]),
        ([("a.zip", archive({"zeros": bytes(1 << 20)}))], "zip_bomb", 422, ["file:1"]),
        ([("a.zip", archive({"a.dcm": dicom()})[:-30])], "archive_unreadable", 422, ["file:1"]),
        ([("a.zip", archive({f"{n}.dcm": dicom(f"i{n}") for n in range(6)}))], "too_many_files", 413, ["file:1"]),
        ([("a.dcm", bytes(2 << 20))], "too_large", 413, ["file:1"]),
        ([("a.txt", b"hello"), ("b.dcm", b"")], "files_refused", 422, ["file:2", "file:1"]),
    ],
)
def test_each_refusal_has_its_code_status_and_place(
    files: list[tuple[str, bytes]], code: str, status: int, pointers: list[str], tmp_path: Path
) -> None:
    found, spool = sort(files, tmp_path)
    error = refusal_error(found, {"limit_files": 5})
    assert (error.code, error.status, [problem.pointer for problem in error.errors]) == (code, status, pointers)
    assert all(problem.detail for problem in error.errors)
    spool.close()

"""Watched folders: carts that export ECGs, workstations that export DICOM."""

import threading
from pathlib import Path

import pytest

from clinic.config import Config
from clinic.region.outcomes import Refused
from clinic.spool.spool import Spool
from clinic.watch.folder import FolderWatch
from clinic.watch.rejected import give_back
from tests.integration.clinic.conftest import Start
from tests.support import ecg_carts
from tests.support.clinic_gateway import make_config, ordered_case
from tests.support.clinic_region import ClinicRegion
from tests.support.ecg_signals import make_ecg
from tests.support.films import small_film
from tests.support.region import wait_for

QUICK = "every_s = 0.1\nstable_s = 0.2\n"


def folders(kind: str = "ecg", more: str = "") -> dict[str, str]:
    return {"folders": f'[[folders]]\npath = "in"\nkind = "{kind}"\n{QUICK}{more}'}


def watch_of(config: Config, spool: Spool) -> FolderWatch:
    return FolderWatch(config, config.folders[0], spool, threading.Event())


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def put(inbox: Path, files: ecg_carts.Files) -> None:
    for name, data in files:
        (inbox / name).write_bytes(data)


def test_an_ecg_is_sent_under_its_name_and_its_original_moved(start: Start, centre: ClinicRegion, inbox: Path) -> None:
    put(inbox, ecg_carts.as_csv(make_ecg()))
    start(**folders())
    wait_for(lambda: centre.taken["ecg.csv"] == 1, 20, "it did not arrive")
    wait_for((inbox / "done" / "ecg.csv").exists, 10, "it was not moved")
    assert [case["center"] for case in centre.cases.values()] == ["ecg"]


def test_a_wfdb_pair_is_one_recording(start: Start, centre: ClinicRegion, inbox: Path) -> None:
    header, data = ecg_carts.as_wfdb(make_ecg())
    put(inbox, [header])
    start(**folders())
    put(inbox, [data])
    wait_for(lambda: centre.instances == 2, 20, "it did not arrive")
    assert [sorted(case["files"]) for case in centre.cases.values()] == [["r1.dat", "r1.hea"]]


def test_a_wfdb_header_alone_is_rejected_with_a_reason_in_chinese(start: Start, inbox: Path) -> None:
    put(inbox, ecg_carts.as_wfdb(make_ecg())[:1])
    start(**folders(more="pair_wait_s = 0.4\n"))
    wait_for((inbox / "rejected" / "r1.hea").exists, 20, "it was not rejected")
    assert "缺少同一记录的文件：r1.dat" in (inbox / "rejected" / "r1.hea.txt").read_text("utf-8-sig")


def test_an_ecg_named_after_an_accession_number_goes_to_that_order(
    start: Start, centre: ClinicRegion, inbox: Path
) -> None:
    centre.orders = [ordered_case("E7", center="ecg")]
    ((_, data),) = ecg_carts.as_csv(make_ecg())
    put(inbox, [("E7_20261121.csv", data)])
    start(**folders())
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")
    assert centre.accepted_order[0]["accession_number"] == "E7"


def test_what_is_left_in_place_is_sent_once(start: Start, centre: ClinicRegion, inbox: Path) -> None:
    put(inbox, ecg_carts.as_csv(make_ecg()))
    program = start(**folders(more='originals = "leave"\n'))
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")
    (inbox / "ecg.csv").touch()
    marks = "SELECT mark FROM seen_file"
    before = program.spool.database.rows(marks)[0]["mark"]
    (inbox / "ecg.csv").touch()
    wait_for(lambda: program.spool.database.rows(marks)[0]["mark"] != before, 10, "the change was not seen")
    assert (inbox / "ecg.csv").exists()
    assert centre.instances == 1


def test_dicom_files_in_folders_below_are_gathered_by_study(start: Start, centre: ClinicRegion, inbox: Path) -> None:
    deep = inbox / "CD" / "IMAGES"
    deep.mkdir(parents=True)
    for number in range(3):
        (deep / f"IM{number}").write_bytes(small_film(study_uid="1.2.3.4", shade=number))
    start(**folders("dicom"))
    wait_for(lambda: centre.instances == 3, 20, "not everything arrived")
    assert len(centre.cases) == 1


def test_what_is_no_dicom_is_rejected(start: Start, centre: ClinicRegion, inbox: Path) -> None:
    (inbox / "letter.doc").write_bytes(b"no image")
    (inbox / "empty.dcm").write_bytes(b"")
    start(**folders("dicom"))
    wait_for((inbox / "rejected" / "letter.doc.txt").exists, 20, "it was not rejected")
    wait_for((inbox / "rejected" / "empty.dcm.txt").exists, 20, "it was not rejected")
    assert "不是 DICOM 文件" in (inbox / "rejected" / "letter.doc.txt").read_text("utf-8-sig")
    assert "空的" in (inbox / "rejected" / "empty.dcm.txt").read_text("utf-8-sig")
    assert centre.instances == 0


def test_what_the_region_refuses_comes_back_with_its_reason(start: Start, centre: ClinicRegion, inbox: Path) -> None:
    centre.line.refuse["ecg.csv"] = (422, "too_short")
    put(inbox, ecg_carts.as_csv(make_ecg()))
    start(**folders())
    note = inbox / "rejected" / "ecg.csv.txt"
    wait_for(note.exists, 20, "it did not come back")
    assert "too_short" in note.read_text("utf-8-sig")


def test_a_crash_before_the_original_is_moved_sends_nothing_twice(tmp_path: Path, inbox: Path) -> None:
    """The spool has it, the folder has it still: found again, it is known, and only moved."""
    config = make_config(tmp_path, "http://127.0.0.1:9", **folders(more="stable_s = 0\n".replace("stable_s = 0\n", "")))
    spool = Spool(config)
    try:
        for turn in range(2):
            put(inbox, ecg_carts.as_csv(make_ecg()))
            watch = watch_of(config, spool)
            wait_for(watch.scan, 10, f"not taken in turn {turn}")
        assert len(spool.database.rows("SELECT * FROM item")) == 1
        assert len(list(spool.files.iterdir())) == 1
        assert sorted(path.name for path in (inbox / "done").iterdir()) == ["ecg-2.csv", "ecg.csv"]
    finally:
        spool.close()


def test_a_file_that_still_grows_is_left_alone(tmp_path: Path, inbox: Path) -> None:
    config = make_config(tmp_path, "http://127.0.0.1:9", **folders())
    spool = Spool(config)
    try:
        watch = watch_of(config, spool)
        with (inbox / "long.csv").open("wb", buffering=0) as growing:
            for _ in range(5):
                growing.write(b"more")
                assert watch.scan() == 0
        wait_for(watch.scan, 10, "never taken")
    finally:
        spool.close()


def test_what_came_by_dicom_is_not_laid_into_a_folder(tmp_path: Path, inbox: Path) -> None:
    config = make_config(tmp_path, "http://127.0.0.1:9", **folders())
    spool = Spool(config)
    try:
        give_back(config, spool, "up_none", Refused(422, "x", "y"))
        assert list(inbox.iterdir()) == []
    finally:
        spool.close()

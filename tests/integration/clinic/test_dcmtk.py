"""dcmtk's own programs as machines."""

import shutil
import subprocess
from pathlib import Path

import pydicom.data
import pytest

from tests.integration.clinic.conftest import Start
from tests.support.clinic_gateway import ordered_case
from tests.support.clinic_region import ClinicRegion
from tests.support.films import small_film
from tests.support.region import wait_for

pytestmark = pytest.mark.skipif(shutil.which("storescu") is None, reason="未安装 dcmtk / dcmtk is not installed")
SAMPLES = Path(pydicom.data.__file__).parent / "test_files"


def run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_echoscu_storescu_and_dcmsend_are_served(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    program = start()
    assert program.dicom is not None
    port = program.dicom.port
    run("echoscu", "-aec", "GONGZHEN", "127.0.0.1", port)
    films = []
    for number in range(4):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(small_film(study_uid="1.2.3.4", shade=number))
        films.append(path)
    run("storescu", "-aec", "GONGZHEN", "127.0.0.1", port, *films[:2])
    run("dcmsend", "-aec", "GONGZHEN", "127.0.0.1", port, *films[1:], SAMPLES / "MR_small_jp2klossless.dcm")
    wait_for(lambda: centre.instances == 5, 20, "not everything arrived")
    assert set(centre.taken.values()) == {1}


# storescu proposes one transfer syntax beside the plain ones only where it is told to.
PROPOSED = {
    "MR_small.dcm": (),
    "MR_small_bigendian.dcm": ("-xb",),
    "MR_small_jp2klossless.dcm": ("-xv",),
    "MR_small_jpeg_ls_lossless.dcm": ("-xt",),
    "MR_small_RLE.dcm": ("-xr",),
    "JPEG-lossy.dcm": ("-xx",),
    "image_dfl.dcm": ("-xd",),
}


@pytest.mark.parametrize("name", PROPOSED)
def test_storescu_in_each_transfer_syntax(start: Start, centre: ClinicRegion, name: str) -> None:
    program = start()
    assert program.dicom is not None
    run("storescu", "-aec", "GONGZHEN", *PROPOSED[name], "127.0.0.1", program.dicom.port, SAMPLES / name)
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")
    assert set(centre.taken) == {str(pydicom.dcmread(SAMPLES / name).SOPInstanceUID)}


def test_dcmsend_of_a_folder_in_one_association_is_one_case_a_study(
    start: Start, centre: ClinicRegion, tmp_path: Path
) -> None:
    program = start()
    assert program.dicom is not None
    for number in range(12):
        path = tmp_path / "disc" / f"ST{number % 2}" / f"IM{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small_film(study_uid=f"1.2.3.{number % 2}", shade=number))
    (tmp_path / "disc" / "README.TXT").write_text("no image")
    options = ("--scan-directories", "--recurse", "--no-halt")
    for _ in range(2):  # the second time nothing is new
        run("dcmsend", "-aec", "GONGZHEN", *options, "127.0.0.1", program.dicom.port, tmp_path / "disc")
    wait_for(lambda: centre.instances == 12, 30, "not everything arrived")
    assert set(centre.taken.values()) == {1}
    assert sorted(len(case["files"]) for case in centre.cases.values()) == [6, 6]


def test_a_called_title_that_is_not_ours_is_refused(start: Start, tmp_path: Path) -> None:
    program = start()
    assert program.dicom is not None
    words = ["echoscu", "-aec", "SOMEBODY", "127.0.0.1", str(program.dicom.port)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "Called AE Title Not Recognized" in done.stdout + done.stderr


def test_findscu_gets_the_worklist(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    centre.orders = [ordered_case()]
    program = start()
    assert program.dicom is not None
    port = program.dicom.port

    def answered() -> list[Path]:
        asked = ("-k", "PatientName", "-k", "AccessionNumber", "-k", "ScheduledProcedureStepSequence[0].Modality=DX")
        run("findscu", "-W", "-X", "-od", tmp_path, "-aec", "GONGZHEN", *asked, "127.0.0.1", port)
        return list(tmp_path.glob("rsp*.dcm"))

    (file,) = wait_for(answered, 20, "no worklist")
    found = pydicom.dcmread(file, force=True)
    assert str(found.PatientName) == "CE SHI JIA=测试甲"
    assert found.AccessionNumber == "A1001"

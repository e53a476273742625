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

"""The program killed without warning, as a power cut kills it, and started again."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from tests.integration.clinic.conftest import StartProcess
from tests.support.clinic_gateway import GatewayProcess, send
from tests.support.clinic_region import ClinicRegion
from tests.support.films import small_film
from tests.support.region import wait_for

pytestmark = pytest.mark.faults
ROUNDS = 5


def test_what_was_acknowledged_before_a_kill_arrives_once(
    start_process: StartProcess, centre: ClinicRegion, tmp_path: Path
) -> None:
    """A machine sends instance after instance, each in an association of its own, as old ones do."""
    gateway = start_process()
    chance = random.Random(5)
    acknowledged: set[str] = set()
    for turn in range(ROUNDS):
        told = tmp_path / f"told-{turn}"
        with told.open("wb") as output:
            machine = subprocess.Popen(
                [sys.executable, "-m", "tests.support.modality", str(gateway.dicom_port), *films_in(tmp_path, turn)],
                stdout=output,
                stderr=subprocess.DEVNULL,
            )
        wanted = chance.randrange(1, 7)
        wait_for(lambda told=told, wanted=wanted: len(lines(told)) >= wanted, 30, "nothing was acknowledged")
        gateway.kill()
        machine.wait(60)
        acknowledged |= set(lines(told))
        gateway.start()
    wait_for(lambda: _is_quiet(gateway), 60, "something still waits")
    assert len(acknowledged) >= ROUNDS
    assert {Path(name).stem for name in acknowledged} <= set(centre.taken)
    assert set(centre.taken.values()) == {1}


def films_in(folder: Path, turn: int) -> list[str]:
    """Named by their SOP Instance UIDs."""
    names = []
    for number in range(8):
        uid = generate_uid()
        path = folder / f"{uid}.dcm"
        path.write_bytes(small_film(sop_uid=uid, shade=turn * 100 + number))
        names.append(str(path))
    return names


def lines(path: Path) -> list[str]:
    """Whole lines only."""
    return path.read_text().rpartition("\n")[0].split()


def test_a_kill_in_the_middle_of_an_upload_goes_on_where_it_stopped(
    start_process: StartProcess, centre: ClinicRegion
) -> None:
    gateway = start_process(
        sending="quiet_s = 0.2\nassociation_quiet_s = 0.1\nresumable_from_kbytes = 50\nlimit_kbytes_s = 200\n"
        "deflate = false\nretry_first_s = 0.05\nretry_most_s = 0.3"
    )
    assert send(gateway.dicom_port, [small_film(side=512)]) == [0]
    for wanted in (60_000, 240_000, 400_000):
        wait_for(lambda wanted=wanted: _arrived(centre) > wanted, 30, "the upload does not move")
        gateway.kill()
        gateway.start()
    wait_for(lambda: centre.instances == 1, 30, "it did not arrive")
    assert len(centre.uploads) == 1
    wait_for(lambda: _is_quiet(gateway), 30, "something still waits")
    assert len(centre.cases) == 1


def test_a_second_program_on_the_same_spool_is_refused(start_process: StartProcess) -> None:
    start_process()
    with pytest.raises(AssertionError, match="clinic_runs_already"):
        start_process()


def test_it_ends_in_good_order_and_says_nothing_of_patients(start_process: StartProcess, centre: ClinicRegion) -> None:
    gateway = start_process()
    send(gateway.dicom_port, [small_film("P-4711", "测试甲")])
    wait_for(lambda: centre.instances == 1, 30, "it did not arrive")
    assert gateway.stop() == 0
    log = gateway.log()
    assert "upload accepted" in log
    assert not [word for word in ("P-4711", "测试甲", "测试") if word in log]


def _is_quiet(gateway: GatewayProcess) -> bool:
    status = gateway.status()
    return not status["gathering"] and not status["waiting"]["uploads"]


def _arrived(centre: ClinicRegion) -> int:
    return sum(len(upload["data"]) for upload in centre.uploads.values())

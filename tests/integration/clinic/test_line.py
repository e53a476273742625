"""A line that is down, cut, slow, or lies: nothing is lost, nothing arrives twice."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid

from clinic.program import Program
from tests.integration.clinic.conftest import Start
from tests.support.clinic_gateway import send
from tests.support.clinic_region import ClinicRegion
from tests.support.films import small_film
from tests.support.region import wait_for

FAST = "quiet_s = 0.3\nassociation_quiet_s = 0.1\nretry_first_s = 0.05\nretry_most_s = 0.3\n"


def port_of(program: Program) -> int:
    assert program.dicom is not None
    return program.dicom.port


def noisy_film(side: int = 512, **more: object) -> bytes:
    """Half a megabyte that no compression shrinks."""
    noise = np.random.default_rng(7).integers(0, 65536, side * side, dtype="<u2").tobytes()
    return small_film(side=side, PixelData=noise, **more)  # type: ignore[arg-type]


def test_a_day_without_a_line_arrives_whole_when_it_is_back(start: Start, centre: ClinicRegion) -> None:
    centre.down()
    program = start()
    for number in range(40):
        study = generate_uid()
        assert send(port_of(program), [small_film(study_uid=study, shade=number * 3 + k) for k in range(3)]) == [0] * 3
    wait_for(lambda: program.client.last_problem == "ConnectError", 10, "nobody noticed")
    centre.up()
    wait_for(lambda: centre.instances == 120, 60, "not everything arrived")
    wait_for(lambda: not program.spool.database.rows("SELECT * FROM batch WHERE state <> 'done'"), 10, "not done")
    assert len(centre.cases) == 40
    assert set(centre.taken.values()) == {1}


def test_a_cut_line_resumes_and_sends_no_byte_twice(start: Start, centre: ClinicRegion) -> None:
    centre.line.cut_every_bytes, centre.line.cuts_left = 60_000, 6
    program = start(sending=FAST + "resumable_from_kbytes = 100")
    send(port_of(program), [noisy_film()])
    wait_for(lambda: centre.instances == 1, 30, "it did not arrive")
    (upload,) = centre.uploads.values()
    assert centre.line.cuts_left == 0
    assert len(upload["data"]) == upload["length"] > 500_000


def test_without_resumable_uploads_it_goes_in_one_request(start: Start, centre: ClinicRegion) -> None:
    centre.has_tus = False
    program = start(sending=FAST + "resumable_from_kbytes = 100")
    send(port_of(program), [noisy_film()])
    wait_for(lambda: centre.instances == 1, 30, "it did not arrive")
    assert "POST /imaging/v1/cases" in centre.requests


@pytest.mark.parametrize("resumable_from_kbytes", [0, 100_000])
def test_an_answer_that_is_lost_makes_no_second_case(
    start: Start, centre: ClinicRegion, resumable_from_kbytes: int
) -> None:
    centre.line.lose_answers = 2
    program = start(sending=FAST + f"resumable_from_kbytes = {resumable_from_kbytes}")
    send(port_of(program), [small_film()])
    wait_for(lambda: program.spool.database.rows("SELECT * FROM batch WHERE state = 'done'"), 20, "not done")
    assert centre.line.lose_answers == 0
    assert (centre.instances, len(centre.cases)) == (1, 1)


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_region_in_trouble_is_asked_again(start: Start, centre: ClinicRegion, status: int) -> None:
    centre.line.answers = [status, status]
    program = start()
    send(port_of(program), [small_film()])
    wait_for(lambda: program.spool.database.rows("SELECT * FROM batch WHERE state = 'done'"), 20, "not done")
    assert centre.line.answers == []


def test_a_login_page_on_the_line_is_not_taken_for_the_region(start: Start, centre: ClinicRegion) -> None:
    centre.line.portal = True
    program = start()
    send(port_of(program), [small_film()])
    wait_for(lambda: program.spool.database.rows("SELECT * FROM batch WHERE attempts >= 2"), 20, "never tried")
    centre.line.portal = False
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")


def test_a_token_that_is_revoked_is_renewed_without_a_loss(start: Start, centre: ClinicRegion) -> None:
    program = start()
    send(port_of(program), [small_film()])
    wait_for(lambda: centre.instances == 1, 20, "the first did not arrive")
    centre.revoke = True
    send(port_of(program), [small_film(shade=1)])
    wait_for(lambda: centre.instances == 2, 20, "the second did not arrive")


def test_a_wrong_password_parks_nothing(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("falsch")
    program = start(region=f'url = "{centre.url}"\nusername = "clinic1"\npassword_file = "other"')
    send(port_of(program), [small_film()])
    found = wait_for(lambda: program.spool.database.rows("SELECT * FROM batch WHERE code IS NOT NULL"), 20, "no word")
    assert [(row["state"], row["code"]) for row in found] == [("waiting", "login_refused")]


def test_one_refused_file_keeps_no_other(start: Start, centre: ClinicRegion) -> None:
    study, bad = generate_uid(), generate_uid()
    films = [small_film(study_uid=study, shade=number) for number in range(6)]
    films.insert(3, small_film(study_uid=study, sop_uid=bad))
    centre.line.refuse[bad] = (422, "broken_pixels")
    program = start()
    send(port_of(program), films)
    wait_for(lambda: centre.instances == 6, 20, "the good ones did not arrive")
    (parked,) = wait_for(lambda: program.spool.database.rows("SELECT * FROM batch WHERE state = 'parked'"), 10, "none")
    assert parked["code"] == "broken_pixels"
    assert "这个文件不能接收" in parked["detail"]
    assert bad not in centre.taken


def test_what_is_urgent_overtakes_what_is_on_the_way(start: Start, centre: ClinicRegion) -> None:
    program = start(
        sending=FAST + "resumable_from_kbytes = 100\nlimit_kbytes_s = 150",
        peers='[[dicom.peers]]\nae_title = "CT1"\n[[dicom.peers]]\nae_title = "ER"\npriority = "stat"\n',
    )
    routine, stat = noisy_film(), small_film()
    send(port_of(program), [routine])
    wait_for(lambda: program.sender.under_way is not None, 10, "nothing was sent")
    send(port_of(program), [stat], ae_title="ER")
    wait_for(lambda: centre.instances == 2, 30, "not everything arrived")
    assert [order["priority"] for order in centre.accepted_order] == ["stat", "routine"]
    assert set(centre.taken.values()) == {1}
    assert len(next(iter(centre.uploads.values()))["data"]) > 500_000


def test_the_limit_of_bytes_a_second_is_kept(start: Start, centre: ClinicRegion) -> None:
    program = start(sending=FAST + "limit_kbytes_s = 250")
    send(port_of(program), [noisy_film()])
    first = wait_for(lambda: program.sender.under_way, 10, "nothing was sent")
    assert first.size_bytes > 500_000
    assert centre.instances == 0
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")


def test_an_upload_that_always_fails_keeps_no_other(start: Start, centre: ClinicRegion) -> None:
    bad = generate_uid()
    centre.line.refuse[bad] = (500, "internal")
    program = start()
    send(port_of(program), [small_film(sop_uid=bad)])
    wait_for(lambda: program.spool.database.rows("SELECT * FROM batch WHERE attempts >= 2"), 20, "never tried")
    send(port_of(program), [small_film(shade=1)])
    wait_for(lambda: centre.instances == 1, 20, "the good one did not arrive")

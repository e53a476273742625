"""The status page and the checks of an installation."""

from pathlib import Path

import httpx

from clinic.check import check
from deploy.cli.main import main
from tests.integration.clinic.conftest import Start
from tests.support.clinic_gateway import config_text, make_config, ordered_case, send
from tests.support.clinic_region import ClinicRegion
from tests.support.films import small_film
from tests.support.region import wait_for


def test_the_page_says_what_waits_and_why_something_was_refused(start: Start, centre: ClinicRegion) -> None:
    centre.orders = [ordered_case()]
    centre.line.refuse["1.2.3.9"] = (422, "broken_pixels")
    program = start()
    assert program.dicom is not None
    send(program.dicom.port, [small_film("P-4711", AccessionNumber="A1001"), small_film(sop_uid="1.2.3.9")])
    url = f"http://127.0.0.1:{program.status.port}"
    status = wait_for(lambda: (s := httpx.get(f"{url}/status.json", trust_env=False).json())["refused"]["uploads"] and s["sent"]["uploads"] and s, 20, "no word")  # fmt: skip  # noqa: E501
    (refused,) = status["refused"]["items"]
    assert (refused["code"], refused["files"], refused["source"]) == ("broken_pixels", 1, "CT1")
    assert status["region"]["last_contact"] is not None
    assert status["disk"]["free_bytes"] > 0
    page = httpx.get(url, trust_env=False).text
    assert "被拒收，请处理" in page and "broken_pixels" in page
    assert not [word for word in ("测试", "P-4711", "P001") if word in page + str(status)]


def test_the_page_is_for_this_pc_only(start: Start) -> None:
    port = start().status.port
    assert httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"}, trust_env=False).status_code == 403
    assert httpx.get(f"http://127.0.0.1:{port}/elsewhere", trust_env=False).status_code == 404
    assert httpx.post(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 501


def test_the_check_finds_everything_well(centre: ClinicRegion, tmp_path: Path) -> None:
    findings = list(check(make_config(tmp_path, centre.url)))
    assert [each for each in findings if not each.is_good] == []
    assert {"登录中心", "DICOM 端口", "本机时钟"} <= {each.name for each in findings}


def test_the_check_says_what_is_wrong(centre: ClinicRegion, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "clinic.toml"
    path.write_text(config_text(tmp_path, centre.url, password="falsch"))
    assert main(["clinic", "--config", str(path), "--check"]) == 1
    assert "用户名或密码被拒绝" in capsys.readouterr().out


def test_a_wrong_name_in_the_file_is_told(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "clinic.toml"
    path.write_text(config_text(tmp_path, "http://127.0.0.1:9", dicom="prot = 4"))
    assert main(["clinic", "--config", str(path)]) == 1
    assert "/dicom/prot" in capsys.readouterr().err


def test_what_was_refused_is_sent_again_when_told(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    centre.line.refuse["1.2.3.9"] = (409, "accession_taken")
    first = start()
    assert first.dicom is not None
    send(first.dicom.port, [small_film(sop_uid="1.2.3.9")])
    parked = "SELECT * FROM batch WHERE state = 'parked'"
    wait_for(lambda: first.spool.database.rows(parked), 20, "it was not refused")
    first.stop()
    centre.line.refuse.clear()
    assert main(["clinic", "--config", str(tmp_path / "clinic.toml"), "--retry", "all"]) == 0
    start()
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")

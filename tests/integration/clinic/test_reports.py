"""Signed reports fetched into a folder, printed once."""

import sys
from pathlib import Path
from typing import Any

import httpx

from clinic.program import Program
from tests.integration.clinic.conftest import Start
from tests.support.clinic_gateway import dump
from tests.support.clinic_region import ClinicRegion
from tests.support.region import wait_for

PRINTER = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + chr(10))"


def line(number: int, kind: str = "signed", version: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "seq": number,
        "report_id": f"rep_{number}",
        "version": version,
        "kind": kind,
        "accession_number": f"A/{number}",
        "signed_at": "2026-11-21T03:00:00Z",
        "patient": {"id": "P001", "name": "测试甲"},
        "reason": None,
        **more,
    }


def publish(centre: ClinicRegion, *lines: dict[str, Any]) -> None:
    for each in lines:
        centre.pdfs[f"/v1/reports/{each['report_id']}.pdf"] = b"%PDF-1.7 " + dump(each["version"]).encode()
        centre.reports.append(each)


def with_printer(tmp_path: Path) -> str:
    command = [sys.executable, "-c", PRINTER, str(tmp_path / "printed"), "{file}"]
    return f'folder = "reports"\nwait_s = 0\nprint_command = {dump(command)}'


def printed(tmp_path: Path) -> list[str]:
    path = tmp_path / "printed"
    return [Path(name).name for name in path.read_text().split()] if path.exists() else []


def test_a_signed_report_is_written_and_printed_once(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    publish(centre, line(1), line(2))
    first = start(reports=with_printer(tmp_path))
    wait_for(lambda: len(printed(tmp_path)) == 2, 20, "nothing was printed")
    names = sorted(path.name for path in (tmp_path / "reports").iterdir())
    assert names == ["20261121_A-1_rep_1_v1.pdf", "20261121_A-2_rep_2_v1.pdf"]
    first.stop()
    publish(centre, line(3))
    start(reports=with_printer(tmp_path))
    wait_for(lambda: "20261121_A-3_rep_3_v1.pdf" in printed(tmp_path), 20, "the third was not printed")
    assert sorted(printed(tmp_path)) == [*names, "20261121_A-3_rep_3_v1.pdf"]


def test_no_file_is_named_after_a_patient(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    publish(centre, line(1))
    start(reports='folder = "reports"\nwait_s = 0')
    wait_for(lambda: list((tmp_path / "reports").iterdir()), 20, "nothing came")
    assert not [path for path in (tmp_path / "reports").iterdir() if "测试" in path.name or "P001" in path.name]


def test_an_amendment_is_a_file_of_its_own_and_a_void_is_told(
    start: Start, centre: ClinicRegion, tmp_path: Path
) -> None:
    publish(centre, line(1), line(1, "amended", 2), line(1, "voided", 2, reason="患者错误"))
    start(reports='folder = "reports"\nwait_s = 0')
    void = tmp_path / "reports" / "20261121_A-1_rep_1_v2-作废.txt"
    wait_for(void.exists, 20, "the void was not told")
    assert "患者错误" in void.read_text("utf-8-sig")
    assert (tmp_path / "reports" / "20261121_A-1_rep_1_v2.pdf").exists()


def test_a_printer_without_paper_is_asked_again(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    publish(centre, line(1))
    command = [sys.executable, "-c", f"import sys; sys.exit(not open({str(tmp_path / 'paper')!r}).read())"]
    program = start(reports=f'folder = "reports"\nwait_s = 0\nprint_command = {dump(command)}')
    wait_for(lambda: states(program) == ["waiting"], 20, "not fetched")
    (tmp_path / "paper").write_text("yes")
    wait_for(lambda: states(program) == ["printed"], 20, "not printed")


def test_what_was_at_the_printer_at_a_crash_is_left_to_a_person(
    start: Start, centre: ClinicRegion, tmp_path: Path
) -> None:
    publish(centre, line(1))
    first = start(reports=with_printer(tmp_path))
    wait_for(lambda: states(first) == ["printed"], 20, "not printed")
    with first.spool.database.transaction() as connection:
        connection.execute("UPDATE report SET print_state = 'printing'")
    first.stop()
    second = start(reports=with_printer(tmp_path))
    publish(centre, line(2))
    wait_for(lambda: sorted(states(second)) == ["printed", "unknown"], 20, "not told")
    assert len(printed(tmp_path)) == 2
    shown = httpx.get(f"http://127.0.0.1:{second.status.port}/", trust_env=False).text
    assert "打印结果不明" in shown


def test_an_answer_that_is_no_pdf_is_not_kept(start: Start, centre: ClinicRegion, tmp_path: Path) -> None:
    publish(centre, line(1))
    centre.pdfs["/v1/reports/rep_1.pdf"] = b"<html>please log in</html>"
    start(reports='folder = "reports"\nwait_s = 0')
    wait_for(lambda: centre.requests.count("GET /v1/reports/rep_1.pdf") >= 2, 20, "not asked again")
    assert list((tmp_path / "reports").iterdir()) == []
    centre.pdfs["/v1/reports/rep_1.pdf"] = b"%PDF-1.7"
    wait_for(lambda: list((tmp_path / "reports").iterdir()), 20, "never came")


def states(program: Program) -> list[str]:
    return [row["print_state"] for row in program.spool.database.rows("SELECT print_state FROM report")]

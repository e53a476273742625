from typing import cast

from services.lab.reading_form import LabReportForm
from services.lab.report_form.evidence import LabEvidence
from services.lab.report_form.form import LabForm
from shared.db import Session
from shared.reading.form import CaseFacts, Evidence, ReportForm
from tests.unit.lab.report_form.reports import evidence, form, report, result

CASE = CaseFacts("case_1", "lab", "LAB", None, "M")


async def gathered(session: Session, facts: CaseFacts, filled: LabForm) -> LabEvidence:
    return evidence(result(facts.case_id, value_text=filled.comment))


CENTRE = LabReportForm(gathered)


async def test_it_stands_on_what_the_laboratory_gathers() -> None:
    centre: ReportForm = CENTRE
    found = await centre.gather(cast(Session, None), CASE, form(comment="5.1"))
    assert found.data == evidence(result("case_1", value_text="5.1"))
    assert found.files == {}


def test_it_answers_for_the_workflow() -> None:
    stands_on = Evidence(evidence(result(is_diagnostic=True)))
    assert CENTRE.needs_physician(form(), stands_on)
    assert [each.code for each in CENTRE.problems(form(), CASE, stands_on)] == ["required"]
    assert CENTRE.positive_of(form(positive=True)) is True
    assert CENTRE.content_of(form(), stands_on)["specimen"]["collected_at"] == "2026-11-21T00:05:00Z"


def test_the_summary_is_what_was_written_in_words() -> None:
    assert CENTRE.summary(form(impression="1. 贫血\n2. 感染")) == "1. 贫血 2. 感染"
    assert CENTRE.summary(form(findings="未见异常细胞")) == "未见异常细胞"
    assert CENTRE.summary(form()) == ""


def test_the_sheet_needs_no_files() -> None:
    assert CENTRE.render_sheet(report(form(), evidence()), {}).pdf.startswith(b"%PDF")

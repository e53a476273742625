from services.ecg.reading_form import EcgReportForm
from services.ecg.report_form.evidence import TRACE
from services.ecg.rules.trace import pack
from shared.reading.form import CaseFacts, Evidence
from tests.support.ecg_signals import make_ecg
from tests.unit.ecg.report_form.reports import evidence, form, report

CENTRE = EcgReportForm()
CASE = CaseFacts("case_1", "ecg", "ECG", None, "M", age="2M")


def test_the_summary_is_the_impression_in_one_line() -> None:
    assert CENTRE.summary(form()) == "1. 窦性心律 2. 正常心电图"


def test_positive_is_what_the_reader_said() -> None:
    assert CENTRE.positive_of(form()) is None
    assert CENTRE.positive_of(form(positive=True)) is True


def test_a_childs_rate_is_judged_by_its_age() -> None:
    fast = form(heart_rate_bpm=155, qtcb_ms=None, qtcf_ms=None)
    assert CENTRE.problems(fast, CASE, Evidence(evidence())) == []


def test_content_is_plain_json() -> None:
    content = CENTRE.content_of(form(), Evidence(evidence()))
    assert content["heart_rate_bpm"] == 72
    assert content["recording"]["recorded_at"] == "2026-11-21T02:20:05Z"


def test_the_sheet_prints_the_evidences_trace() -> None:
    made = CENTRE.render_sheet(report(form(), evidence()), {TRACE: pack(make_ecg())})
    assert made.pdf.startswith(b"%PDF")

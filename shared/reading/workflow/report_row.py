"""The report of a case, which there is from the first text on."""

from shared.db import Session
from shared.ids import new_id
from shared.reading.models import Case, Report
from shared.reading.queries import reports


async def ensure_report(session: Session, case: Case) -> Report:
    """The case's report, made at the first need of it. Under the case's lock."""
    report = await reports.of_case(session, case.case_id)
    if report is None:
        report = Report(report_id=new_id("rep"), case_id=case.case_id, status="draft", version=0, draft_revision=0)
        session.add(report)
        await session.flush()
    return report

"""Tell everything once more, as it stands: for a projection that lost its database, or that is not to be believed.

A case is told as ``case.restated``, to which nobody but a projection listens; a critical result as
``critical.restated`` with all its steps; a released version as the fact that it is (report.signed, report.amended,
report.voided), which who knows it passes over.
"""

from collections.abc import Sequence

from shared import outbox
from shared.db import Database, Session
from shared.events.case import CaseEvent, CaseSnapshot
from shared.events.critical import CriticalEvent
from shared.events.envelope import wrap
from shared.events.report import ReportEvent, ReportEventKind
from shared.reading.models import Case, ReportVersion
from shared.reading.queries import criticals, restating
from shared.reading.workflow.criticals.snapshot import critical_snapshot, steps_of
from shared.reading.workflow.snapshot import facts_of, snapshot

RESTATED = "case.restated"
CRITICAL_RESTATED = "critical.restated"
_PAGE = 100


async def restate(db: Database) -> tuple[int, int]:
    """Through the outbox, page by page; returns how many cases and released versions were told."""
    told_cases = told_versions = 0
    after = ""
    while True:
        async with db.transaction() as session:
            cases = await restating.case_page(session, after, _PAGE)
            if not cases:
                return told_cases, told_versions
            told_versions += await _restate_page(session, cases)
        told_cases += len(cases)
        after = cases[-1].case_id


async def _restate_page(session: Session, cases: Sequence[Case]) -> int:
    """Claims are read after their cases: what changes in between has a higher version, whose event follows."""
    case_ids = [case.case_id for case in cases]
    claims = await restating.live_claims(session, case_ids)
    reports = await restating.reports_of(session, case_ids)
    shown = {case.case_id: snapshot(case, claims.get(case.case_id), reports.get(case.case_id)) for case in cases}
    for case in shown.values():
        event = wrap(
            case.center,
            RESTATED,
            CaseEvent(case=case),
            record_id=case.case_id,
            case_id=case.case_id,
            case_version=case.case_version,
        )
        await outbox.add(session, event)
    versions = await restating.released_versions(session, case_ids)
    for version in versions:
        case = shown[version.case_id]
        kind = ReportEventKind.signed if version.amends is None else ReportEventKind.amended
        await _tell(session, kind, case, version)
        if version.status == "voided":
            await _tell(session, ReportEventKind.voided, case, version)
    await _restate_criticals(session, {case.case_id: case for case in cases})
    return len(versions)


async def _restate_criticals(session: Session, cases: dict[str, Case]) -> None:
    found = await criticals.of_cases(session, list(cases))
    history = await criticals.history(session, [each.critical_id for each in found])
    for critical in found:
        steps, case = steps_of(history, critical.critical_id), cases[critical.case_id]
        event = wrap(
            case.center,
            CRITICAL_RESTATED,
            CriticalEvent(critical=critical_snapshot(critical, case), step=steps[-1], history=steps),
            record_id=critical.critical_id,
            case_id=case.case_id,
            case_version=case.version,
        )
        await outbox.add(session, event)


async def _tell(session: Session, kind: ReportEventKind, case: CaseSnapshot, version: ReportVersion) -> None:
    event = wrap(
        case.center,
        kind,
        ReportEvent(case=case, report=facts_of(version)),
        record_id=version.report_id,
        case_id=case.case_id,
        case_version=case.case_version,
    )
    await outbox.add(session, event)

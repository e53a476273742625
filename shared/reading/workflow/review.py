"""What follows a submitted version without a signature: returned, recalled, voided."""

from datetime import timedelta

from shared.auth import Actor
from shared.db import Session
from shared.errors import NotFound
from shared.reading.lifecycle import IN_REVIEW, Action
from shared.reading.models import Case, Report, ReportVersion
from shared.reading.queries import cases, reports
from shared.reading.workflow.apply import apply
from shared.reading.workflow.claims import Claimed
from shared.reading.workflow.drafts import waiting_version
from shared.reading.workflow.report_row import ensure_report
from shared.reading.workflow.step import Step

KEPT_FOR_AUTHOR = timedelta(minutes=15)


async def return_(session: Session, actor: Actor, case_id: str, *, comment: str, token: str | None) -> Case:
    """Back to the author: 15 minutes his alone, then anyone's. A returned amendment is held for him as long.

    Repeated after a lost answer, it is answered again.
    """
    if (done := await _returned(session, actor, case_id, comment)) is not None:
        return done
    async with apply(session, actor, case_id, Action.return_, token=token, detail={"comment": comment}) as step:
        case = step.case
        version = await _withdraw(step, comment)
        step.version = version
        await step.end_claim()
        case.comment = comment
        if case.state in IN_REVIEW:
            case.kept_for_id, case.kept_for_name = version.author_id, version.author_name
            case.kept_until = step.now + KEPT_FOR_AUTHOR
        else:
            await _hold_for_author(step, version)
    return step.case


async def _returned(session: Session, actor: Actor, case_id: str, comment: str) -> Case | None:
    """Returned by this reviewer in these words, and nothing has happened to the case since."""
    case = await cases.lock(session, actor, case_id)
    last = await cases.last_step(session, case_id)
    if last is None or (last.action, last.account_id, last.case_version) != (
        Action.return_,
        actor.account_id,
        case.version,
    ):
        return None
    return case if last.detail.get("comment") == comment else None


async def recall(session: Session, actor: Actor, case_id: str) -> Claimed:
    """The author takes his version back before anybody reviews it, and holds the case again."""
    async with apply(session, actor, case_id, Action.recall) as step:
        step.version = await _withdraw(step, None)
        claim = await step.start_claim("report")
    return Claimed(step.case, claim)


async def void(session: Session, actor: Actor, case_id: str, *, reason: str) -> Case:
    """The signed report is declared wrong as a whole. It stays readable, marked as void."""
    async with apply(session, actor, case_id, Action.void, detail={"reason": reason}) as step:
        report = await ensure_report(session, step.case)
        version = await reports.version(session, report.report_id, report.released_version or 0)
        if version is None:
            raise NotFound
        version.status, version.reason = "voided", reason
        report.status = "voided"
        step.case.reason = reason
        step.version = version
    return step.case


async def _withdraw(step: Step, comment: str | None) -> ReportVersion:
    """No version waits any more. The text stays the latest draft; what its author signed stays as it was."""
    report = await ensure_report(step.session, step.case)
    version = await waiting_version(step.session, report)
    version.status, version.comment = "superseded", comment
    if version.revises is not None:
        signed = await reports.version(step.session, report.report_id, version.revises)
        if signed is not None:
            signed.status = "superseded"
    report.waiting_version = None
    report.status = "draft" if report.released_version is None else report.status
    await _show_author_of_released(step, report)
    step.case.written_by = []
    return version


async def _show_author_of_released(step: Step, report: Report) -> None:
    """What was withdrawn is nobody's report; under an amendment, the released one and its author still stand."""
    released = await reports.version(step.session, report.report_id, report.released_version or 0)
    case = step.case
    case.author_id = released.author_id if released else None
    case.author_name = released.author_name if released else None
    case.author_org_id = released.author_org_id if released else None


async def _hold_for_author(step: Step, version: ReportVersion) -> None:
    """An amendment is nobody's but its author's: his claim waits for him, and ends as any claim does."""
    author = Actor(version.author_id, "", version.author_name, version.author_org_id, frozenset())
    reviewer, step.actor = step.actor, author
    claim = await step.start_claim("amendment")
    step.actor = reviewer
    claim.lease_until = step.now + KEPT_FOR_AUTHOR

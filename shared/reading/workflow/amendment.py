"""A signed report is changed by a new version; the old one stays readable."""

from shared.auth import Actor
from shared.db import Session
from shared.errors import NotFound
from shared.reading.lifecycle import Action
from shared.reading.models import Case
from shared.reading.queries import cases, reports
from shared.reading.workflow.apply import apply
from shared.reading.workflow.claims import Claimed, own_amendment
from shared.reading.workflow.drafts import open_text
from shared.reading.workflow.report_row import ensure_report


async def open_amendment(session: Session, actor: Actor, case_id: str, *, reason: str | None = None) -> Claimed:
    """Hold the case for amending, from the released text or from the drafts of an amendment that expired.

    Who holds it already gets his claim again: after a return, that is how its author takes it up.
    """
    if (own := await own_amendment(session, actor, case_id)) is not None:
        return own
    async with apply(
        session, actor, case_id, Action.open_amendment, detail={"reason": reason} if reason else None
    ) as step:
        report = await ensure_report(session, step.case)
        released = await reports.version(session, report.report_id, report.released_version or 0)
        if released is None:
            raise NotFound
        claim = await step.start_claim("amendment")
        step.case.reason = reason
        await cases.mark_seen(session, case_id, actor.account_id, step.case.content_version)
        kept = await reports.latest_draft(session, case_id)
        if kept is None or kept.kind != "draft" or kept.base_version != released.version:
            await open_text(step, report, released.form, released.version)
    return Claimed(step.case, claim)


async def discard(session: Session, actor: Actor, case_id: str, *, token: str | None) -> Case:
    """The released version stands. The drafts are kept, but the next amendment starts from what was released."""
    async with apply(session, actor, case_id, Action.discard, token=token) as step:
        report = await ensure_report(session, step.case)
        released = await reports.version(session, report.report_id, report.released_version or 0)
        if released is not None:
            await open_text(step, report, released.form, released.version)
        step.case.reason = None
        await step.end_claim()
    return step.case

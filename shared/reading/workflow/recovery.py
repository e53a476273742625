"""The text that came with a lost claim: kept for whoever wrote it, and nobody's current text."""

from typing import Any

from shared.auth import SYSTEM, Actor
from shared.db import Session, database_now
from shared.reading.models import ReportDraft
from shared.reading.queries import cases, claims, reports
from shared.reading.workflow.report_row import ensure_report

_KEPT = 20


async def recover(session: Session, actor: Actor, case_id: str, form: dict[str, Any], token: str | None) -> int | None:
    """Keep the text, if the lost claim was this account's at all. Returns the draft's id.

    The same text again is the same draft, and the newest twenty of an account are kept: a page that goes on saving
    with a lost token fills no table.
    """
    lost = await claims.by_token(session, case_id, actor.account_id, token) if token else None
    if lost is None:
        return None
    case = await cases.lock(session, SYSTEM, case_id)  # it may be another site's by now; the text is still his
    kept = await reports.recovered_drafts(session, case_id, actor.account_id)
    for draft in kept:
        if draft.form == form:
            return draft.id
    now = await database_now(session)
    report = await ensure_report(session, case)
    draft = ReportDraft(
        case_id=case_id,
        report_id=report.report_id,
        revision=0,
        kind="recovered",
        form=form,
        base_version=report.released_version or 0,
        claim_id=lost.claim_id,
        saved_by=actor.account_id,
        saved_by_name=actor.name,
        first_saved_at=now,
        saved_at=now,
    )
    session.add(draft)
    await session.flush()
    await reports.keep_recovered(session, case_id, actor.account_id, _KEPT)
    return draft.id

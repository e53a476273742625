"""The text while it is written: every save a numbered revision, no word lost with a claim."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared import audit
from shared.auth import Actor
from shared.db import Database, Session
from shared.errors import ClaimLost, NotFound, PreconditionFailed
from shared.reading.lifecycle import BEING_WRITTEN, IN_REVIEW, Action
from shared.reading.models import Case, Claim, Report, ReportDraft, ReportVersion
from shared.reading.queries import cases, reports
from shared.reading.workflow.apply import apply, hold
from shared.reading.workflow.recovery import recover
from shared.reading.workflow.report_row import ensure_report
from shared.reading.workflow.step import Held, Step

COALESCED_FOR = timedelta(seconds=60)
"""Autosaves of one holder within a minute are one revision's row: its number still grows with each of them."""


@dataclass(frozen=True, slots=True)
class Saved:
    case: Case
    report: Report
    draft: ReportDraft
    lease_until: datetime


async def save(
    db: Database,
    actor: Actor,
    case_id: str,
    form: dict[str, Any],
    *,
    token: str | None,
    if_match: int | None = None,
    address: str = "",
) -> Saved:
    """Save the text and keep the claim. Opens its own transactions.

    Raises ClaimLost for a token that no longer holds, having kept the text as a recovered draft in a transaction of
    its own; PreconditionFailed where ``if_match`` is not the last revision.
    """
    try:
        async with db.transaction() as session:
            saved = await _save(session, actor, case_id, form, token, if_match)
            if not await audit.seen_recently(session, actor, "report.save", "case", case_id):
                await audit.record(session, actor, "report.save", "case", case_id, address=address)
            return saved
    except (ClaimLost, NotFound) as error:
        async with db.transaction() as session:
            kept = await recover(session, actor, case_id, form, token)
            if kept is not None:
                await audit.record(session, actor, "report.recover", "case", case_id, address=address)
        if kept is None:
            raise
        raise ClaimLost("领取已失效，您的内容已另存为恢复稿", extra={"recovered_draft": kept}) from error


async def _save(
    session: Session, actor: Actor, case_id: str, form: dict[str, Any], token: str | None, if_match: int | None
) -> Saved:
    unchanged = await _unchanged(session, actor, case_id, form, token, if_match)
    if unchanged is not None:
        return unchanged
    async with apply(session, actor, case_id, Action.save_draft, token=token) as step:
        report = await ensure_report(session, step.case)
        _require_revision(report, if_match)
        if step.case.state in IN_REVIEW:
            draft = await _revise(step, report, form)
        else:
            draft = await _add_revision(step, report, form, "draft", report.released_version or 0)
        step.renew_claim()
    return Saved(step.case, report, draft, _lease(step.claim))


async def _unchanged(
    session: Session, actor: Actor, case_id: str, form: dict[str, Any], token: str | None, if_match: int | None
) -> Saved | None:
    """The same text again only shows that the holder is there: no revision, no new version of the case."""
    await cases.lock(session, actor, case_id)
    draft = await reports.latest_draft(session, case_id)
    report = await reports.of_case(session, case_id)
    if draft is None or report is None or draft.form != form or token is None:
        return None
    held = await _held(session, actor, case_id, token)
    if held is None or held.case.state not in BEING_WRITTEN | IN_REVIEW:
        return None
    _require_revision(report, if_match)
    held.renew()
    return Saved(held.case, report, draft, held.claim.lease_until)


async def _held(session: Session, actor: Actor, case_id: str, token: str) -> Held | None:
    try:
        return await hold(session, actor, case_id, token)
    except ClaimLost:
        return None


async def open_text(step: Step, report: Report, form: dict[str, Any], base_version: int) -> ReportDraft:
    """The text an amendment starts from; nobody has written it yet."""
    return await _add_revision(step, report, form, "opened", base_version)


async def _add_revision(step: Step, report: Report, form: dict[str, Any], kind: str, base_version: int) -> ReportDraft:
    report.draft_revision += 1
    last = await reports.latest_draft(step.session, step.case.case_id)
    claim_id = step.claim.claim_id if step.claim else None
    if (
        last is not None
        and last.kind == kind
        and last.claim_id == claim_id
        and step.now - last.first_saved_at < COALESCED_FOR
    ):
        last.form, last.saved_at, last.revision = form, step.now, report.draft_revision
        return last
    draft = ReportDraft(
        case_id=step.case.case_id,
        report_id=report.report_id,
        revision=report.draft_revision,
        kind=kind,
        form=form,
        base_version=base_version,
        claim_id=claim_id,
        saved_by=step.actor.account_id,
        saved_by_name=step.actor.name,
        first_saved_at=step.now,
        saved_at=step.now,
    )
    step.session.add(draft)
    await step.session.flush()
    return draft


async def _revise(step: Step, report: Report, form: dict[str, Any]) -> ReportDraft:
    """审核修改: the reviewer's text is a version of its own; the author's stays as he signed it."""
    waiting = await waiting_version(step.session, report)
    draft = await _add_revision(step, report, form, "revised", waiting.version)
    claim_id = step.claim.claim_id if step.claim else None
    if waiting.revises is not None and waiting.claim_id == claim_id:
        waiting.form = form
        step.version, step.is_quiet = waiting, True
        return draft
    report.version += 1
    revised = ReportVersion(
        report_id=report.report_id,
        version=report.version,
        case_id=step.case.case_id,
        status="submitted",
        form=form,
        author_id=waiting.author_id,
        author_name=waiting.author_name,
        author_org_id=waiting.author_org_id,
        written_by=waiting.written_by,
        claim_id=claim_id,
        revises=waiting.revises or waiting.version,
        positive=waiting.positive,
        content_version=waiting.content_version,
        case_version=step.case.version,
        submitted_at=waiting.submitted_at,
    )
    if waiting.revises is not None:
        waiting.status = "superseded"
    step.session.add(revised)
    report.waiting_version = revised.version
    step.version = revised
    return draft


async def waiting_version(session: Session, report: Report) -> ReportVersion:
    """The version that waits for review. Raises NotFound where none does."""
    found = await reports.version(session, report.report_id, report.waiting_version or 0)
    if found is None:
        raise NotFound
    return found


def _require_revision(report: Report, if_match: int | None) -> None:
    if if_match is not None and if_match != report.draft_revision:
        raise PreconditionFailed("草稿已在别处保存过，请刷新", extra={"version": report.draft_revision})


def _lease(claim: Claim | None) -> datetime:
    if claim is None:
        raise ClaimLost
    return claim.lease_until

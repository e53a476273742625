"""Rows as answers."""

from typing import Any

from shared import directory
from shared.auth import Actor
from shared.db import Session, database_now
from shared.events.case import Card, Person
from shared.reading.lifecycle import CLOSED, Action, By, State, lifecycle_of
from shared.reading.models import Case, CaseHistory, Claim, Report, ReportDraft, ReportVersion
from shared.reading.queries import cases, claims, reports
from shared.reading.schemas.answers import (
    CaseAnswer,
    ClaimAnswer,
    RecoveredDraft,
    ReportLink,
    ShownCase,
    ShownHolder,
    ShownOrganization,
    ShownVersion,
    SignedAnswer,
    TimelineEntry,
)
from shared.reading.workflow.claims import Claimed
from shared.reading.workflow.permit import performers_of
from shared.reading.workflow.snapshot import facts_of, snapshot, warnings_of
from shared.reading.workflow.step import is_live
from shared.reading.workflow.versions import Signed

_TOLD_THE_CLINIC = frozenset({State.rejected, State.canceled})


def works_on(actor: Actor, case: Case) -> bool:
    """Whether the actor belongs to those who write it; everybody else sees what they let go."""
    return writes(actor, case) or By.dispatcher in performers_of(actor, case)


def writes(actor: Actor, case: Case) -> bool:
    """Whether the text may come to stand under the actor's name."""
    return not performers_of(actor, case).isdisjoint(lifecycle_of(case.center).performers(Action.save_draft))


async def show_case(session: Session, actor: Actor, case: Case) -> ShownCase:
    return ShownCase.model_validate(await _fields(session, actor, case, await claims.unended(session, case.case_id)))


async def show_claimed(session: Session, actor: Actor, claimed: Claimed) -> ClaimAnswer:
    fields = await _fields(session, actor, claimed.case, claimed.claim)
    claim = claimed.claim
    return ClaimAnswer.model_validate(
        {**fields, "claim_token": claim.token, "stage": claim.stage, "expires_at": claim.lease_until}
    )


async def show_whole(session: Session, actor: Actor, case: Case) -> CaseAnswer:
    fields = await _fields(session, actor, case, await claims.unended(session, case.case_id))
    history = await cases.history(session, case.case_id)
    return CaseAnswer.model_validate({**fields, "timeline": [_entry(each, works_on(actor, case)) for each in history]})


async def _fields(session: Session, actor: Actor, case: Case, claim: Claim | None) -> dict[str, Any]:
    now = await database_now(session)
    holder = claim if is_live(claim, now) else None
    report = await reports.of_case(session, case.case_id)
    seen = snapshot(case, holder, report)
    card = Card.model_validate(case.card)
    unseen = await cases.seen_version(session, case.case_id, actor.account_id) < case.content_version
    left = None if case.due_at is None or case.state in CLOSED else int((case.due_at - now).total_seconds())
    return {
        **{name: getattr(seen, name) for name in _SAME},
        "comment": case.comment if works_on(actor, case) or case.state in _TOLD_THE_CLINIC else None,
        "version": case.version,
        "seconds_left": left,
        "clinic": await _organization(session, case.clinic_id),
        "reading_site": await _organization(session, case.reading_site_id) if case.reading_site_id else None,
        **{name: getattr(card, name) for name in ("patient", "exam", "encounter", "clinical_info", "requester")},
        "warnings": warnings_of(case),
        "content_version": case.content_version,
        "content_unseen": unseen and holder is not None and holder.account_id == actor.account_id,
        "claimed_by": _holder(holder),
        "claim_until": holder.lease_until if holder else None,
        "signed_at": case.signed_at,
        "report": _report_link(case, report),
        "links": links_of(case),
    }


_SAME = (
    "case_id", "center", "accession_number", "state", "priority", "received_at", "completed_at", "due_at", "overdue",
    "content_count", "study_uids", "author", "kept_for", "kept_until", "cancel_requested", "repeats", "repeated_by",
    "reason",
)  # fmt: skip


def links_of(case: Case) -> dict[str, str]:
    own = f"/{case.center}/v1/cases/{case.case_id}"
    return {"self": own, "report": f"{own}/report", "versions": f"{own}/report/versions"}


def show_version(version: ReportVersion) -> ShownVersion:
    facts = facts_of(version)
    return ShownVersion(
        report_id=version.report_id,
        version=version.version,
        status=version.status,
        form=version.form,
        author=facts.author or Person(account_id=version.author_id, name=version.author_name),
        reviewer=facts.reviewer,
        submitted_at=version.submitted_at,
        signed_at=version.signed_at,
        turnaround_seconds=version.turnaround_s,
        positive=version.positive,
        revises=version.revises,
        amends=version.amends,
        reason=version.reason,
        comment=version.comment,
        payload_sha256=version.payload_sha256,
        is_signed=version.jws is not None,
    )


def show_signed(signed: Signed) -> SignedAnswer:
    case, version = signed.case, signed.version
    return SignedAnswer(
        case_id=case.case_id,
        state=case.state,
        report_id=version.report_id,
        version=version.version,
        status=version.status,
        payload_sha256=version.payload_sha256,
        signed_at=version.signed_at,
        turnaround_seconds=version.turnaround_s,
        links=links_of(case),
    )


def show_recovered(draft: ReportDraft) -> RecoveredDraft:
    return RecoveredDraft(draft_id=draft.id, saved_at=draft.saved_at, form=draft.form)


async def _organization(session: Session, org_id: str) -> ShownOrganization:
    return ShownOrganization(org_id=org_id, name=await directory.name_of(session, org_id))


def _holder(claim: Claim | None) -> ShownHolder | None:
    if claim is None:
        return None
    return ShownHolder(account_id=claim.account_id, name=claim.account_name, stage=claim.stage)


def _report_link(case: Case, report: Report | None) -> ReportLink | None:
    if report is None:
        return None
    released = report.released_version is not None
    return ReportLink(
        report_id=report.report_id,
        status=report.status,
        version=report.released_version or report.waiting_version,
        href=links_of(case)["report"],
        released=f"/v1/reports/{report.report_id}" if released else None,
    )


def _entry(row: CaseHistory, is_told_all: bool) -> TimelineEntry:
    """What a reviewer tells the author is between the two."""
    by = (
        None
        if row.account_id == "system"
        else Person(account_id=row.account_id, name=row.account_name, org_id=row.org_id)
    )
    return TimelineEntry(
        at=row.at,
        action=row.action,
        from_state=row.from_state,
        state=row.to_state,
        by=by,
        detail=row.detail if is_told_all or row.action != Action.return_ else {},
    )

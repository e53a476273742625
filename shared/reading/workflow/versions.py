"""Report versions: added at submit, released at signing, superseded by their successors, found again on a repeat."""

from dataclasses import dataclass
from datetime import datetime

from shared.auth import Actor
from shared.blobs import BlobRef
from shared.db import Session
from shared.reading.lifecycle import RELEASED, Action
from shared.reading.models import Case, Report, ReportVersion
from shared.reading.queries import cases, claims, reports
from shared.reading.workflow.apply import rehearse
from shared.reading.workflow.desk import Files
from shared.reading.workflow.preparing import Prepared
from shared.reading.workflow.step import Step
from shared.signing.document import ReportDocument
from shared.signing.grants import Grant


@dataclass(frozen=True, slots=True)
class Signed:
    """``renewed`` goes back as ``Signing-Grant``; None where nothing was signed this time."""

    case: Case
    version: ReportVersion
    renewed: Grant | None = None


async def add_version(step: Step, report: Report, prepared: Prepared, files: Files | None) -> ReportVersion:
    actor = step.actor
    report.version = prepared.document.version
    version = ReportVersion(
        report_id=report.report_id,
        version=report.version,
        case_id=step.case.case_id,
        status="submitted",
        form=prepared.form,
        author_id=actor.account_id,
        author_name=actor.name,
        author_org_id=actor.org_id,
        written_by=sorted(
            {*await reports.writers(step.session, step.case.case_id, report.released_version or 0), actor.account_id}
        ),
        claim_id=step.claim.claim_id if step.claim else None,
        amends=prepared.amends,
        reason=prepared.amend_reason,
        positive=prepared.document.positive,
        content_version=step.case.content_version,
        case_version=step.case.version,
        submitted_at=prepared.at,
    )
    put_files(version, prepared.document, files)
    step.session.add(version)
    step.version = version
    return version


def put_files(version: ReportVersion, document: ReportDocument, files: Files | None) -> None:
    version.document = document.model_dump(mode="json")
    version.payload_sha256 = document.sha256()
    if files is not None:
        version.jws, version.pdf = files.jws.to_dict(), files.pdf.to_dict()


async def let_wait(step: Step, report: Report, version: ReportVersion) -> None:
    case = step.case
    case.author_id, case.author_name, case.author_org_id = (
        version.author_id,
        version.author_name,
        version.author_org_id,
    )
    case.written_by = version.written_by
    case.comment = None
    report.waiting_version = version.version
    report.status = "submitted" if report.released_version is None else report.status
    await step.end_claim()


async def release(step: Step, report: Report, version: ReportVersion, at: datetime | None = None) -> None:
    """The version stands; the one it replaces stays readable as superseded."""
    case = step.case
    if version.amends is not None:
        await supersede(step.session, report, version.amends)
    for preliminary in await reports.preliminary(step.session, report.report_id):
        preliminary.status = "superseded"
    version.status = "final" if version.amends is None else "amended"
    version.signed_at = at or version.submitted_at
    if case.received_at is not None:
        version.turnaround_s = max(0, round((version.signed_at - case.received_at).total_seconds()))
    report.status, report.released_version, report.waiting_version = version.status, version.version, None
    case.signed_at = case.signed_at or version.signed_at
    case.author_id, case.author_name, case.author_org_id = (
        version.author_id,
        version.author_name,
        version.author_org_id,
    )
    case.written_by, case.reason, case.comment = [], None, None
    step.version = version
    await step.end_claim()


async def supersede(session: Session, report: Report, number: int) -> None:
    replaced = await reports.version(session, report.report_id, number)
    if replaced is not None:
        replaced.status = "superseded"


def files_of(version: ReportVersion) -> Files:
    return Files(BlobRef.from_dict(version.jws or {}), BlobRef.from_dict(version.pdf or {}))


async def done_by_author(
    session: Session, actor: Actor, case_id: str, action: Action, token: str | None
) -> Signed | None:
    """The answer was lost, the deed was not: the version this very claim ended with."""
    if token is None:
        return None
    case = await cases.see(session, actor, case_id)
    claim = await claims.by_token(session, case_id, actor.account_id, token)
    if claim is None or claim.ended_by != action:
        return None
    for version in await reports.versions(session, case_id):
        made_here = version.claim_id == claim.claim_id and version.author_id == actor.account_id
        if made_here and version.revises is None and version.status in ("submitted", "final", "amended"):
            return Signed(case, version)
    return None


async def said_already(
    session: Session, actor: Actor, case_id: str, token: str | None, *, is_signed: bool
) -> Signed | None:
    """The preliminary version that says what the draft says, of the same images; ``is_signed``: a signed one is wanted.

    Raises what issuing another would raise.
    """
    step = await rehearse(session, actor, case_id, Action.issue_preliminary, token=token)
    draft = await reports.latest_draft(session, case_id)
    for version in reversed(await reports.versions(session, case_id)):
        if version.status != "preliminary":
            continue
        says_it = draft is not None and version.form == draft.form and version.author_id == actor.account_id
        is_of_these = version.content_version == step.case.content_version
        if says_it and is_of_these and (version.jws is not None or not is_signed):
            return Signed(step.case, version)
        return None
    return None


async def done_by_reviewer(session: Session, actor: Actor, case_id: str) -> Signed | None:
    """Signed by this reviewer, and nothing has happened to the case since."""
    case = await cases.see(session, actor, case_id)
    report = await reports.of_case(session, case_id)
    if case.state not in RELEASED or report is None:
        return None
    version = await reports.version(session, report.report_id, report.released_version or 0)
    if version is None or version.reviewer_id != actor.account_id or version.case_version != case.version:
        return None
    return Signed(case, version)

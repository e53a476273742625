"""Submit, sign, issue: a version, its signature and the case's step are one transaction; the work is done before it.

First a short transaction checks that the step would be allowed and gathers what is signed. Then, with no row locked,
the sheet is rendered, signed and stored. The last transaction takes the step, and requires that the case's version is
still the one that was signed (CaseChanged) and that account and certificate still hold.
"""

from dataclasses import dataclass
from datetime import datetime

from shared import audit
from shared.auth import Actor
from shared.blobs import BlobRef
from shared.db import Session
from shared.reading.form import parse_form
from shared.reading.lifecycle import Action, State
from shared.reading.models import Case, Report, ReportVersion
from shared.reading.queries import cases, claims, reports
from shared.reading.workflow.apply import Step, apply, rehearse
from shared.reading.workflow.credentials import Unlocked, current_credential, is_development, unlocked
from shared.reading.workflow.desk import Desk, Files
from shared.reading.workflow.drafts import ensure_report, waiting_version
from shared.reading.workflow.statement import Making, build, person, require_signable
from shared.signing.document import Person, ReportDocument, ReportStatus, SignerRole
from shared.signing.grants import Grant

_BOTH = (SignerRole.AUTHOR, SignerRole.REVIEWER)


@dataclass(frozen=True, slots=True)
class Signed:
    """``renewed`` goes back as ``Signing-Grant``; None where nothing was signed this time."""

    case: Case
    version: ReportVersion
    renewed: Grant | None = None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is about to be signed. ``countersigns``: the version that gets the reviewer's signature as it stands."""

    case_version: int
    at: datetime
    signer: Unlocked | None
    role: SignerRole
    document: ReportDocument
    form: dict[str, object]
    countersigns: ReportVersion | None = None
    revises: int | None = None
    amends: int | None = None
    amend_reason: str | None = None


async def submit(
    desk: Desk, actor: Actor, case_id: str, *, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    """The author signs his version, which then waits for review. Repeated after a lost answer, it is answered again.

    Raises Invalid (``report_incomplete``), ContentUnseen, ClaimLost, CaseChanged, Unauthenticated, IllegalTransition.
    """
    return await _author(desk, actor, case_id, Action.submit, token, grant, address)


async def sign(
    desk: Desk, actor: Actor, case_id: str, *, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    """Release the report: the reviewer's signature, or the author's alone where the site's policy says so.

    Raises SamePerson besides what ``submit`` raises.
    """
    async with desk.db.transaction() as session:
        if (done := await _done_by_author(session, actor, case_id, Action.sign, token)) is not None:
            return done
        state = (await cases.see(session, actor, case_id)).state
    if state in (State.claimed, State.amending):
        return await _author(desk, actor, case_id, Action.sign, token, grant, address)
    return await _review(desk, actor, case_id, token, grant, address)


async def issue_preliminary(
    desk: Desk, actor: Actor, case_id: str, *, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    """What the reader can say at once (night emergencies), before the report. Signed where a grant is shown."""
    return await _author(desk, actor, case_id, Action.issue_preliminary, token, grant, address)


async def _author(
    desk: Desk, actor: Actor, case_id: str, action: Action, token: str | None, grant: str | None, address: str
) -> Signed:
    async with desk.db.transaction() as session:
        if (done := await _done_by_author(session, actor, case_id, action, token)) is not None:
            return done
        prepared = await _prepare_author(session, desk, actor, case_id, action, token, grant)
    files = None
    if prepared.signer is not None:
        signatory = prepared.signer.signatory
        files = await desk.sign_new(prepared.document, signatory, prepared.role, prepared.at)
    async with desk.db.transaction() as session:
        await cases.lock(session, actor, case_id)
        if (done := await _done_by_author(session, actor, case_id, action, token)) is not None:
            return done  # the same call came twice at once, and the other was first
        if prepared.signer is not None:
            await current_credential(session, actor)
        async with apply(session, actor, case_id, action, token=token, expected_version=prepared.case_version) as step:
            report = await ensure_report(session, step.case)
            version = await _new_version(step, report, prepared, files)
            if action == Action.issue_preliminary:
                version.status = report.status = "preliminary"
            elif action == Action.submit:
                await _wait_for_review(step, report, version)
            else:
                await _release(step, report, version)
        await audit.record(session, actor, f"report.{action}", "case", case_id, address=address)
    return Signed(step.case, version, prepared.signer.renewed if prepared.signer else None)


async def _review(
    desk: Desk, actor: Actor, case_id: str, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    async with desk.db.transaction() as session:
        if (done := await _done_by_reviewer(session, actor, case_id)) is not None:
            return done
        prepared = await _prepare_review(session, desk, actor, case_id, token, grant)
    if prepared.signer is None:
        raise AssertionError("a review is always signed")
    if prepared.countersigns is not None:
        files = await desk.countersign(_files(prepared.countersigns), prepared.signer.signatory, prepared.at)
    else:
        files = await desk.sign_new(prepared.document, prepared.signer.signatory, prepared.role, prepared.at)
    async with desk.db.transaction() as session:
        await cases.lock(session, actor, case_id)
        if (done := await _done_by_reviewer(session, actor, case_id)) is not None:
            return done
        await current_credential(session, actor)
        async with apply(
            session, actor, case_id, Action.sign, token=token, expected_version=prepared.case_version
        ) as step:
            report = await ensure_report(session, step.case)
            version = await waiting_version(session, report)
            _put(version, prepared.document, files)
            version.reviewer_id, version.reviewer_name = actor.account_id, actor.name
            version.reviewer_org_id = actor.org_id
            if version.revises is not None:
                version.positive = prepared.document.positive
                await _supersede(session, report, version.revises)
            await _release(step, report, version, prepared.at)
        await audit.record(session, actor, "report.sign", "case", case_id, address=address)
    return Signed(step.case, version, prepared.signer.renewed)


async def _prepare_author(
    session: Session, desk: Desk, actor: Actor, case_id: str, action: Action, token: str | None, grant: str | None
) -> _Prepared:
    step = await rehearse(session, actor, case_id, action, token=token)
    case, at = step.case, step.now.replace(microsecond=0)
    draft = await reports.latest_draft(session, case_id)
    filled = parse_form(desk.form, draft.form if draft else {})
    require_signable(desk.form, filled, case)
    report = await ensure_report(session, case)
    amends = await reports.version(session, report.report_id, report.released_version or 0)
    amend_reason = case.reason if amends is not None else None
    is_preliminary = action == Action.issue_preliminary
    signer, development = await _signer(session, desk, actor, grant, at, may_lack=is_preliminary)
    making = Making(
        report_id=report.report_id,
        version=report.version + 1,
        status=_status(action, amends),
        roles=_BOTH if action == Action.submit else (SignerRole.AUTHOR,),
        author=person(actor),
        written_at=at,
        amends=amends,
        amend_reason=amend_reason,
    )
    document = await build(
        session, case, desk.form, filled, making, public_url=desk.public_url, development=development
    )
    return _Prepared(
        case_version=case.version,
        at=at,
        signer=signer,
        role=SignerRole.AUTHOR,
        document=document,
        form=draft.form if draft else {},
        amends=amends.version if amends else None,
        amend_reason=amend_reason,
    )


async def _prepare_review(
    session: Session, desk: Desk, actor: Actor, case_id: str, token: str | None, grant: str | None
) -> _Prepared:
    step = await rehearse(session, actor, case_id, Action.sign, token=token)
    case, at = step.case, step.now.replace(microsecond=0)
    report = await ensure_report(session, case)
    waiting = await waiting_version(session, report)
    signer, development = await _signer(session, desk, actor, grant, at)
    if waiting.revises is None:
        document = ReportDocument.model_validate(waiting.document)
        return _Prepared(case.version, at, signer, SignerRole.REVIEWER, document, waiting.form, countersigns=waiting)
    filled = parse_form(desk.form, waiting.form)
    require_signable(desk.form, filled, case)
    revised = await reports.version(session, report.report_id, waiting.revises)
    making = Making(
        report_id=report.report_id,
        version=waiting.version,
        status=ReportStatus.FINAL,
        roles=(SignerRole.REVIEWER,),
        author=Person(id=waiting.author_id, name=waiting.author_name),
        written_at=at,
        reviewer=person(actor),
        revises=revised,
    )
    document = await build(
        session, case, desk.form, filled, making, public_url=desk.public_url, development=development
    )
    return _Prepared(case.version, at, signer, SignerRole.REVIEWER, document, waiting.form, revises=waiting.revises)


async def _signer(
    session: Session, desk: Desk, actor: Actor, grant: str | None, at: datetime, *, may_lack: bool = False
) -> tuple[Unlocked | None, bool]:
    """The unlocked key, and whether its certificate is the development authority's."""
    if may_lack and not grant:
        return None, False
    credential = await current_credential(session, actor)
    development = await is_development(session, credential, at)
    return await unlocked(session, actor, credential, desk.grants, grant), development


def _status(action: Action, amends: ReportVersion | None) -> ReportStatus:
    if action == Action.issue_preliminary:
        return ReportStatus.PRELIMINARY
    return ReportStatus.FINAL if amends is None else ReportStatus.AMENDED


async def _new_version(step: Step, report: Report, prepared: _Prepared, files: Files | None) -> ReportVersion:
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
    _put(version, prepared.document, files)
    step.session.add(version)
    step.version = version
    return version


def _put(version: ReportVersion, document: ReportDocument, files: Files | None) -> None:
    version.document = document.model_dump(mode="json")
    version.payload_sha256 = document.sha256()
    if files is not None:
        version.jws, version.pdf = files.jws.to_dict(), files.pdf.to_dict()


async def _wait_for_review(step: Step, report: Report, version: ReportVersion) -> None:
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


async def _release(step: Step, report: Report, version: ReportVersion, at: datetime | None = None) -> None:
    """The version stands; the one it replaces stays readable as superseded."""
    case = step.case
    if version.amends is not None:
        await _supersede(step.session, report, version.amends)
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


async def _supersede(session: Session, report: Report, number: int) -> None:
    replaced = await reports.version(session, report.report_id, number)
    if replaced is not None:
        replaced.status = "superseded"


async def _done_by_author(
    session: Session, actor: Actor, case_id: str, action: Action, token: str | None
) -> Signed | None:
    """The answer was lost, the deed was not: the version this very claim ended with."""
    if token is None or action == Action.issue_preliminary:
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


async def _done_by_reviewer(session: Session, actor: Actor, case_id: str) -> Signed | None:
    """Signed by this reviewer, and nothing has happened to the case since."""
    case = await cases.see(session, actor, case_id)
    report = await reports.of_case(session, case_id)
    if case.state != State.signed or report is None:
        return None
    version = await reports.version(session, report.report_id, report.released_version or 0)
    if version is None or version.reviewer_id != actor.account_id or version.case_version != case.version:
        return None
    return Signed(case, version)


def _files(version: ReportVersion) -> Files:
    return Files(BlobRef.from_dict(version.jws or {}), BlobRef.from_dict(version.pdf or {}))

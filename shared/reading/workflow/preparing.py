"""What is about to be signed, gathered before any row is locked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.auth import Actor
from shared.blobs import BlobRef
from shared.db import Session
from shared.reading.finding import Finding
from shared.reading.form import Evidence, FindsCriticals, parse_form
from shared.reading.lifecycle import Action
from shared.reading.models import ReportVersion
from shared.reading.queries import cases, reports
from shared.reading.workflow.apply import rehearse
from shared.reading.workflow.credentials import Unlocked, current_credential, is_development, unlocked
from shared.reading.workflow.desk import Desk
from shared.reading.workflow.drafts import waiting_version
from shared.reading.workflow.report_row import ensure_report
from shared.reading.workflow.statement import (
    Making,
    build,
    gather_alone,
    gather_signable,
    person,
    require_current,
    require_releaser,
)
from shared.signing.document import Person, ReportDocument, ReportStatus, SignerRole

_BOTH = (SignerRole.AUTHOR, SignerRole.REVIEWER)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is about to be signed. ``countersigns``: the version that gets the reviewer's signature as it stands;
    ``files``: what the sheet prints of the centre's store; ``alone``: what lets its author release it by himself."""

    case_version: int
    at: datetime
    signer: Unlocked | None
    role: SignerRole
    document: ReportDocument
    form: dict[str, object]
    files: Mapping[str, BlobRef] = field(default_factory=dict)
    countersigns: ReportVersion | None = None
    revises: int | None = None
    amends: int | None = None
    amend_reason: str | None = None
    findings: Sequence[Finding] = ()
    alone: Evidence | None = None


async def prepare_author(
    session: Session, desk: Desk, actor: Actor, case_id: str, action: Action, token: str | None, grant: str | None
) -> Prepared:
    alone = await may_stand_alone(session, desk, actor, case_id) if action == Action.sign else None
    step = await rehearse(session, actor, case_id, action, token=token, stands_alone=alone is not None)
    case, at = step.case, step.now.replace(microsecond=0)
    draft = await reports.latest_draft(session, case_id)
    filled = parse_form(desk.form, draft.form if draft else {})
    evidence = await gather_signable(session, desk.form, filled, case)
    evidence = evidence if alone is None else alone
    if action == Action.sign:
        await require_releaser(session, desk.form, draft.form if draft else {}, case, actor)
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
        session, case, desk.form, filled, evidence, making, public_url=desk.public_url, development=development
    )
    return Prepared(
        case_version=case.version,
        at=at,
        signer=signer,
        role=SignerRole.AUTHOR,
        document=document,
        form=draft.form if draft else {},
        files=evidence.files,
        amends=amends.version if amends else None,
        amend_reason=amend_reason,
        findings=desk.form.findings(filled, evidence) if isinstance(desk.form, FindsCriticals) else (),
        alone=alone,
    )


async def may_stand_alone(session: Session, desk: Desk, actor: Actor, case_id: str) -> Evidence | None:
    """Of the text as it is saved, under the case's lock. Raises NotFound."""
    case = await cases.lock(session, actor, case_id)
    draft = await reports.latest_draft(session, case_id)
    return await gather_alone(session, desk.form, draft.form if draft else {}, case)


async def prepare_review(
    session: Session, desk: Desk, actor: Actor, case_id: str, token: str | None, grant: str | None
) -> Prepared:
    step = await rehearse(session, actor, case_id, Action.sign, token=token)
    case, at = step.case, step.now.replace(microsecond=0)
    report = await ensure_report(session, case)
    waiting = await waiting_version(session, report)
    await require_releaser(session, desk.form, waiting.form, case, actor)
    signer, development = await _signer(session, desk, actor, grant, at)
    if waiting.revises is None:
        await require_current(session, desk.form, waiting, case)
        document = ReportDocument.model_validate(waiting.document)
        return Prepared(case.version, at, signer, SignerRole.REVIEWER, document, waiting.form, countersigns=waiting)
    filled = parse_form(desk.form, waiting.form)
    evidence = await gather_signable(session, desk.form, filled, case)
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
        session, case, desk.form, filled, evidence, making, public_url=desk.public_url, development=development
    )
    return Prepared(
        case_version=case.version,
        at=at,
        signer=signer,
        role=SignerRole.REVIEWER,
        document=document,
        form=waiting.form,
        files=evidence.files,
        revises=waiting.revises,
    )


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

"""The statement of one report version, as its signers will stand for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from shared import directory
from shared.auth import Actor, Role
from shared.db import Session
from shared.errors import Conflict, Invalid, RoleRequired
from shared.events.case import Card
from shared.reading.form import (
    AsksForPhysician,
    CaseFacts,
    ChecksRelease,
    Evidence,
    ReleasesAlone,
    ReportForm,
    parse_form,
)
from shared.reading.models import Case, ReportVersion
from shared.reading.workflow.criticals.stated import critical_findings, undecided_warnings
from shared.reading.workflow.snapshot import warnings_of
from shared.signing.document import (
    Amendment,
    CaseWarning,
    Encounter,
    Exam,
    Organization,
    Patient,
    Person,
    ReportDocument,
    ReportStatus,
    Requester,
    Revision,
    SignerRole,
)

_NO_REASON = "未注明"


@dataclass(frozen=True, slots=True)
class Making:
    """What a new version is. ``author``: who wrote the text, and the account that signs unless it ``revises``."""

    report_id: str
    version: int
    status: ReportStatus
    roles: tuple[SignerRole, ...]
    author: Person
    written_at: datetime
    reviewer: Person | None = None
    revises: ReportVersion | None = None
    amends: ReportVersion | None = None
    amend_reason: str | None = None


def facts_for_form(case: Case) -> CaseFacts:
    card = Card.model_validate(case.card)
    return CaseFacts(
        case_id=case.case_id,
        center=case.center,
        modality=case.modality,
        laterality=card.exam.laterality,
        sex=card.patient.sex,
        study_uids=tuple(case.study_uids),
        birth_date=card.patient.birth_date,
        age=card.patient.age,
        exam_name=card.exam.name,
    )


async def gather_signable(session: Session, form: ReportForm, filled: BaseModel, case: Case) -> Evidence:
    """What the form stands on. Raises Invalid (422) naming what it lacks."""
    facts = facts_for_form(case)
    evidence = await form.gather(session, facts, filled)
    problems = form.problems(filled, facts, evidence)
    if problems:
        raise Invalid("报告尚不完整，不能签名", code="report_incomplete", errors=problems)
    return evidence


async def gather_alone(session: Session, form: ReportForm, raw: dict[str, Any], case: Case) -> Evidence | None:
    """What the form stands on where its author alone may release it; None where that is not the form's to say."""
    if not isinstance(form, ReleasesAlone):
        return None
    return await form.alone(session, facts_for_form(case), parse_form(form, raw))


async def require_current(session: Session, form: ReportForm, waiting: ReportVersion, case: Case) -> None:
    """Raises Invalid (422) where what the author signed was overtaken since."""
    if not isinstance(form, ChecksRelease) or waiting.document is None:
        return
    filled = parse_form(form, waiting.form)
    evidence = await form.gather(session, facts_for_form(case), filled)
    problems = form.outdated(filled, evidence, waiting.document["content"])
    if problems:
        raise Invalid("作者签名后结果有变化，请退回作者", code="report_incomplete", errors=problems)


async def require_releaser(session: Session, form: ReportForm, raw: dict[str, Any], case: Case, actor: Actor) -> None:
    """Raises RoleRequired where only a physician may release what the form states, and the actor is none."""
    if not isinstance(form, AsksForPhysician) or actor.has(Role.reviewer):
        return
    filled = parse_form(form, raw)
    if form.needs_physician(filled, await form.gather(session, facts_for_form(case), filled)):
        raise RoleRequired("含诊断性项目的报告须由执业医师审核", extra={"roles": [str(Role.reviewer)]})


async def build(
    session: Session,
    case: Case,
    form: ReportForm,
    filled: BaseModel,
    evidence: Evidence,
    making: Making,
    *,
    public_url: str,
    development: bool,
) -> ReportDocument:
    card = Card.model_validate(case.card)
    if case.reading_site_id is None or case.received_at is None:
        raise Conflict("病例尚未分配或尚无检查内容", extra={"state": case.state})
    site = await directory.organization(session, case.reading_site_id)
    return ReportDocument(
        report_id=making.report_id,
        case_id=case.case_id,
        center=case.center,
        version=making.version,
        accession_number=case.accession_number,
        status=making.status,
        patient=_patient(card, case.clinic_id),
        exam=_exam(card, case),
        encounter=Encounter.model_validate(card.encounter.model_dump()) if card.encounter else None,
        clinical_info=card.clinical_info,
        requester=Requester(name=card.requester.name) if card.requester and card.requester.name else None,
        clinic=Organization(id=case.clinic_id, name=await directory.name_of(session, case.clinic_id)),
        reading_site=Organization(id=case.reading_site_id, name=site.name if site else case.reading_site_id),
        content=form.content_of(filled, evidence),
        positive=form.positive_of(filled),
        author=making.author,
        reviewer=making.reviewer,
        written_at=making.written_at,
        received_at=case.received_at,
        revises=_revision(making.revises),
        amends=_amendment(making),
        study_uids=tuple(case.study_uids),
        critical=await critical_findings(session, case.case_id),
        warnings=(
            *(CaseWarning(code=each.code, detail=each.detail) for each in warnings_of(case)),
            *await undecided_warnings(session, case.case_id),
        ),
        recognition_mark=site.recognition_mark if site else None,
        signature_roles=making.roles,
        verification_url=f"{public_url.rstrip('/')}/verify?r={making.report_id}&v={making.version}",
        development=development,
    )


def person(actor: Actor) -> Person:
    return Person(id=actor.account_id, name=actor.name)


def _patient(card: Card, clinic_id: str) -> Patient:
    patient = card.patient
    return Patient.model_validate(
        {**patient.model_dump(), "id": patient.id or "", "issuer": clinic_id, "age": _age(patient.age)}
    )


def _age(age: str | None) -> str | None:
    """A file's (0010,1010) is ``065Y`` or nonsense; only a readable age is stated."""
    if age is None or not age[:-1].isdigit() or age[-1] not in "YMWD":
        return None
    return f"{int(age[:-1]) % 1000}{age[-1]}"


def _exam(card: Card, case: Case) -> Exam:
    exam = card.exam
    return Exam(
        code=exam.code or "",
        name=exam.name,
        modality=exam.modality or case.modality or "",
        laterality=exam.laterality,
        body_part=exam.body_part,
        performed_at=exam.performed_at,
    )


def _revision(revised: ReportVersion | None) -> Revision | None:
    if revised is None or revised.payload_sha256 is None:
        return None
    author = Person(id=revised.author_id, name=revised.author_name)
    return Revision(version=revised.version, sha256=revised.payload_sha256, author=author)


def _amendment(making: Making) -> Amendment | None:
    amended = making.amends
    if amended is None or amended.payload_sha256 is None:
        return None
    return Amendment(version=amended.version, sha256=amended.payload_sha256, reason=making.amend_reason or _NO_REASON)

"""What a new case begins with, and what each arrival changes of it. Nothing here writes a state."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.auth import Actor
from shared.clock import to_shanghai, utc_now
from shared.db import Session
from shared.events.case import Card, CaseWarning, Patient
from shared.events.directory import SitePolicy
from shared.ids import encode_base32, new_id
from shared.reading.models import Case, CaseContent
from shared.reading.schemas.national_id import read_national_id
from shared.reading.schemas.order import Order
from shared.reading.workflow import doubts
from shared.reading.workflow.arrival import Arrival, Center, Content
from shared.reading.workflow.identity import distinct, order_digest
from shared.reading.workflow.step import Step
from shared.reading.workflow.turnaround import due_at, rank_of

SETTLES_AFTER = timedelta(seconds=30)
_LETTERS = {"imaging": "I", "ecg": "E", "lab": "L"}


def new_case(actor: Actor, center: Center, card: Card, order: Order | None, number: str | None) -> Case:
    priority = order.priority if order else "routine"
    case = Case(
        case_id=new_id("case"),
        center=center,
        clinic_id=actor.org_id,
        accession_number=number or new_number(center),
        priority=priority,
        priority_rank=rank_of(priority),
        order_sha256=order_digest(order) if order else None,
        study_uids=[],
        warnings=[],
        content_count=0,
        content_version=0,
        offered_sites=[],
        written_by=[],
        half_way=False,
        overdue=False,
        cancel_requested=False,
    )
    describe(case, card)
    return case


def describe(case: Case, card: Card) -> None:
    case.card = card.model_dump(mode="json", exclude_none=True)
    case.patient_id = card.patient.id
    number = card.patient.national_id
    case.national_id = number if number and read_national_id(number) else None
    case.modality = card.exam.modality
    case.body_part = card.exam.body_part


def receive(case: Case, arrival: Arrival, now: datetime) -> None:
    """The first bytes: the clock starts, and the exam is whole or has its time to become so."""
    contents = distinct(arrival.contents)
    case.received_at = min(arrival.first_byte_at, now)
    case.due_at = due_at(case.received_at, case.priority)
    case.study_uids = sorted({*(case.study_uids or []), *arrival.study_uids})
    case.modality = arrival.modality or case.modality
    case.body_part = arrival.body_part or case.body_part
    case.expected_count = arrival.expected_count or case.expected_count
    case.content_count = case.content_version = 0
    count(case, contents)
    is_whole = arrival.is_complete or _has_all(case)
    case.completed_at = now if is_whole else None
    case.settles_at = None if is_whole else now + SETTLES_AFTER


def settle(step: Step, arrival: Arrival) -> None:
    case = step.case
    case.expected_count = arrival.expected_count or case.expected_count
    if case.completed_at is None:
        if arrival.is_complete or _has_all(case):
            case.completed_at, case.settles_at = step.now, None
        else:
            case.settles_at = step.now + SETTLES_AFTER


def _has_all(case: Case) -> bool:
    return case.expected_count is not None and case.content_count >= case.expected_count


def count(case: Case, contents: Sequence[Content]) -> None:
    case.content_count += len(contents)
    case.content_version += 1


def hold(session: Session, case: Case, contents: Sequence[Content]) -> None:
    session.add_all(
        CaseContent(
            case_id=case.case_id,
            sha256=content.sha256,
            record_id=content.record_id,
            kind=content.kind,
            clinic_id=case.clinic_id,
            added_version=case.content_version,
        )
        for content in contents
    )


def raise_priority(case: Case, priority: str, policy: SitePolicy | None = None) -> None:
    """Never lowered, and never promised later than before. ``policy``: of the site that has the case."""
    if rank_of(priority) < case.priority_rank:
        case.priority, case.priority_rank = priority, rank_of(priority)
        if case.received_at is not None and case.due_at is not None:
            case.due_at = min(case.due_at, due_at(case.received_at, priority, policy))


def new_number(center: Center) -> str:
    """``I261121-7K3QFW2N``: centre, day, eight characters a person can read out; all that DICOM's SH (16) has room
    for. With five, two of a clinic's three hundred exams a day would meet within three years, as a failed upload."""
    day = to_shanghai(utc_now()).strftime("%y%m%d")
    return f"{_LETTERS[center]}{day}-{encode_base32(secrets.randbits(40), 8).upper()}"


def contradictions(known: Patient, arrival: Arrival) -> list[CaseWarning]:
    """Of the case as it was known and what came later under its number: never a silent merge of two people."""
    if arrival.order is None and arrival.shown_patients:
        return doubts.contradictions(known, arrival.shown_patients, "影像文件")
    if arrival.order is None:
        given = arrival.patient_from_file
        if not given.id or not known.id or given.id == known.id:
            return []
        return [CaseWarning(code="patient_mismatch", detail="文件中的患者编号与申请不符")]
    differing = [] if known.unknown else _differing(known, arrival.order.patient)
    if not differing:
        return []
    return [
        CaseWarning(code="patient_mismatch", detail=f"后到申请的{'、'.join(differing)}与原申请不符，请核对患者身份")
    ]


def _differing(known: Patient, given: Patient) -> list[str]:
    """Only where both say something: a second order may be shorter than the first."""
    pairs = (
        ("姓名", known.name, given.name),
        ("性别", known.sex.strip("UO"), given.sex.strip("UO")),
        ("出生日期", known.birth_date, given.birth_date),
        ("身份证号", known.national_id, given.national_id),
    )
    return [word for word, one, other in pairs if one and other and one != other]

"""An exam that came without an order, and orders that wait and look like it: a person decides, nothing joins alone."""

from datetime import date
from typing import cast

from shared.auth import Actor, Role
from shared.clock import to_shanghai
from shared.db import Session
from shared.errors import Conflict, NotFound
from shared.events.case import Card, CaseWarning
from shared.reading.lifecycle import State
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.queries import intake as queries
from shared.reading.workflow.arrival import Accepted, Arrival, Center, Content, Outcome
from shared.reading.workflow.doubts import ShownPatient
from shared.reading.workflow.identity import exam_locks
from shared.reading.workflow.intake import accept
from shared.reading.workflow.management import cancel

_UNREAD = frozenset({State.received, State.queued})


async def suggest_orders(session: Session, actor: Actor, case_id: str) -> list[Case]:
    """Orders of the same patient, day (Asia/Shanghai) and modality, the newest first; empty where the case has one."""
    case = await _own(session, actor, case_id)
    if case.order_sha256 is not None or case.state not in _UNREAD or case.patient_id is None:
        return []
    waiting = await queries.waiting_orders(session, actor, case.center, case.patient_id)
    return [order for order in waiting if _is_alike(case, order)]


async def join_order(session: Session, actor: Actor, case_id: str, order_case_id: str) -> Accepted:
    """The ordered case takes what the other holds, its clock included; the other is canceled. Said twice, it is done.

    Raises NotFound, Conflict (``order_not_waiting``, ``being_read``).
    """
    case = await _own(session, actor, case_id)
    order = await _own(session, actor, order_case_id)
    # Before the case: an image that arrives takes the exam's locks first too.
    await queries.take_locks(session, exam_locks(actor, case.center, order.accession_number, case.study_uids))
    case = await cases.lock(session, actor, case.case_id)
    reason = f"已归入检查号 {order.accession_number}"
    if case.state == State.canceled and case.reason == reason:
        return Accepted(order, Outcome.same, ())
    if case.state not in _UNREAD or case.order_sha256 is not None:
        raise Conflict("该病例已在阅片或已有申请", code="being_read", extra={"state": case.state})
    if order.state != State.ordered or order.center != case.center:
        raise Conflict("该申请已有检查内容或已撤销", code="order_not_waiting", extra={"state": order.state})
    arrival = await _arrival(session, case, order)
    await cancel(session, actor, case.case_id, reason=reason)
    return await accept(session, actor, arrival)


async def _arrival(session: Session, case: Case, order: Case) -> Arrival:
    card = Card.model_validate(case.card)
    shown = card.patient
    held = await cases.contents(session, case.case_id)
    assert case.received_at is not None  # no state behind ordered is without it
    return Arrival(
        center=cast(Center, case.center),
        order=None,
        contents=[Content(each.sha256, each.record_id, each.kind) for each in held],
        first_byte_at=case.received_at,
        warnings=[CaseWarning.model_validate(warning) for warning in case.warnings],
        modality=case.modality,
        body_part=case.body_part,
        study_uids=case.study_uids,
        patient_from_file=shown,
        exam_from_file=card.exam,
        accession_number=order.accession_number,
        is_complete=case.completed_at is not None,
        shown_patients=[ShownPatient(shown.id or "", shown.name, shown.sex, shown.birth_date)],
    )


def _is_alike(case: Case, order: Case) -> bool:
    """An order often names an exam's code and no modality."""
    return _day(case) == _day(order) and (order.modality is None or order.modality == case.modality)


def _day(case: Case) -> date:
    return to_shanghai(Card.model_validate(case.card).exam.performed_at or case.created_at).date()


async def _own(session: Session, actor: Actor, case_id: str) -> Case:
    case = await cases.see(session, actor, case_id)
    actor.require(Role.clinic)
    if case.clinic_id != actor.org_id:
        raise NotFound
    return case

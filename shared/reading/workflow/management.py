"""What is decided about a case besides reading it: cancel, reject, refer, reassign, hurry."""

from shared.auth import Actor
from shared.db import Session
from shared.errors import FieldProblem, Invalid
from shared.reading.assignment import ExamFacts, may_read
from shared.reading.lifecycle import BEING_READ, Action, By
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.workflow import repeated
from shared.reading.workflow.apply import apply
from shared.reading.workflow.assign import hand_to, policy_of
from shared.reading.workflow.permit import performers_of
from shared.reading.workflow.turnaround import due_at, rank_of


async def cancel(
    session: Session, actor: Actor, case_id: str, *, reason: str | None = None, token: str | None = None
) -> Case:
    """The clinic takes its case back; while somebody reads it, it asks and the reader (with his token) does it.

    Repeated after a lost answer, this, ``reject`` and ``refer`` are answered again.
    """
    done = (
        await repeated.ended_with(session, actor, case_id, (Action.cancel,), token, reason=reason)
        if token is not None
        else await repeated.canceled(session, actor, case_id, reason)
    )
    if done is not None:
        return done
    case = await cases.see(session, actor, case_id)
    is_clinic = By.clinic in performers_of(actor, case)
    if is_clinic and token is None and case.state in BEING_READ:
        return await _request_cancel(session, actor, case_id, reason)
    async with apply(session, actor, case_id, Action.cancel, token=token, detail=_said(reason=reason)) as step:
        step.case.reason = reason or step.case.reason
        await step.end_claim()
    return step.case


async def _request_cancel(session: Session, actor: Actor, case_id: str, reason: str | None) -> Case:
    async with apply(session, actor, case_id, Action.request_cancel, detail=_said(reason=reason)) as step:
        step.case.cancel_requested = True
        step.case.reason = reason
    return step.case


async def reject(
    session: Session, actor: Actor, case_id: str, *, reason: str, comment: str | None, token: str | None
) -> Case:
    """The exam cannot be read: the clinic repeats it under the same accession number. A specimen is refused without a
    claim, as soon as somebody sees it."""
    done = (
        await repeated.ended_with(session, actor, case_id, (Action.reject,), token, reason=reason, comment=comment)
        if token is not None
        else await repeated.rejected(session, actor, case_id, reason=reason, comment=comment)
    )
    if done is not None:
        return done
    detail = _said(reason=reason, comment=comment)
    async with apply(session, actor, case_id, Action.reject, token=token, detail=detail) as step:
        step.case.reason, step.case.comment = reason, comment
        await step.end_claim()
    return step.case


async def refer(session: Session, actor: Actor, case_id: str, *, to: str, reason: str, token: str | None) -> Case:
    """Pass a claimed case on to another site. Raises Invalid where that site does not read such cases."""
    done = await repeated.ended_with(session, actor, case_id, (Action.refer,), token, to=to, reason=reason)
    if done is not None:
        return done
    async with apply(session, actor, case_id, Action.refer, token=token, detail=_said(to=to, reason=reason)) as step:
        await _require_site(session, step.case, to)
        step.detail["from"] = step.case.reading_site_id
        hand_to(step.case, to)
        await step.end_claim()
    return step.case


async def reassign(session: Session, actor: Actor, case_id: str, *, to: str) -> Case:
    """The dispatcher moves a waiting case to another site."""
    async with apply(session, actor, case_id, Action.reassign, detail={"to": to}) as step:
        await _require_site(session, step.case, to)
        step.detail["from"] = step.case.reading_site_id
        hand_to(step.case, to)
        step.case.kept_for_id = step.case.kept_for_name = step.case.kept_until = None
    return step.case


async def reprioritize(session: Session, actor: Actor, case_id: str, priority: str) -> Case:
    """Sooner only. The same priority again changes nothing."""
    case = await cases.see(session, actor, case_id)
    if case.priority == priority:
        return case
    policy = await policy_of(session, case.reading_site_id, case.center)
    wanted = due_at(case.received_at, priority, policy) if case.received_at else None
    detail = {"from": case.priority, "to": priority}
    async with apply(session, actor, case_id, Action.reprioritize, wanted_due_at=wanted, detail=detail) as step:
        step.case.priority, step.case.priority_rank = priority, rank_of(priority)
        step.case.due_at = wanted
    return step.case


async def _require_site(session: Session, case: Case, to: str) -> None:
    policy = await policy_of(session, to, case.center)
    exam = ExamFacts(case.clinic_id, case.modality, frozenset({case.reading_site_id or ""}))
    if policy is None or not may_read(policy, exam):
        detail = "该机构不承接此类检查，或已在该机构"
        raise Invalid(detail, errors=[FieldProblem("/to", "reading_site_unfit", detail)])


def _said(**words: str | None) -> dict[str, str]:
    return {name: value for name, value in words.items() if value}

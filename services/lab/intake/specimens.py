"""A tube's way, step by step. Called inside the call's own transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.lab.intake.specimen_steps import REFUSALS, WAYS, Refusal, Step, require_way
from services.lab.models import Specimen
from services.lab.queries import specimens
from shared.auth import SYSTEM, Actor
from shared.db import Session, database_now
from shared.errors import FieldProblem, Invalid
from shared.reading.queries import cases
from shared.reading.workflow import management
from shared.reading.workflow.results import receive_specimen

_CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class StepTold:
    """``at`` None: now. ``token``: of the claim, where a case that is being read loses its specimen."""

    at: datetime | None = None
    place: str | None = None
    box: str | None = None
    temperature_c: float | None = None
    refusal: Refusal | None = None
    comment: str | None = None
    token: str | None = None


async def take_step(session: Session, actor: Actor, number: str, step: Step, told: StepTold) -> Specimen:
    """The same step again changes nothing. Raises NotFound, RoleRequired, IllegalTransition, Invalid (a time to come),
    and for a refusal what rejecting the case raises."""
    seen = await specimens.see(session, actor, number)
    actor.require(*WAYS[step].by)
    await cases.lock(session, actor, seen.case_id)
    specimen = await specimens.lock(session, seen.specimen_id)
    if specimen.state == step:
        return specimen
    require_way(specimen.state, step)
    now = await database_now(session)
    at = told.at or now
    if at > now + _CLOCKS_DIFFER:
        raise Invalid("时间在将来", errors=[FieldProblem("/at", "in_future", "时间在将来")])
    reason = str(told.refusal) if told.refusal else None
    specimens.trace(
        session, actor, specimen, step, at,
        from_state=specimen.state, place=told.place, box=told.box, temperature_c=told.temperature_c, reason=reason,
        comment=told.comment,
    )  # fmt: skip
    specimen.state = step
    specimen.place = told.place or specimen.place
    specimen.box = told.box or specimen.box
    if step is Step.collected:
        specimen.collected_at = at
    elif step is Step.received:
        await _receive(session, actor, specimen, at)
    elif step is Step.refused:
        await _refuse(session, actor, specimen, told)
    await session.flush()
    return specimen


async def mark_resulted(session: Session, specimen_id: str) -> None:
    """Values of it have come."""
    specimen = await specimens.lock(session, specimen_id)
    if specimen.state in ("ordered", "collected", "packed", "received", "in_analysis"):
        now = await database_now(session)
        specimens.trace(session, SYSTEM, specimen, "resulted", now, from_state=specimen.state)
        specimen.received_at = specimen.received_at or now  # a tube that was measured has come
        specimen.state = "resulted"


async def _receive(session: Session, actor: Actor, specimen: Specimen, at: datetime) -> None:
    specimen.received_at = at
    await receive_specimen(session, actor, specimen.case_id)


async def _refuse(session: Session, actor: Actor, specimen: Specimen, told: StepTold) -> None:
    """The clinic hears of it at once; a case that has another good tube goes on with that."""
    if told.refusal is None:
        raise Invalid(errors=[FieldProblem("/reason", "missing", "请说明拒收原因")])
    specimen.refusal = str(told.refusal)
    tubes = await specimens.of_cases(session, [specimen.case_id])
    if any(each.state not in ("refused", "discarded") for each in tubes if each.specimen_id != specimen.specimen_id):
        return
    reason = f"标本拒收：{REFUSALS[told.refusal]}"
    comment = told.comment or f"标本 {specimen.number}，请重新采集后以原检查号送检"
    await management.reject(session, actor, specimen.case_id, reason=reason, comment=comment, token=told.token)

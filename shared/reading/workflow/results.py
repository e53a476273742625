"""A laboratory's case comes by its specimen and its results. Called in the transaction of whoever stores them."""

from collections.abc import Sequence

from shared.auth import SYSTEM, Actor
from shared.db import Session
from shared.events.case import CaseWarning
from shared.reading.lifecycle import LAB, PROMISED, Action, State
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.queries import intake as queries
from shared.reading.workflow.apply import apply
from shared.reading.workflow.arrival import Content
from shared.reading.workflow.assign import promise
from shared.reading.workflow.identity import distinct
from shared.reading.workflow.opening import count, hold
from shared.reading.workflow.permit import performers_of, require_role
from shared.reading.workflow.step import Step

_SOURCE = "results"


async def receive_specimen(session: Session, actor: Actor, case_id: str) -> Case:
    """The specimen is at the laboratory: the clock starts. A case that has come already stays as it is.

    Raises NotFound, RoleRequired, IllegalTransition for one that is closed.
    """
    case = await cases.lock(session, actor, case_id)
    if case.state in PROMISED:
        require_role(LAB.performers(Action.receive), performers_of(actor, case))
        return case
    async with apply(session, actor, case_id, Action.receive) as step:
        await _start_clock(step)
    return step.case


async def put_results(
    session: Session,
    case_id: str,
    contents: Sequence[Content],
    *,
    is_held: bool,
    is_complete: bool,
    warnings: Sequence[CaseWarning] = (),
) -> Case:
    """The results as they stand now: ``contents`` the new ones, or all of them; ``warnings`` why they are held, in
    place of those said before. Whoever holds the case, or reviews it, must have seen them before he signs.

    Told nothing new, the case stays as it is, whatever its state. Raises IllegalTransition for news of a case that is
    released, rejected or canceled: an amendment has to be opened, or a person to decide.
    """
    case = await cases.lock(session, SYSTEM, case_id)
    held = await queries.held_digests(session, case_id, [content.sha256 for content in contents])
    missing = [content for content in distinct(contents) if content.sha256 not in held]
    waits_in = Action.hold if is_held else Action.result
    target = State.held if is_held else State.resulted
    said = _said(case, warnings)
    is_known = case.waited_in == target and (case.completed_at is not None) == is_complete and case.warnings == said
    if is_known and not missing:
        return case
    action = waits_in if LAB.allows(case.state, waits_in) else Action.add_content
    async with apply(session, SYSTEM, case_id, action, detail={"added": len(missing)}) as step:
        await _start_clock(step)
        case.waited_in = target
        case.warnings = said
        case.completed_at = (case.completed_at or step.now) if is_complete else None
        case.settles_at = None
        count(case, missing)
        hold(session, case, missing)
    return case


async def _start_clock(step: Step) -> None:
    if step.case.received_at is None:
        step.case.received_at = step.now
        await promise(step.session, step.case)


def _said(case: Case, warnings: Sequence[CaseWarning]) -> list[dict[str, str]]:
    """What others warned of stays."""
    kept = [warning for warning in case.warnings if warning.get("source") != _SOURCE]
    return [*kept, *({**warning.model_dump(), "source": _SOURCE} for warning in warnings)]

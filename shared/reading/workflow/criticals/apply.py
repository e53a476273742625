"""The one place where a critical result's state is written: as ``workflow.apply`` is for cases, over the third table.

A step is: the result's row locked, role and table asked, then, once the caller has made its own changes, state and
version, the next timer, a history row and the event, all in the caller's transaction. The case's row stays unlocked:
an acknowledgement must not wait for a signature. Who needs both locks takes the case's first.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared import outbox
from shared.auth import SYSTEM, Actor
from shared.db import Session, database_now
from shared.events.critical import Contact, CriticalEvent
from shared.events.envelope import wrap
from shared.reading.lifecycle import CRITICAL, CriticalAction, CriticalState, Transition
from shared.reading.models import Case, CriticalHistory, CriticalResult
from shared.reading.queries import criticals as queries
from shared.reading.workflow.criticals.alarms import Waiting, next_alarm
from shared.reading.workflow.criticals.snapshot import critical_snapshot, policy_of_result, step_of
from shared.reading.workflow.permit import performers_of, require_role

_SAME_PHASE = frozenset({CriticalState.verified, CriticalState.notified})


@dataclass(slots=True)
class CriticalStepUnderWay:
    """Between its checks and its record. ``now`` is the database's, and never before the step before: a clock that
    was set back makes no negative times."""

    session: Session
    actor: Actor
    critical: CriticalResult
    case: Case
    now: datetime
    transition: Transition
    detail: dict[str, Any] = field(default_factory=dict)
    contact: Contact | None = None


@asynccontextmanager
async def apply(
    session: Session, actor: Actor, critical_id: str, action: CriticalAction, **said: Any
) -> AsyncIterator[CriticalStepUnderWay]:
    """Check the step, let the caller change what goes with it, then write it. ``said`` is kept in the history.

    Raises NotFound, RoleRequired, IllegalTransition.
    """
    critical, case = await queries.lock(session, actor, critical_id)
    performers = performers_of(actor, case)
    require_role(CRITICAL.performers(action), performers)
    transition = CRITICAL.next_step(critical.state, action)
    require_role(transition.by, performers)
    now = max(await database_now(session), critical.updated_at)
    step = CriticalStepUnderWay(session, actor, critical, case, now, transition, said)
    yield step
    await _write(step)


async def open_critical(
    session: Session, actor: Actor, case: Case, critical: CriticalResult, action: CriticalAction, now: datetime
) -> None:
    """The first step of a new result, which the caller has filled but for its state and version."""
    transition = CRITICAL.next_step(None, action)
    require_role(transition.by, performers_of(actor, case))
    critical.version = 0
    critical.state = transition.target
    session.add(critical)
    await session.flush()
    await _write(CriticalStepUnderWay(session, actor, critical, case, now, transition))


async def _write(step: CriticalStepUnderWay) -> None:
    critical, actor, transition = step.critical, step.actor, step.transition
    if transition.source != transition.target:
        if not {transition.source, transition.target} <= _SAME_PHASE:
            critical.rung, critical.escalated_at = 0, None
        if actor != SYSTEM:
            person = {"account_id": actor.account_id, "name": actor.name, "org_id": actor.org_id}
            critical.people = {**critical.people, transition.target: person}
    critical.state = transition.target
    critical.version += 1
    critical.updated_at = step.now
    critical.addressed_site_id = step.case.reading_site_id
    alarm = next_alarm(waiting_of(critical), policy_of_result(critical), step.now)
    critical.timer_at = alarm.at if alarm else None
    row = CriticalHistory(
        critical_id=critical.critical_id,
        critical_version=critical.version,
        at=step.now,
        action=str(transition.action),
        from_state=transition.source,
        to_state=transition.target,
        event=transition.event,
        account_id=actor.account_id,
        account_name=actor.name,
        org_id=actor.org_id,
        detail=step.detail,
    )
    step.session.add(row)
    await step.session.flush()
    await _tell(step, row)


def waiting_of(critical: CriticalResult) -> Waiting:
    began = {
        CriticalState.verified: critical.verified_at,
        CriticalState.notified: critical.verified_at,
        CriticalState.acknowledged: critical.acknowledged_at,
    }
    return Waiting(
        state=critical.state,
        found_at=critical.found_at,
        began_at=began.get(CriticalState(critical.state)) or critical.found_at,
        rung=critical.rung,
        escalations=critical.escalations,
        escalated_at=critical.escalated_at,
    )


async def _tell(step: CriticalStepUnderWay, row: CriticalHistory) -> None:
    """Addressed to the reading site as soon as there is one: it can listen to its own criticals alone."""
    if step.transition.event is None:
        return
    critical, case = step.critical, step.case
    data = CriticalEvent(critical=critical_snapshot(critical, case), step=step_of(row), contact=step.contact)
    envelope = wrap(
        case.center,
        step.transition.event,
        data,
        record_id=critical.critical_id,
        case_id=case.case_id,
        case_version=case.version,
    )
    await outbox.add(step.session, envelope, suffix=case.reading_site_id)

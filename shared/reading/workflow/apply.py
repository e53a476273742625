"""The one place where a case's state is written, by the table of its centre.

A step is: the case's row locked, the table asked, role and claim and conditions checked, then, once the caller has
made its own changes, state and version, a history row and the event, all in the caller's transaction.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from shared import outbox
from shared.auth import Actor
from shared.db import Session, database_now
from shared.errors import CaseChanged, ClaimLost
from shared.events.case import CaseEvent, CaseEventKind
from shared.events.envelope import wrap
from shared.events.report import ReportEvent
from shared.reading.lifecycle import WAITS_FOR_READER, Action, lifecycle_of
from shared.reading.models import Case, CaseHistory
from shared.reading.queries import cases, claims, reports
from shared.reading.workflow.permit import Attempt, performers_of, permit, require_role
from shared.reading.workflow.snapshot import facts_of, person, snapshot
from shared.reading.workflow.step import Held, Step, shows

# Events that put a case before another site carry that site in their subject: it can listen to its own queue alone.
_ADDRESSED = frozenset({CaseEventKind.queued, CaseEventKind.resulted, CaseEventKind.held, CaseEventKind.reassigned})


@asynccontextmanager
async def apply(
    session: Session,
    actor: Actor,
    case_id: str,
    action: str,
    *,
    token: str | None = None,
    expected_version: int | None = None,
    wanted_due_at: datetime | None = None,
    detail: dict[str, Any] | None = None,
    stands_alone: bool = False,
) -> AsyncIterator[Step]:
    """Check the step, let the caller change what goes with it, then write it.

    Raises NotFound, RoleRequired, ClaimLost (a token that no longer holds), CaseChanged (``expected_version``),
    IllegalTransition, and what the transition's conditions raise.
    """
    step = await rehearse(
        session, actor, case_id, action, token=token, wanted_due_at=wanted_due_at, stands_alone=stands_alone
    )
    if expected_version is not None and step.case.version != expected_version:
        raise CaseChanged(extra={"case_version": step.case.version})
    step.detail.update(detail or {})
    yield step
    await _write(step)


async def rehearse(
    session: Session,
    actor: Actor,
    case_id: str,
    action: str,
    *,
    token: str | None = None,
    wanted_due_at: datetime | None = None,
    stands_alone: bool = False,
) -> Step:
    """All the checks of a step and no record: whether it would be allowed now. Raises what ``apply`` raises.

    ``stands_alone``: the caller knows that one signature suffices under this very report (``ReleasesAlone``).
    """
    case = await cases.lock(session, actor, case_id)
    claim = await claims.unended(session, case_id)
    now = await database_now(session)
    attempt = Attempt(actor, case, claim, now, action, token, wanted_due_at, stands_alone)
    transition = await permit(session, attempt, lifecycle_of(case.center))
    return Step(session, actor, case, now, transition, claim)


async def hold(session: Session, actor: Actor, case_id: str, token: str | None) -> Held:
    """The case locked for whoever holds it. Raises ClaimLost unless ``token`` is of the actor's live claim."""
    case = await cases.lock(session, actor, case_id)
    claim = await claims.unended(session, case_id)
    now = await database_now(session)
    if claim is None or not shows(claim, actor, token, now):
        raise ClaimLost
    return Held(case, claim, now)


async def open_case(session: Session, actor: Actor, case: Case, action: Action) -> None:
    """The first step of a new case, which the caller has filled but for its state and version."""
    transition = lifecycle_of(case.center).next_step(None, action)
    require_role(transition.by, performers_of(actor, case))
    case.version = 0
    step = Step(session, actor, case, await database_now(session), transition, None)
    session.add(case)
    await _write(step)


async def _write(step: Step) -> None:
    case, actor, transition = step.case, step.actor, step.transition
    case.state = transition.target_after(case.waited_in)
    if case.state in WAITS_FOR_READER:
        case.waited_in = case.state
    case.version += 1
    case.updated_at = step.now
    if step.version is not None:
        step.version.case_version = case.version
    if transition.is_traced and not step.is_quiet:
        step.session.add(
            CaseHistory(
                case_id=case.case_id,
                case_version=case.version,
                at=step.now,
                action=str(transition.action),
                from_state=transition.source,
                to_state=case.state,
                event=transition.event,
                account_id=actor.account_id,
                account_name=actor.name,
                org_id=actor.org_id,
                detail=step.detail,
            )
        )
    await step.session.flush()
    if transition.event is not None and not step.is_quiet:
        await _tell(step, transition.event)


async def _tell(step: Step, event: str) -> None:
    case = step.case
    is_new = case.version == 1  # then it has no report
    shown = snapshot(case, step.claim, None if is_new else await reports.of_case(step.session, case.case_id))
    data: CaseEvent | ReportEvent
    if step.version is not None:
        data = ReportEvent(case=shown, report=facts_of(step.version), actor=person(step.actor))
        record_id = step.version.report_id
    else:
        data = CaseEvent(case=shown, actor=person(step.actor), detail=step.detail)
        record_id = case.case_id
    envelope = wrap(case.center, event, data, record_id=record_id, case_id=case.case_id, case_version=case.version)
    await outbox.add(step.session, envelope, suffix=case.reading_site_id if event in _ADDRESSED else None)

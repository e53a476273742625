"""The same call again because its answer was lost: the deed was done, so it is answered and nothing is changed."""

from datetime import timedelta

from shared.auth import SYSTEM, Actor
from shared.db import Session, database_now
from shared.reading.lifecycle import BEING_READ, Action, State
from shared.reading.models import Case, Claim
from shared.reading.queries import cases, claims

_ANSWERED_ELSEWHERE_FOR = timedelta(minutes=10)


async def ended_with(
    session: Session, actor: Actor, case_id: str, actions: tuple[Action, ...], token: str | None, **said: str | None
) -> Case | None:
    """The case, if this token's claim was ended by one of ``actions`` in just these words; whoever has it by now.

    A case that is another site's since (a referral) is answered for ten minutes: a lost answer is asked for at once.
    """
    claim = await _ended(session, actor, case_id, actions, token)
    if claim is None or claim.ended_at is None:
        return None
    step = await cases.step_at(session, case_id, claim.ended_at, actor.account_id)
    if step is None or any(step.detail.get(name) != (words or None) for name, words in said.items()):
        return None
    is_fresh = await database_now(session) - claim.ended_at < _ANSWERED_ELSEWHERE_FOR
    return await cases.see(session, SYSTEM if is_fresh else actor, case_id)


async def canceled(session: Session, actor: Actor, case_id: str, reason: str | None) -> Case | None:
    """What the clinic canceled itself, before anybody read it; or has asked for already."""
    case = await cases.lock(session, actor, case_id)
    if case.cancel_requested and case.state in BEING_READ:
        return case if case.reason == reason else None
    is_done = case.state == State.canceled and await _did_last(session, actor, case_id, Action.cancel, reason=reason)
    return case if is_done else None


async def rejected(session: Session, actor: Actor, case_id: str, **said: str | None) -> Case | None:
    """What the laboratory refused before anybody claimed it, in just these words."""
    case = await cases.lock(session, actor, case_id)
    is_done = case.state == State.rejected and await _did_last(session, actor, case_id, Action.reject, **said)
    return case if is_done else None


async def _did_last(session: Session, actor: Actor, case_id: str, action: Action, **said: str | None) -> bool:
    last = await cases.last_step(session, case_id)
    if last is None or (last.action, last.account_id) != (action, actor.account_id):
        return False
    return all(last.detail.get(name) == (words or None) for name, words in said.items())


async def _ended(
    session: Session, actor: Actor, case_id: str, actions: tuple[Action, ...], token: str | None
) -> Claim | None:
    """Under the case's lock: the same call may be under way beside this one."""
    if token is None or await claims.by_token(session, case_id, actor.account_id, token) is None:
        return None
    await cases.lock(session, SYSTEM, case_id)
    claim = await claims.by_token(session, case_id, actor.account_id, token)
    return claim if claim is not None and claim.ended_by in actions else None

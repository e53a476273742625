"""Who reads which case now: claim, keep, give back, lose."""

from dataclasses import dataclass

from shared.auth import SYSTEM, Actor
from shared.db import Session, database_now
from shared.errors import IllegalTransition
from shared.reading.lifecycle import IN_REVIEW, Action
from shared.reading.models import Case, Claim
from shared.reading.queries import cases
from shared.reading.queries import claims as queries
from shared.reading.workflow import repeated
from shared.reading.workflow.apply import apply, hold
from shared.reading.workflow.permit import require_worker
from shared.reading.workflow.step import Stage, Step, is_live


@dataclass(frozen=True, slots=True)
class Claimed:
    case: Case
    claim: Claim


async def claim_next(
    session: Session,
    actor: Actor,
    center: str,
    stage: Stage,
    *,
    priority: str | None = None,
    modality: str | None = None,
) -> Claimed | None:
    """The most urgent case that waits at the actor's site, by priority, due_at, case_id; None when none waits."""
    require_worker(actor, center, Action.claim if stage == "report" else Action.claim_review)
    now = await database_now(session)
    case_id = await queries.next_waiting(
        session, actor, center=center, stage=stage, priority=priority, modality=modality, now=now
    )
    if case_id is None:
        return None
    return await (_claim_waiting if stage == "report" else _claim_review_waiting)(session, actor, case_id)


async def claim(session: Session, actor: Actor, case_id: str) -> Claimed:
    """Raises AlreadyClaimed. Who holds it already gets his own claim again: his page may have lost the token."""
    if (own := await _own(session, actor, case_id, "report")) is not None:
        return own
    await _expire_if_over(session, case_id)
    return await _claim_waiting(session, actor, case_id)


async def _claim_waiting(session: Session, actor: Actor, case_id: str) -> Claimed:
    async with apply(session, actor, case_id, Action.claim) as step:
        _take(step)
        await step.start_claim("report")
        await _open(step)
    return _claimed(step)


async def claim_review(session: Session, actor: Actor, case_id: str) -> Claimed:
    """Raises AlreadyClaimed, SamePerson."""
    if (own := await _own(session, actor, case_id, "review")) is not None:
        return own
    return await _claim_review_waiting(session, actor, case_id)


async def _claim_review_waiting(session: Session, actor: Actor, case_id: str) -> Claimed:
    async with apply(session, actor, case_id, Action.claim_review) as step:
        await step.start_claim("review")
        await _open(step)
    return _claimed(step)


async def resume(session: Session, actor: Actor, case_id: str, token: str) -> Claimed:
    """Take up again, with the last token, a case that nobody held since. Raises ClaimLost where somebody did."""
    case = await cases.lock(session, actor, case_id)
    live = await queries.unended(session, case_id)
    if live is not None and live.token == token and is_live(live, await database_now(session)):
        held = await hold(session, actor, case_id, token)
        held.renew()
        return Claimed(case, held.claim)
    await _expire_if_over(session, case_id)
    async with apply(session, actor, case_id, Action.resume, token=token) as step:
        _take(step)
        await step.start_claim("report")
    return _claimed(step)


async def heartbeat(session: Session, actor: Actor, case_id: str, token: str | None) -> Claimed:
    held = await hold(session, actor, case_id, token)
    held.renew()
    return Claimed(held.case, held.claim)


async def release(session: Session, actor: Actor, case_id: str, token: str | None) -> Case:
    """Give a case or a review back. The draft stays. Repeated after a lost answer, it is answered again."""
    released = (Action.release, Action.release_review)
    if (done := await repeated.ended_with(session, actor, case_id, released, token)) is not None:
        return done
    case = await cases.see(session, actor, case_id)
    action = Action.release_review if case.state in IN_REVIEW else Action.release
    async with apply(session, actor, case_id, action, token=token) as step:
        await step.end_claim()
    return step.case


async def force_release(session: Session, actor: Actor, case_id: str) -> Case:
    async with apply(session, actor, case_id, Action.force_release) as step:
        if step.claim is not None:
            step.detail["holder"] = step.claim.account_id
        await step.end_claim()
    return step.case


async def expire(session: Session, case_id: str, claim_id: str) -> bool:
    """End a claim whose lease is over; False when its holder was quicker. An amendment's end keeps its drafts."""
    await cases.lock(session, SYSTEM, case_id)
    over = await queries.unended(session, case_id)
    if over is None or over.claim_id != claim_id or is_live(over, await database_now(session)):
        return False
    async with apply(session, SYSTEM, case_id, Action.expire, detail={"stage": over.stage}) as step:
        step.detail["holder"] = over.account_id
        if over.stage == "amendment":
            step.case.reason = None  # it was the amendment's
        await step.end_claim()
    return True


def _take(step: Step) -> None:
    """A returned case is nobody's in particular any more once somebody reads it."""
    step.case.kept_for_id = step.case.kept_for_name = step.case.kept_until = None


async def _open(step: Step) -> None:
    """Who claims begins with the whole case before him."""
    case = step.case
    await cases.mark_seen(step.session, case.case_id, step.actor.account_id, case.content_version)


async def _own(session: Session, actor: Actor, case_id: str, stage: Stage) -> Claimed | None:
    case = await cases.lock(session, actor, case_id)
    live = await queries.unended(session, case_id)
    now = await database_now(session)
    if live is None or not is_live(live, now) or live.account_id != actor.account_id or live.stage != stage:
        return None
    held = await hold(session, actor, case_id, live.token)
    held.renew()
    return Claimed(case, held.claim)


async def own_amendment(session: Session, actor: Actor, case_id: str) -> Claimed | None:
    return await _own(session, actor, case_id, "amendment")


async def _expire_if_over(session: Session, case_id: str) -> None:
    """What the sweep is about to do anyway: a lease that is over does not keep the next reader out."""
    over = await queries.unended(session, case_id)
    if over is not None:
        await expire(session, case_id, over.claim_id)


def _claimed(step: Step) -> Claimed:
    if step.claim is None:
        raise IllegalTransition(extra={"state": step.case.state})
    return Claimed(step.case, step.claim)

"""A critical result begins: a computer suspects it, or a reader finds it and stands for it at once."""

from datetime import timedelta

from shared.auth import SYSTEM, Actor
from shared.db import Session, database_now
from shared.errors import ClaimLost
from shared.events.directory import CriticalPolicy, SitePolicy
from shared.ids import new_id
from shared.reading.finding import Finding
from shared.reading.lifecycle import UNREAD, Action, By, CriticalAction, CriticalState, State, lifecycle_of
from shared.reading.models import Case, CriticalResult
from shared.reading.queries import cases, claims
from shared.reading.queries import criticals as queries
from shared.reading.workflow.apply import apply as apply_to_case
from shared.reading.workflow.assign import policy_of
from shared.reading.workflow.criticals.apply import open_critical
from shared.reading.workflow.criticals.steps import send, verify
from shared.reading.workflow.permit import Attempt, performers_of, require_role
from shared.reading.workflow.step import is_live
from shared.reading.workflow.turnaround import TARGETS, rank_of


async def find(
    session: Session, actor: Actor, case_id: str, finding: Finding, *, is_of_new_content: bool = False
) -> CriticalResult:
    """A suspicion in the transaction of whoever came to it: state ``found``, the case read next.

    The same finding again is the same result, also one that was declared a false alarm; but that verdict was on what
    was there then: it says nothing of content that came since (``is_of_new_content``).
    """
    case = await cases.lock(session, actor, case_id)
    known = await queries.with_key(session, case_id, finding.code, finding.digest)
    if known and not (is_of_new_content and known[0].state == CriticalState.false_alarm):
        return known[0]
    critical = await _new(session, case, finding)
    await open_critical(session, actor, case, critical, CriticalAction.find_, critical.found_at)
    await _hurry(session, case)
    return critical


async def open_verified(
    session: Session, actor: Actor, case_id: str, finding: Finding, *, token: str | None = None
) -> CriticalResult:
    """A reader's own finding, verified by him and sent to the clinic at once. Again after a lost answer: the same.

    While the case is being read only its holder may; raises AlreadyClaimed, ClaimLost where nobody reads it yet.
    """
    case = await cases.lock(session, actor, case_id)
    performers = performers_of(actor, case)
    require_role(frozenset({By.reader, By.reviewer, By.technologist}), performers)
    await _require_at_work(session, actor, case, token, is_technologist=By.technologist in performers)
    known = await queries.with_key(session, case_id, finding.code, finding.digest)
    if known and known[0].state == CriticalState.found:
        return await verify(session, actor, known[0].critical_id)
    if known and known[0].state != CriticalState.false_alarm:
        return known[0]
    critical = await _new(session, case, finding)
    critical.verified_at = critical.found_at
    await open_critical(session, actor, case, critical, CriticalAction.open, critical.found_at)
    return await send(session, critical.critical_id)


async def _new(session: Session, case: Case, finding: Finding) -> CriticalResult:
    policy = await policy_of(session, case.reading_site_id, case.center)
    return CriticalResult(
        critical_id=new_id("crit"),
        case_id=case.case_id,
        center=case.center,
        code=finding.code,
        text=finding.text,
        value=finding.value,
        unit=finding.unit,
        rule=finding.rule,
        rule_set=finding.rule_set,
        numbers=finding.numbers,
        finding_key=finding.digest,
        policy=(policy.critical if policy else CriticalPolicy()).model_dump(),
        found_at=await database_now(session),
        people={},
        telephoned=False,
        misreads=0,
        unreached=0,
        reminders=0,
        escalations=0,
        rung=0,
    )


async def _require_at_work(
    session: Session, actor: Actor, case: Case, token: str | None, *, is_technologist: bool
) -> None:
    """His claim, shown or not, is enough: a finding that kills is not lost to a page that lost its token."""
    if is_technologist:
        return
    now, claim = await database_now(session), await claims.unended(session, case.case_id)
    attempt = Attempt(actor, case, claim, now, CriticalAction.open, token)
    if token is not None and not attempt.shows_claim:
        raise ClaimLost
    if case.state in UNREAD:
        raise ClaimLost("请先领取病例，再登记危急值")
    is_his = claim is not None and is_live(claim, now) and claim.account_id == actor.account_id
    if case.state == State.claimed and not is_his:
        raise ClaimLost


async def _hurry(session: Session, case: Case) -> None:
    """Stat from now on: the promise may only come nearer, and is not broken by what was learned late."""
    if case.priority == "stat" or not lifecycle_of(case.center).allows(case.state, Action.reprioritize):
        return
    policy = await policy_of(session, case.reading_site_id, case.center)
    target = _stat_target(policy)
    wanted = case.due_at and min(case.due_at, await database_now(session) + target)
    detail = {"from": case.priority, "to": "stat", "reason": "critical"}
    async with apply_to_case(
        session, SYSTEM, case.case_id, Action.reprioritize, wanted_due_at=wanted, detail=detail
    ) as step:
        step.case.priority, step.case.priority_rank = "stat", rank_of("stat")
        step.case.due_at = wanted


def _stat_target(policy: SitePolicy | None) -> timedelta:
    seconds = policy.target_s.get("stat") if policy else None
    return timedelta(seconds=seconds) if seconds else TARGETS["stat"]

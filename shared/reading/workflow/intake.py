"""Bytes and orders become cases. Called inside the intake's own transaction: its rows, case and event are one commit.

CONTRACT.md "Clinic": the same order with the same bytes is the same case; an accession number with other bytes adds to
the case until it is signed, repeats it after a rejection, and is refused (409) otherwise.
"""

from shared.auth import Actor, Role
from shared.db import Session, database_now
from shared.events.case import Card
from shared.reading.lifecycle import Action, State, lifecycle_of
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.queries import intake as queries
from shared.reading.schemas.order import Order
from shared.reading.workflow.apply import apply, open_case
from shared.reading.workflow.arrival import Accepted, Arrival, Center, Outcome
from shared.reading.workflow.assign import assign_new, policy_of, promise
from shared.reading.workflow.card import card_of, card_of_order, joined
from shared.reading.workflow.identity import (
    Match,
    accession_number_of,
    body_digest,
    distinct,
    kept_case,
    key_names,
    lock_names,
    match_exam,
    order_digest,
    require_patient,
    require_somebody,
    taken,
)
from shared.reading.workflow.opening import (
    contradictions,
    count,
    describe,
    hold,
    new_case,
    raise_priority,
    receive,
    settle,
)
from shared.reading.workflow.turnaround import rank_of


async def find_same(session: Session, actor: Actor, arrival: Arrival) -> Case | None:
    """The case that holds all of the arrival already, so that its bytes need not be stored again; else None.

    What its order says anew is taken to the case, as ``accept`` does: nobody need call that any more.
    Raises what ``accept`` would raise, so that nothing is stored of what will be refused.
    """
    actor.require(Role.clinic, Role.integration)
    kept = await kept_case(session, actor, arrival.center, arrival.idempotency_key, body_digest(arrival))
    if kept is not None:
        return kept
    match = await match_exam(session, actor, arrival)
    if match is None or not match.is_same:
        require_patient(arrival)
        return None
    return await _told_again(session, actor, arrival, match.case)


async def accept(session: Session, actor: Actor, arrival: Arrival) -> Accepted:
    """Open the case, add to it, or find it unchanged; see ``Outcome``.

    Raises AccessionTaken (409) for other bytes under the number of a closed case, Conflict (409 ``patient_mismatch``)
    for another patient under the number of an open one, Invalid (422 ``idempotency_key_reused``, ``patient_missing``).
    """
    actor.require(Role.clinic, Role.integration)
    await queries.take_locks(session, lock_names(actor, arrival))
    body = body_digest(arrival)
    kept = await kept_case(session, actor, arrival.center, arrival.idempotency_key, body)
    if kept is not None:
        return Accepted(kept, Outcome.same, ())
    accepted = await _accept(session, actor, arrival)
    if arrival.idempotency_key is not None:
        await queries.keep_key(session, actor.org_id, arrival.idempotency_key, body, accepted.case.case_id)
    return accepted


async def place_order(
    session: Session, actor: Actor, center: Center, order: Order, idempotency_key: str | None = None
) -> Accepted:
    """An order before any bytes. The same order under its number again is the same case."""
    actor.require(Role.clinic)
    body = order_digest(order)
    number = order.accession_number
    names = [f"accession/{actor.org_id}/{center}/{number}"] if number else []
    await queries.take_locks(session, [*names, *key_names(actor, idempotency_key)])
    kept = await kept_case(session, actor, center, idempotency_key, body)
    if kept is not None:
        return Accepted(kept, Outcome.same, ())
    known = await queries.by_accession(session, actor, center, number) if number else []
    if known and known[0].order_sha256 == body:
        return Accepted(known[0], Outcome.same, ())
    if known and known[0].state != State.rejected:
        raise taken(known[0])
    require_somebody(order.patient)
    case = new_case(actor, center, card_of_order(order), order, number)
    await _assign_at_once(session, case)
    if known:
        await _open_repeat(session, actor, case, known[0], Action.order)
    else:
        await open_case(session, actor, case, Action.order)
    if idempotency_key is not None:
        await queries.keep_key(session, actor.org_id, idempotency_key, body, case.case_id)
    return Accepted(case, Outcome.repeat if known else Outcome.created, ())


async def complete(session: Session, actor: Actor, case_id: str) -> Case:
    """The exam is whole: its clinic says so, or nothing came for a while. Said twice, it is still whole."""
    case = await cases.see(session, actor, case_id)
    if case.state != State.received:
        return case
    async with apply(session, actor, case_id, Action.complete) as step:
        if step.case.completed_at is None:
            step.case.completed_at, step.case.settles_at = step.now, None
    return step.case


async def _accept(session: Session, actor: Actor, arrival: Arrival) -> Accepted:
    match = await match_exam(session, actor, arrival)
    if match is not None and match.is_same:
        return Accepted(await _told_again(session, actor, arrival, match.case), Outcome.same, ())
    require_patient(arrival)
    if match is None:
        case = await _open(session, actor, arrival, None)
        return Accepted(case, Outcome.created, tuple(distinct(arrival.contents)))
    if match.case.state == State.rejected:
        case = await _open(session, actor, arrival, match.case)
        return Accepted(case, Outcome.repeat, tuple(distinct(arrival.contents)))
    if match.case.state == State.ordered:
        return Accepted(await _fulfil(session, actor, arrival, match), Outcome.from_order, match.missing)
    return Accepted(await _add(session, actor, arrival, match), Outcome.added, match.missing)


async def _open(session: Session, actor: Actor, arrival: Arrival, repeated: Case | None) -> Case:
    number = accession_number_of(arrival) or (repeated.accession_number if repeated else None)
    case = new_case(actor, arrival.center, card_of(arrival), arrival.order, number)
    case.warnings = joined([], list(arrival.warnings))
    receive(case, arrival, await database_now(session))
    await _assign_at_once(session, case)
    if repeated is None:
        await open_case(session, actor, case, Action.accept)
    else:
        await _open_repeat(session, actor, case, repeated, Action.accept)
    hold(session, case, distinct(arrival.contents))
    return case


async def _assign_at_once(session: Session, case: Case) -> None:
    """Where a case has no queue to wait for a site in."""
    if lifecycle_of(case.center).allows(State.ordered, Action.assign):
        await assign_new(session, case)


async def _open_repeat(session: Session, actor: Actor, case: Case, repeated: Case, action: Action) -> None:
    case.repeats = repeated.case_id
    async with apply(session, actor, repeated.case_id, Action.repeat, detail={"repeated_by": case.case_id}) as step:
        step.case.repeated_by = case.case_id
    await open_case(session, actor, case, action)


async def _fulfil(session: Session, actor: Actor, arrival: Arrival, match: Match) -> Case:
    async with apply(session, actor, match.case.case_id, Action.accept) as step:
        case = step.case
        kept = Card.model_validate(case.card)
        card = card_of(arrival, kept)
        describe(case, card)
        case.warnings = joined(case.warnings, [*arrival.warnings, *contradictions(kept.patient, arrival)])
        if arrival.order is not None:
            case.order_sha256 = order_digest(arrival.order)
            raise_priority(case, arrival.order.priority)
        receive(case, arrival, step.now)
        await promise(session, case)
        hold(session, case, match.missing)
    return case


async def _add(session: Session, actor: Actor, arrival: Arrival, match: Match) -> Case:
    async with apply(
        session, actor, match.case.case_id, Action.add_content, detail={"added": len(match.missing)}
    ) as step:
        case = step.case
        known = Card.model_validate(case.card).patient
        case.warnings = joined(case.warnings, [*arrival.warnings, *contradictions(known, arrival)])
        case.study_uids = sorted({*case.study_uids, *arrival.study_uids})
        if arrival.order is not None:
            raise_priority(case, arrival.order.priority)
        count(case, match.missing)
        settle(step, arrival)
        hold(session, case, match.missing)
    return case


async def _told_again(session: Session, actor: Actor, arrival: Arrival, case: Case) -> Case:
    """The same bytes with another order: a higher priority hurries the case and a contradiction warns its reader, while
    its state allows either. A case that is closed stays as it is."""
    if arrival.order is None or case.order_sha256 == order_digest(arrival.order):
        return case
    case = await cases.lock(session, actor, case.case_id)
    known = Card.model_validate(case.card).patient
    warnings = joined(case.warnings, contradictions(known, arrival))
    if warnings != case.warnings and lifecycle_of(case.center).allows(case.state, Action.add_content):
        async with apply(session, actor, case.case_id, Action.add_content, detail={"added": 0}) as step:
            step.case.warnings = warnings
    wanted = arrival.order.priority
    if rank_of(wanted) < case.priority_rank and lifecycle_of(case.center).allows(case.state, Action.reprioritize):
        policy = await policy_of(session, case.reading_site_id, case.center)
        detail = {"from": case.priority, "to": wanted}
        async with apply(session, actor, case.case_id, Action.reprioritize, detail=detail) as step:
            raise_priority(step.case, wanted, policy)
    return case

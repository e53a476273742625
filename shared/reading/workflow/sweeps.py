"""What time alone does to cases. Each found case is a transaction of its own, which looks again under its lock."""

from datetime import timedelta
from functools import partial

from shared import directory
from shared.auth import SYSTEM
from shared.db import Database, Session, database_now
from shared.reading.lifecycle import Action, lifecycle_of
from shared.reading.queries import cases, claims
from shared.reading.queries import intake as intake_queries
from shared.reading.queries import sweeps as queries
from shared.reading.workflow.apply import apply
from shared.reading.workflow.assign import escalate, queue
from shared.reading.workflow.claims import expire
from shared.reading.workflow.intake import complete
from shared.reading.workflow.one_by_one import one_by_one

_BATCH = 200
OFFERED_FOR = timedelta(minutes=10)
"""How long a site has an overdue case before the next one is asked."""


async def expire_claims(db: Database, center: str) -> int:
    async with db.transaction() as session:
        over = await claims.overdue_leases(session, center, await database_now(session), _BATCH)
    claim_of = {case_id: claim_id for case_id, claim_id, _stage in over}

    async def end(session: Session, case_id: str) -> bool:
        return await expire(session, case_id, claim_of[case_id])

    return await one_by_one(db, claim_of, end)


async def queue_received(db: Database, center: str, *, batch: int = _BATCH) -> int:
    """Cases whose event was lost, that waited for a site, or that nothing more came for. Returns how many it queued.

    The laboratory's are only given a site: whether one is complete is said with its results.
    """
    has_queue = bool(lifecycle_of(center).performers(Action.queue))
    async with db.transaction() as session:
        waiting = await (queries.to_queue if has_queue else queries.to_assign)(session, center, batch)
    return await one_by_one(db, waiting, _complete_and_queue if has_queue else queue)


async def watch_turnaround(db: Database, center: str) -> int:
    """Half-way and overdue, told once each; an overdue case that nobody reads is offered to the next site.

    One that was being read then, or that the next site does not read either, is offered on later.
    """
    async with db.transaction() as session:
        late = await queries.overdue(session, center, _BATCH)
        half = await queries.half_way(session, center, _BATCH)
    told = await one_by_one(db, half, partial(_mark, Action.mark_half_way))
    told += await one_by_one(db, late, partial(_mark, Action.mark_overdue))
    await one_by_one(db, late, escalate)
    async with db.transaction() as session:
        sites = [policy.reading_site_id for policy in await directory.site_policies(session, center) if policy.accepts]
        stranded = await queries.stranded(session, center, sites, OFFERED_FOR, _BATCH)
    await one_by_one(db, stranded, escalate)
    return told


async def drop_old_keys(db: Database) -> None:
    async with db.transaction() as session:
        await intake_queries.drop_old_keys(session)


async def _complete_and_queue(session: Session, case_id: str) -> bool:
    case = await cases.lock(session, SYSTEM, case_id)
    settled = case.settles_at is None or case.settles_at <= await database_now(session)
    if case.completed_at is None and settled:
        await complete(session, SYSTEM, case_id)
    return await queue(session, case_id)


async def _mark(action: Action, session: Session, case_id: str) -> bool:
    case = await cases.lock(session, SYSTEM, case_id)
    told = case.overdue if action == Action.mark_overdue else case.half_way
    if told or not lifecycle_of(case.center).allows(case.state, action):
        return False
    async with apply(session, SYSTEM, case_id, action) as step:
        step.case.half_way = True
        step.case.overdue = step.case.overdue or action == Action.mark_overdue
    return True

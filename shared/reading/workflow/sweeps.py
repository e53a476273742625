"""What time alone does to cases. Each found case is a transaction of its own, which looks again under its lock."""

from datetime import timedelta

from shared import directory
from shared.auth import SYSTEM
from shared.db import Database, database_now
from shared.reading.lifecycle import READING, Action, State
from shared.reading.queries import cases, claims
from shared.reading.queries import intake as intake_queries
from shared.reading.queries import sweeps as queries
from shared.reading.workflow.apply import apply
from shared.reading.workflow.assign import escalate, queue
from shared.reading.workflow.claims import expire
from shared.reading.workflow.intake import complete

_BATCH = 200
OFFERED_FOR = timedelta(minutes=10)
"""How long a site has an overdue case before the next one is asked."""


async def expire_claims(db: Database, center: str) -> int:
    async with db.transaction() as session:
        over = await claims.overdue_leases(session, center, await database_now(session), _BATCH)
    ended = 0
    for case_id, claim_id, _stage in over:
        async with db.transaction() as session:
            ended += await expire(session, case_id, claim_id)
    return ended


async def queue_received(db: Database, center: str) -> int:
    """Cases whose event was lost, that waited for a site, or that nothing more came for."""
    async with db.transaction() as session:
        waiting = await queries.to_queue(session, center, _BATCH)
    queued = 0
    for case_id in waiting:
        async with db.transaction() as session:
            case = await cases.lock(session, SYSTEM, case_id)
            settled = case.settles_at is None or case.settles_at <= await database_now(session)
            if case.completed_at is None and settled:
                await complete(session, SYSTEM, case_id)
            queued += await queue(session, case_id)
    return queued


async def watch_turnaround(db: Database, center: str) -> int:
    """Half-way and overdue, told once each; an overdue case that nobody reads is offered to the next site.

    One that was being read then, or that the next site does not read either, is offered on later.
    """
    async with db.transaction() as session:
        late = await queries.overdue(session, center, _BATCH)
        half = await queries.half_way(session, center, _BATCH)
    for case_id in half:
        await _mark(db, case_id, Action.mark_half_way)
    for case_id in late:
        await _mark(db, case_id, Action.mark_overdue)
        async with db.transaction() as session:
            await escalate(session, case_id)
    async with db.transaction() as session:
        sites = [policy.reading_site_id for policy in await directory.site_policies(session, center) if policy.accepts]
        stranded = await queries.stranded(session, center, sites, OFFERED_FOR, _BATCH)
    for case_id in stranded:
        async with db.transaction() as session:
            await escalate(session, case_id)
    return len(half) + len(late)


async def drop_old_keys(db: Database) -> None:
    async with db.transaction() as session:
        await intake_queries.drop_old_keys(session)


async def _mark(db: Database, case_id: str, action: Action) -> None:
    async with db.transaction() as session:
        case = await cases.lock(session, SYSTEM, case_id)
        told = case.overdue if action == Action.mark_overdue else case.half_way
        if told or not READING.allows(State(case.state), action):
            return
        async with apply(session, SYSTEM, case_id, action) as step:
            step.case.half_way = True
            step.case.overdue = step.case.overdue or action == Action.mark_overdue

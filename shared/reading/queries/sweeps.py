"""What the worker looks for: cases that settled, promises half used up or broken. By the database's clock."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, exists, func, or_, select, update

from shared.db import Session, at_most
from shared.reading.lifecycle import PROMISED, UNREAD, State
from shared.reading.models import Case, CaseHistory


async def to_queue(session: Session, center: str, limit: int) -> Sequence[str]:
    """Received cases that are whole or have waited for more long enough: those not tried for longest, of these the
    most urgent first. They count as tried by this."""
    whole = or_(Case.completed_at.is_not(None), Case.settles_at <= func.clock_timestamp())
    found = await session.scalars(
        select(Case.case_id)
        .where(Case.center == center, Case.state == State.received, whole)
        .order_by(Case.tried_at.asc().nulls_first(), Case.priority_rank, Case.due_at, Case.case_id)
        .limit(at_most(limit))
        .with_for_update(skip_locked=True)
    )
    return await _tried(session, found.all())


async def to_assign(session: Session, center: str, limit: int) -> Sequence[str]:
    """Cases of any state before reading that no site has, in the order of ``to_queue``."""
    found = await session.scalars(
        select(Case.case_id)
        .where(Case.center == center, Case.state.in_(UNREAD - {State.queued}), Case.reading_site_id.is_(None))
        .order_by(Case.tried_at.asc().nulls_first(), Case.priority_rank, Case.due_at, Case.case_id)
        .limit(at_most(limit))
        .with_for_update(skip_locked=True)
    )
    return await _tried(session, found.all())


async def half_way(session: Session, center: str, limit: int) -> Sequence[str]:
    now = func.clock_timestamp()
    return await _open_cases(
        session,
        center,
        limit,
        and_(~Case.half_way, ~Case.overdue, Case.due_at > now),
        now - Case.received_at >= Case.due_at - now,
    )


async def overdue(session: Session, center: str, limit: int) -> Sequence[str]:
    return await _open_cases(session, center, limit, ~Case.overdue, Case.due_at <= func.clock_timestamp())


async def stranded(session: Session, center: str, sites: Sequence[str], waited: timedelta, limit: int) -> Sequence[str]:
    """Overdue queued cases that nobody is kept for, that not all of ``sites`` were offered yet, and that
    the present site has had for ``waited``. They count as tried, as in ``to_queue``."""
    now = func.clock_timestamp()
    offered_lately = exists().where(
        CaseHistory.case_id == Case.case_id,
        CaseHistory.action.in_(("queue", "reassign", "refer")),
        CaseHistory.at > now - waited,
    )
    found = await session.scalars(
        select(Case.case_id)
        .where(
            Case.center == center,
            Case.state == State.queued,
            Case.overdue,
            or_(Case.kept_until.is_(None), Case.kept_until <= now),
            ~Case.offered_sites.contains(sites),
            ~offered_lately,
        )
        .order_by(Case.tried_at.asc().nulls_first(), Case.due_at)
        .limit(at_most(limit))
        .with_for_update(skip_locked=True, of=Case)
    )
    return await _tried(session, found.all())


async def _tried(session: Session, case_ids: Sequence[str]) -> Sequence[str]:
    """Marked before they are tried: one that fails goes to the end as well."""
    if case_ids:
        tried = update(Case).where(Case.case_id.in_(case_ids)).values(tried_at=func.clock_timestamp())
        await session.execute(tried, execution_options={"synchronize_session": False})
    return case_ids


async def _open_cases(session: Session, center: str, limit: int, *conditions: object) -> Sequence[str]:
    found = await session.scalars(
        select(Case.case_id)
        .where(Case.center == center, Case.state.in_(PROMISED), *conditions)  # type: ignore[arg-type]
        .order_by(Case.due_at)
        .limit(at_most(limit))
    )
    return found.all()

"""What the worker looks for: cases that settled, promises half used up or broken. By the database's clock."""

from collections.abc import Sequence

from sqlalchemy import and_, func, or_, select

from shared.db import Session
from shared.reading.models import Case

_OPEN = ("received", "queued", "claimed", "in_review")


async def to_queue(session: Session, center: str, limit: int) -> Sequence[str]:
    """Received cases that are whole or have waited for more long enough, the most urgent first."""
    whole = or_(Case.completed_at.is_not(None), Case.settles_at <= func.clock_timestamp())
    found = await session.scalars(
        select(Case.case_id)
        .where(Case.center == center, Case.state == "received", whole)
        .order_by(Case.priority_rank, Case.due_at, Case.case_id)
        .limit(limit)
    )
    return found.all()


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


async def _open_cases(session: Session, center: str, limit: int, *conditions: object) -> Sequence[str]:
    found = await session.scalars(
        select(Case.case_id)
        .where(Case.center == center, Case.state.in_(_OPEN), *conditions)  # type: ignore[arg-type]
        .order_by(Case.due_at)
        .limit(limit)
    )
    return found.all()

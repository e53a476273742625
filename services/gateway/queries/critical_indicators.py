"""What a county counts of its critical results, in one pass of the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models.criticals import Critical
from services.gateway.queries.criticals import visible_to
from shared.auth import Actor


@dataclass(frozen=True, slots=True)
class Counted:
    """One group; ``center`` and ``clinic_id`` None: over all. Each rate's denominator are results whose time is over
    or that were done: one that is still in time is neither good nor bad."""

    center: str | None
    clinic_id: str | None
    counts: dict[str, Any]


async def counted(session: AsyncSession, actor: Actor, *, start: datetime, end: datetime) -> list[Counted]:
    """Results found in [start, end): over all, by centre, by centre and clinic."""
    columns = _columns()
    center, clinic = Critical.center, Critical.clinic_id
    rows = await session.execute(
        select(center, clinic, *(column.label(name) for name, column in columns.items()))
        .where(visible_to(actor), Critical.found_at >= start, Critical.found_at < end)
        .group_by(func.grouping_sets(tuple_(), tuple_(center), tuple_(center, clinic)))
        .order_by(center.nulls_first(), clinic.nulls_first())
    )
    return [Counted(row[0], row[1], {name: getattr(row, name) for name in columns}) for row in rows]


def _columns() -> dict[str, ColumnElement[Any]]:
    now = func.clock_timestamp()
    has_it, sent, acted = Critical.acknowledged_at, Critical.notified_at, Critical.acted_at
    confirmed = and_(Critical.is_told, Critical.state != "false_alarm")
    return {
        "found": func.count(),
        "confirmed": _count(confirmed),
        "open": _count(and_(Critical.is_open)),
        "notify_judged": _count(confirmed, or_(has_it.is_not(None), Critical.acknowledge_by <= now)),
        "notified_in_time": _count(confirmed, has_it <= Critical.acknowledge_by),
        "respond_judged": _count(confirmed, or_(and_(sent <= has_it), Critical.respond_by <= now)),
        "acknowledged_on_time": _count(confirmed, sent <= has_it, has_it <= Critical.respond_by),
        "act_judged": _count(confirmed, has_it.is_not(None), or_(acted.is_not(None), Critical.act_by <= now)),
        "acted_on_time": _count(confirmed, acted <= Critical.act_by),
        "read_back_failures": func.coalesce(func.sum(Critical.misreads), 0),
        "unreachable": _count(Critical.unreached > 0),
        "escalated": _count(Critical.escalations > 0),
        "false_alarms": _count(Critical.state == "false_alarm"),
        "telephoned": _count(and_(Critical.telephoned)),
        "median_minutes_to_acknowledge": _median_minutes(Critical.found_at, has_it, confirmed),
        "median_minutes_to_respond": _median_minutes(sent, has_it, confirmed),
        "median_minutes_to_act": _median_minutes(has_it, acted, confirmed),
    }


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(*conditions)


def _median_minutes(start: Any, end: Any, *conditions: ColumnElement[bool]) -> ColumnElement[float]:
    """A call that was made before the result was entered took no time."""
    minutes = func.greatest(func.extract("epoch", end - start), 0) / 60.0
    measured = and_(*conditions, start.is_not(None), end.is_not(None))
    return func.percentile_cont(0.5).within_group(minutes).filter(measured)

"""The SQL of critical results: what the projection writes, who sees which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models.criticals import Critical, CriticalFact
from services.gateway.queries.feed import WHOLE_REGION, viewpoint
from shared.auth import Actor
from shared.db import at_most
from shared.events.critical import Contact, CriticalStep

HOLDS_PATIENT_COPY = ("verified", "notified")
"""The clinic has been told, or should have been, and has not confirmed that it knows."""


@dataclass(frozen=True, slots=True)
class CriticalFilter:
    state: str | None = None
    center: str | None = None
    clinic_id: str | None = None
    is_open: bool | None = None


@dataclass(frozen=True, slots=True)
class ListedCritical:
    """``seconds_left`` until the clinic must have it, by the database's clock; None once it has, or none is needed."""

    row: Critical
    seconds_left: int | None


async def add_step(session: AsyncSession, critical_id: str, step: CriticalStep, contact: Contact | None) -> bool:
    """False when it was known."""
    added = await session.execute(
        insert(CriticalFact)
        .values(
            critical_id=critical_id,
            critical_version=step.critical_version,
            step=step.model_dump(mode="json"),
            contact=contact.model_dump(mode="json") if contact else None,
        )
        .on_conflict_do_nothing()
        .returning(CriticalFact.critical_id)
    )
    return added.scalar_one_or_none() is not None


async def put_critical(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Insert or replace unless a newer version stands already."""
    statement = insert(Critical).values(**values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["critical_id"],
            set_={name: statement.excluded[name] for name in values if name != "critical_id"},
            where=Critical.critical_version < statement.excluded.critical_version,
        )
    )


async def page(
    session: AsyncSession,
    actor: Actor,
    wanted: CriticalFilter,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[ListedCritical]:
    """Newest first, behind ``after``."""
    conditions = [visible_to(actor)]
    columns = {
        Critical.state: wanted.state,
        Critical.center: wanted.center,
        Critical.clinic_id: wanted.clinic_id,
        Critical.is_open: wanted.is_open,
    }
    conditions += [column == value for column, value in columns.items() if value is not None]
    if after is not None:
        conditions.append(tuple_(Critical.found_at, Critical.critical_id) < tuple_(*after))
    rows = await session.execute(
        select(Critical, _seconds_left())
        .where(*conditions)
        .order_by(Critical.found_at.desc(), Critical.critical_id.desc())
        .limit(at_most(limit))
    )
    return [ListedCritical(row[0], row[1]) for row in rows]


async def find(session: AsyncSession, actor: Actor, critical_id: str) -> ListedCritical | None:
    row = (
        await session.execute(
            select(Critical, _seconds_left()).where(Critical.critical_id == critical_id, visible_to(actor))
        )
    ).one_or_none()
    return None if row is None else ListedCritical(row[0], row[1])


async def steps(session: AsyncSession, critical_id: str) -> Sequence[CriticalFact]:
    found = await session.scalars(
        select(CriticalFact).where(CriticalFact.critical_id == critical_id).order_by(CriticalFact.critical_version)
    )
    return found.all()


async def of_case(session: AsyncSession, case_id: str) -> Sequence[Critical]:
    found = await session.scalars(
        select(Critical).where(Critical.case_id == case_id, Critical.is_told).order_by(Critical.critical_id)
    )
    return found.all()


async def open_counts(session: AsyncSession) -> dict[str, tuple[int, int]]:
    """By centre: open results, and those of them that no clinic has although their time is over."""
    late = func.count().filter(Critical.acknowledged_at.is_(None), Critical.acknowledge_by < func.clock_timestamp())
    rows = await session.execute(
        select(Critical.center, func.count(), late).where(Critical.is_open).group_by(Critical.center)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The clinic its own and the region by scope, from the verification on; the site that reads the case, of the
    centres the person works for."""
    if viewpoint(actor) == WHOLE_REGION:
        return and_(Critical.is_told)
    reads = Critical.reading_site_id == actor.org_id
    if actor.centers:
        reads = and_(reads, Critical.center.in_(sorted(actor.centers)))
    return or_(and_(Critical.clinic_id == actor.org_id, Critical.is_told), reads)


def _seconds_left() -> ColumnElement[int | None]:
    left = func.extract("epoch", Critical.acknowledge_by - func.clock_timestamp())
    is_over = or_(~Critical.is_open, Critical.acknowledged_at.is_not(None))
    return case((is_over, None), else_=func.floor(left)).label("seconds_left")

"""The SQL of the cases of all centres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway import search
from services.gateway.models.cases import WorklistCase
from shared.auth import Actor, Role
from shared.db import at_most

QueueKey = tuple[int, datetime, str]
_WAITS_FOR_READER = ("queued", "resulted", "held")
_IN_REVIEW = ("in_review", "verified")
"""An amendment's review is not claimed: it is signed or returned."""
_TECHNOLOGISTS_CENTER = "lab"
"""The only one in which they claim; elsewhere that is a physician's."""


@dataclass(frozen=True, slots=True)
class WorklistFilter:
    """None: not asked for. ``state`` None: every open state."""

    center: str | None = None
    state: str | None = None
    priority: str | None = None
    modality: str | None = None
    is_overdue: bool | None = None
    is_mine: bool = False
    words: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class ListedCase:
    """``seconds_left`` until due, by the database's clock; negative when overdue, None without a deadline."""

    case: WorklistCase
    seconds_left: int | None


@dataclass(frozen=True, slots=True)
class Before:
    """A case before an event. ``version`` 0: not known yet."""

    version: int
    reading_site_id: str | None


async def lock_case(session: AsyncSession, case_id: str) -> Before:
    """As it stands; its row stays locked until the transaction ends."""
    found = (
        await session.execute(
            select(WorklistCase.case_version, WorklistCase.reading_site_id)
            .where(WorklistCase.case_id == case_id)
            .with_for_update()
        )
    ).one_or_none()
    return Before(0, None) if found is None else Before(found.case_version, found.reading_site_id)


async def put_case(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Insert or replace unless a newer snapshot stands already; whether it was taken.

    Events of one version (half-way, overdue) are told apart by their time.
    """
    statement = insert(WorklistCase).values(**values)
    result = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["case_id"],
            set_={name: statement.excluded[name] for name in values if name != "case_id"},
            where=tuple_(WorklistCase.case_version, WorklistCase.event_time)
            < tuple_(statement.excluded.case_version, statement.excluded.event_time),
        ).returning(WorklistCase.case_id)
    )
    return result.scalar_one_or_none() is not None


async def worklist(
    session: AsyncSession, actor: Actor, wanted: WorklistFilter, *, after: QueueKey | None, limit: int
) -> list[ListedCase]:
    """Cases that the actor's organization reads, in the order of the queue, behind ``after``."""
    conditions = [*_readable(actor), *_wanted(actor, wanted)]
    if after is not None:
        conditions.append(_queue_key() > tuple_(*after))
    rows = await session.execute(
        select(WorklistCase, _seconds_left())
        .where(*conditions)
        .order_by(WorklistCase.priority_rank, WorklistCase.due_order, WorklistCase.case_id)
        .limit(at_most(limit))
    )
    return [ListedCase(row[0], row[1]) for row in rows]


async def clinic_cases(
    session: AsyncSession,
    actor: Actor,
    *,
    start: datetime,
    end: datetime,
    state: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[ListedCase]:
    """The cases that the actor's organization ordered and that were opened in [start, end), newest first."""
    conditions: list[ColumnElement[bool]] = [
        WorklistCase.clinic_id == actor.org_id,
        WorklistCase.opened_at >= start,
        WorklistCase.opened_at < end,
    ]
    if state is not None:
        conditions.append(WorklistCase.state == state)
    if after is not None:
        conditions.append(tuple_(WorklistCase.opened_at, WorklistCase.case_id) < tuple_(*after))
    rows = await session.execute(
        select(WorklistCase, _seconds_left())
        .where(*conditions)
        .order_by(WorklistCase.opened_at.desc(), WorklistCase.case_id.desc())
        .limit(at_most(limit))
    )
    return [ListedCase(row[0], row[1]) for row in rows]


async def find_assigned(session: AsyncSession, actor: Actor, case_id: str) -> tuple[WorklistCase, bool] | None:
    """A case that the actor's organization reads, and whether the actor holds it now."""
    row = (
        await session.execute(
            select(WorklistCase, is_held_by(actor)).where(WorklistCase.case_id == case_id, *_readable(actor))
        )
    ).one_or_none()
    return None if row is None else (row[0], bool(row[1]))


@dataclass(frozen=True, slots=True)
class WaitingCenter:
    center: str
    waiting: int


async def waiting_centers(
    session: AsyncSession, actor: Actor, *, is_review: bool, priority: str | None, modality: str | None
) -> list[WaitingCenter]:
    """Centres with cases that the actor could claim, that with the most pressing case first."""
    now = func.clock_timestamp()
    conditions = _readable(actor)
    if not actor.has(Role.reviewer if is_review else Role.reader):
        conditions.append(WorklistCase.center == _TECHNOLOGISTS_CENTER)
    if is_review:
        conditions += [
            WorklistCase.state.in_(_IN_REVIEW),
            WorklistCase.holder_id.is_(None),
            WorklistCase.author_id.is_distinct_from(actor.account_id),
        ]
    else:
        conditions += [
            WorklistCase.state.in_(_WAITS_FOR_READER),
            or_(
                WorklistCase.kept_for_id.is_(None),
                WorklistCase.kept_for_id == actor.account_id,
                WorklistCase.kept_until < now,
            ),
        ]
    if priority is not None:
        conditions.append(WorklistCase.priority == priority)
    if modality is not None:
        conditions.append(WorklistCase.modality == modality)
    groups = await session.execute(
        select(
            WorklistCase.center,
            WorklistCase.priority_rank,
            func.min(WorklistCase.due_order),
            func.count(),
        )
        .where(*conditions)
        .group_by(WorklistCase.center, WorklistCase.priority_rank)
    )
    first: dict[str, tuple[int, datetime]] = {}
    waiting: dict[str, int] = {}
    for center, rank, due, count in groups:
        waiting[center] = waiting.get(center, 0) + count
        first[center] = min(first.get(center, (rank, due)), (rank, due))
    return [WaitingCenter(center, waiting[center]) for center in sorted(first, key=lambda name: (*first[name], name))]


def is_held_by(actor: Actor) -> ColumnElement[bool]:
    """Heartbeats are no events, so ``holder_until`` grows old while the claim lives: its end is an event."""
    return WorklistCase.holder_id == actor.account_id


def _readable(actor: Actor) -> list[ColumnElement[bool]]:
    """What a reading site was assigned, of the centres the actor works for."""
    conditions: list[ColumnElement[bool]] = [WorklistCase.reading_site_id == actor.org_id]
    if actor.centers:
        conditions.append(WorklistCase.center.in_(sorted(actor.centers)))
    return conditions


def _wanted(actor: Actor, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        and_(WorklistCase.is_open) if wanted.state is None else WorklistCase.state == wanted.state
    ]
    if wanted.center is not None:
        conditions.append(WorklistCase.center == wanted.center)
    if wanted.priority is not None:
        conditions.append(WorklistCase.priority == wanted.priority)
    if wanted.modality is not None:
        conditions.append(WorklistCase.modality == wanted.modality)
    if wanted.is_overdue is not None:
        is_late = and_(WorklistCase.is_open, WorklistCase.due_order < func.clock_timestamp())
        conditions.append(is_late if wanted.is_overdue else ~is_late)
    if wanted.is_mine:
        conditions.append(or_(is_held_by(actor), _is_kept_for(actor)))
    for word in wanted.words:
        conditions.append(WorklistCase.search_grams.contains(search.grams_of_word(word)))
        conditions.append(func.strpos(WorklistCase.search_text, word) > 0)
    return conditions


def _is_kept_for(actor: Actor) -> ColumnElement[bool]:
    return and_(WorklistCase.kept_for_id == actor.account_id, WorklistCase.kept_until > func.clock_timestamp())


def _queue_key() -> Any:
    return tuple_(WorklistCase.priority_rank, WorklistCase.due_order, WorklistCase.case_id)


def _seconds_left() -> ColumnElement[int | None]:
    left = func.extract("epoch", WorklistCase.due_at - func.clock_timestamp())
    return case((WorklistCase.due_at.is_(None), None), else_=func.floor(left)).label("seconds_left")

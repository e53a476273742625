"""The SQL of the feed and of the live events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from services.gateway.models.feed import Counter, FeedEntry, FeedVisibility, LiveEvent
from services.gateway.models.reports import ReportHead
from shared.auth import Actor, Role
from shared.db import at_most

WHOLE_REGION = "*"
"""The pseudo organization that sees every line; no id of a real one looks like it."""
REGION_SCOPE = "reports:region"

_APPEND = text(
    """
    WITH numbered AS (UPDATE gateway.feed SET n = n + 1 WHERE name = 'reports' RETURNING n),
         entry AS (
             INSERT INTO gateway.feed_entry (feed_seq, report_id, version, kind, org_ids, item)
             SELECT n, :report_id, :version, :kind, :org_ids, :item FROM numbered)
    INSERT INTO gateway.feed_visibility (org_id, feed_seq, center, clinic_id, patient_id, kind)
    SELECT org_id, n, :center, :clinic_id, :patient_id, :kind FROM numbered, unnest(:org_ids) AS org_id
    RETURNING feed_seq
    """
).bindparams(
    bindparam("org_ids", type_=ARRAY(Text)),
    bindparam("item", type_=JSONB),
    *(bindparam(name, type_=Text) for name in ("report_id", "kind", "center", "clinic_id", "patient_id")),
)


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line about to be appended. ``org_ids`` see it, and the whole region's readers."""

    report_id: str
    version: int
    kind: str
    center: str
    clinic_id: str
    patient_id: str | None
    org_ids: Iterable[str]
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FeedLine:
    """``latest_version``, ``is_voided`` say how the report stands now, not when the line was written."""

    seq: int
    report_id: str
    version: int
    kind: str
    item: dict[str, Any]
    latest_version: int | None
    is_voided: bool


@dataclass(frozen=True, slots=True)
class FeedFilter:
    center: str | None = None
    clinic_id: str | None = None
    patient_id: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    n: int
    epoch: str


async def append_line(session: AsyncSession, line: NewLine) -> int:
    """Must be the last statement of its transaction: from here until the commit every other writer waits."""
    values = {
        "report_id": line.report_id,
        "version": line.version,
        "kind": line.kind,
        "center": line.center,
        "clinic_id": line.clinic_id,
        "patient_id": line.patient_id,
        "org_ids": sorted({*line.org_ids, WHOLE_REGION}),
        "item": dict(line.item),
    }
    return int((await session.execute(_APPEND, values)).scalars().first() or 0)


def viewpoint(actor: Actor) -> str:
    """The organization whose lines the actor sees."""
    if actor.has(Role.integration) and REGION_SCOPE in actor.scopes:
        return WHOLE_REGION
    return actor.org_id


async def feed_page(
    session: AsyncSession, actor: Actor, wanted: FeedFilter, *, after: int, limit: int
) -> tuple[list[FeedLine], Head]:
    """Lines behind ``after`` that stood when the head was read, in order.

    Everything up to the head is visible by then, since numbers become visible in their order.
    """
    head = (await heads(session))["reports"]
    seen = FeedVisibility
    conditions = [seen.org_id == viewpoint(actor), seen.feed_seq > after, seen.feed_seq <= head.n]
    columns = {
        seen.center: wanted.center,
        seen.clinic_id: wanted.clinic_id,
        seen.patient_id: wanted.patient_id,
        seen.kind: wanted.kind,
    }
    conditions += [column == value for column, value in columns.items() if value is not None]
    if actor.centers and viewpoint(actor) != WHOLE_REGION:
        conditions.append(seen.center.in_(sorted(actor.centers)))
    if not head.n > after:
        return [], head
    rows = await session.execute(
        select(FeedEntry, ReportHead.latest_version, ReportHead.voided_at.is_not(None))
        .join(seen, seen.feed_seq == FeedEntry.feed_seq)
        .join(ReportHead, ReportHead.report_id == FeedEntry.report_id)
        # Said of both tables: from one alone the planner does not learn where in the other to begin.
        .where(*conditions, FeedEntry.feed_seq > after, FeedEntry.feed_seq <= head.n)
        .order_by(seen.feed_seq)
        .limit(at_most(limit))
    )
    lines = [
        FeedLine(entry.feed_seq, entry.report_id, entry.version, entry.kind, entry.item, latest, bool(is_voided))
        for entry, latest, is_voided in rows
    ]
    return lines, head


async def heads(session: AsyncSession) -> dict[str, Head]:
    """The last number of ``reports`` and of ``live``."""
    rows = await session.execute(select(Counter.name, Counter.n, Counter.epoch))
    return {name: Head(n, epoch) for name, n, epoch in rows}


async def organizations_between(session: AsyncSession, after: int, until: int) -> dict[str, int]:
    """Who sees any line of (after, until], each with the number of its last one."""
    org = func.unnest(FeedEntry.org_ids).label("org_id")
    lines = select(org, FeedEntry.feed_seq).where(FeedEntry.feed_seq > after, FeedEntry.feed_seq <= until).subquery()
    rows = await session.execute(select(lines.c.org_id, func.max(lines.c.feed_seq)).group_by(lines.c.org_id))
    return {row[0]: row[1] for row in rows}


async def append_live(session: AsyncSession, events: Sequence[Mapping[str, Any]]) -> None:
    """Rows of LiveEvent without their numbers. To be called last but for ``append_line``."""
    if not events:
        return
    last = (
        await session.execute(
            update(Counter).where(Counter.name == "live").values(n=Counter.n + len(events)).returning(Counter.n)
        )
    ).scalar_one()
    first = last - len(events) + 1
    await session.execute(
        insert(LiveEvent), [{**event, "live_seq": first + place} for place, event in enumerate(events)]
    )


async def live_between(
    session: AsyncSession, after: int, until: int, *, org_id: str | None = None, limit: int
) -> list[LiveEvent]:
    """Events of (after, until] in order; of one reading site when it is named."""
    conditions = [LiveEvent.live_seq > after, LiveEvent.live_seq <= until]
    if org_id is not None:
        conditions.append(LiveEvent.org_id == org_id)
    rows = await session.scalars(
        select(LiveEvent).where(*conditions).order_by(LiveEvent.live_seq).limit(at_most(limit))
    )
    return list(rows)


async def oldest_live(session: AsyncSession) -> int | None:
    """The first number still kept, None when none is."""
    return (await session.execute(select(func.min(LiveEvent.live_seq)))).scalar_one()


async def sweep_live(session: AsyncSession, keep: timedelta) -> None:
    await session.execute(delete(LiveEvent).where(LiveEvent.at < func.clock_timestamp() - keep))


async def begin_anew(session: AsyncSession) -> None:
    """Forget every projection; a new epoch refuses the cursors of the old numbering. Events bring all back."""
    await session.execute(
        text(
            "TRUNCATE gateway.worklist_case, gateway.report, gateway.report_version, gateway.report_fact,"
            " gateway.report_refusal, gateway.feed_entry, gateway.feed_visibility, gateway.live_event,"
            " gateway.critical, gateway.critical_fact"
        )
    )
    fresh = func.left(func.md5(func.gen_random_uuid().cast(Text)), 8)
    await session.execute(update(Counter).values(n=0, epoch=fresh))

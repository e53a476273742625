"""Critical results: who sees which, under lock or not; what the worker has to look at."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, or_, select, true

from shared.auth import SYSTEM, Actor
from shared.db import Session, at_most
from shared.errors import NotFound
from shared.reading.lifecycle.critical import HOLDS_PATIENT_COPY, CriticalState
from shared.reading.models import Case, CriticalHistory, CriticalResult
from shared.reading.queries import cases

# Written into the statement: the index of open results is used only where its own words stand.
_CLOSED: BindParameter[list[str]] = bindparam("closed", ["closed", "false_alarm"], expanding=True, literal_execute=True)
_UNSTATED = (CriticalState.found, CriticalState.false_alarm)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """As its case; a clinic from the verification on: what nobody has confirmed yet would only alarm it."""
    if actor == SYSTEM:
        return true()
    is_told = or_(Case.reading_site_id == actor.org_id, CriticalResult.verified_at.is_not(None))
    return and_(cases.visible_to(actor), is_told)


async def see(session: Session, actor: Actor, critical_id: str) -> CriticalResult:
    """Raises NotFound for one that is not there or not the actor's."""
    found = await session.execute(
        select(CriticalResult)
        .join(Case, Case.case_id == CriticalResult.case_id)
        .where(CriticalResult.critical_id == critical_id, visible_to(actor))
    )
    critical = found.scalar_one_or_none()
    if critical is None:
        raise NotFound
    return critical


async def lock(session: Session, actor: Actor, critical_id: str) -> tuple[CriticalResult, Case]:
    """The result as it stands now, held until the transaction ends; its case unlocked. Raises NotFound as ``see``."""
    statement = (
        select(CriticalResult, Case)
        .join(Case, Case.case_id == CriticalResult.case_id)
        .where(CriticalResult.critical_id == critical_id, visible_to(actor))
        .with_for_update(of=CriticalResult)
    )
    row = (await session.execute(statement, execution_options={"populate_existing": True})).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def of_case(session: Session, actor: Actor, case_id: str) -> Sequence[CriticalResult]:
    statement = (
        select(CriticalResult)
        .join(Case, Case.case_id == CriticalResult.case_id)
        .where(CriticalResult.case_id == case_id, visible_to(actor))
        .order_by(CriticalResult.found_at, CriticalResult.critical_id)
    )
    return (await session.scalars(statement)).all()


async def with_key(session: Session, case_id: str, code: str, finding_key: str) -> Sequence[CriticalResult]:
    """Of the same finding, the one that counts first: all but one are false alarms."""
    statement = select(CriticalResult).where(
        CriticalResult.case_id == case_id, CriticalResult.code == code, CriticalResult.finding_key == finding_key
    )
    is_false = CriticalResult.state == CriticalState.false_alarm
    return (await session.scalars(statement.order_by(is_false, CriticalResult.critical_id.desc()))).all()


async def stated(session: Session, case_id: str) -> Sequence[CriticalResult]:
    """What a signed report says: confirmed ones, whatever became of them since."""
    statement = select(CriticalResult).where(CriticalResult.case_id == case_id, CriticalResult.state.not_in(_UNSTATED))
    return (await session.scalars(statement.order_by(CriticalResult.found_at, CriticalResult.critical_id))).all()


async def undecided(session: Session, case_id: str) -> Sequence[CriticalResult]:
    statement = select(CriticalResult).where(
        CriticalResult.case_id == case_id, CriticalResult.state == CriticalState.found
    )
    return (await session.scalars(statement.order_by(CriticalResult.found_at, CriticalResult.critical_id))).all()


async def history(session: Session, critical_ids: Sequence[str]) -> Sequence[CriticalHistory]:
    statement = select(CriticalHistory).where(CriticalHistory.critical_id.in_(critical_ids))
    return (await session.scalars(statement.order_by(CriticalHistory.id))).all()


async def last_step(session: Session, critical_id: str, action: str, account_id: str) -> CriticalHistory | None:
    """What the account did last of this kind."""
    statement = select(CriticalHistory).where(
        CriticalHistory.critical_id == critical_id,
        CriticalHistory.action == action,
        CriticalHistory.account_id == account_id,
    )
    return (await session.scalars(statement.order_by(CriticalHistory.id.desc()).limit(1))).one_or_none()


async def of_cases(session: Session, case_ids: Sequence[str]) -> Sequence[CriticalResult]:
    statement = select(CriticalResult).where(CriticalResult.case_id.in_(case_ids))
    return (await session.scalars(statement.order_by(CriticalResult.critical_id))).all()


async def due(session: Session, center: str, limit: int) -> Sequence[str]:
    """Those whose timer has run out by the database's clock, the oldest first."""
    statement = select(CriticalResult.critical_id).where(
        CriticalResult.center == center, CriticalResult.timer_at <= func.clock_timestamp()
    )
    return (await session.scalars(statement.order_by(CriticalResult.timer_at).limit(at_most(limit)))).all()


async def to_address(session: Session, center: str, limit: int) -> Sequence[str]:
    """Open ones whose case has a reading site that was not told yet."""
    statement = (
        select(CriticalResult.critical_id)
        .join(Case, Case.case_id == CriticalResult.case_id)
        .where(
            CriticalResult.center == center,
            CriticalResult.state.not_in(_CLOSED),
            Case.reading_site_id.is_not(None),
            Case.reading_site_id.is_distinct_from(CriticalResult.addressed_site_id),
        )
        .order_by(CriticalResult.critical_id)
    )
    return (await session.scalars(statement.limit(at_most(limit)))).all()


async def count_by_state(session: Session, center: str) -> dict[str, int]:
    rows = await session.execute(
        select(CriticalResult.state, func.count()).where(CriticalResult.center == center).group_by(CriticalResult.state)
    )
    return {str(state): int(count) for state, count in rows}


async def totals(session: Session, center: str) -> tuple[int, int, int, int]:
    """Wrong read-backs, times a clinic was not reached, reminders, escalations: over all results."""
    counters = (
        CriticalResult.misreads,
        CriticalResult.unreached,
        CriticalResult.reminders,
        CriticalResult.escalations,
    )
    row = (
        await session.execute(
            select(*(func.coalesce(func.sum(each), 0) for each in counters)).where(CriticalResult.center == center)
        )
    ).one()
    return int(row[0]), int(row[1]), int(row[2]), int(row[3])


async def late(session: Session, center: str, now: datetime) -> int:
    """Confirmed results that no clinic has although their time is over: somebody has to be called."""
    found = await session.execute(
        select(func.count())
        .select_from(CriticalResult)
        .where(
            CriticalResult.center == center,
            CriticalResult.state.in_((CriticalState.found, *HOLDS_PATIENT_COPY)),
            CriticalResult.found_at
            + func.make_interval(0, 0, 0, 0, 0, 0, CriticalResult.policy["acknowledge_s"].as_float())
            < now,
        )
    )
    return int(found.scalar_one())

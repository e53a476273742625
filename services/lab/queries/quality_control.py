"""Quality control: lots with their targets, runs with their points, what blocks and what was done."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.lab.models import EqaResult, Orphan, QcAction, QcLevel, QcLot, QcPoint, QcRun, QcTarget
from shared.db import Session, at_most
from shared.errors import NotFound

_HISTORY = 200


async def blocked(session: Session, laboratory_id: str) -> frozenset[tuple[str, str]]:
    """Analyzer and item of every rejected run that nobody has dealt with."""
    statement = select(QcRun.analyzer, QcRun.item).where(
        QcRun.laboratory_id == laboratory_id, QcRun.state == "rejected"
    )
    return frozenset((analyzer, item) for analyzer, item in await session.execute(statement))


async def lot_named(session: Session, laboratory_id: str, lot: str) -> QcLot | None:
    statement = select(QcLot).where(QcLot.laboratory_id == laboratory_id, QcLot.lot == lot)
    return (await session.scalars(statement)).one_or_none()


async def lot_of(session: Session, laboratory_id: str, lot_id: str) -> QcLot:
    """Raises NotFound."""
    statement = select(QcLot).where(QcLot.laboratory_id == laboratory_id, QcLot.lot_id == lot_id)
    lot = (await session.scalars(statement)).one_or_none()
    if lot is None:
        raise NotFound
    return lot


async def lots(session: Session, laboratory_id: str, *, limit: int, after: str | None) -> list[QcLot]:
    statement = select(QcLot).where(QcLot.laboratory_id == laboratory_id)
    if after is not None:
        statement = statement.where(QcLot.lot_id < after)
    return list(await session.scalars(statement.order_by(QcLot.lot_id.desc()).limit(at_most(limit))))


async def levels_of(session: Session, lot_id: str) -> list[QcLevel]:
    statement = select(QcLevel).where(QcLevel.lot_id == lot_id).order_by(QcLevel.level)
    return list(await session.scalars(statement))


async def add_level(session: Session, lot_id: str, level: str, name: str) -> None:
    statement = insert(QcLevel).values(lot_id=lot_id, level=level, name=name)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["lot_id", "level"], set_={"name": statement.excluded.name})
    )


async def target_of(session: Session, lot_id: str, level: str, analyzer: str, item: str) -> QcTarget | None:
    """The one that holds now."""
    statement = select(QcTarget).where(
        QcTarget.lot_id == lot_id, QcTarget.level == level, QcTarget.analyzer == analyzer, QcTarget.item == item
    )
    return (await session.scalars(statement.order_by(QcTarget.id.desc()).limit(1))).one_or_none()


async def targets_of(session: Session, lot_id: str) -> list[QcTarget]:
    statement = select(QcTarget).where(QcTarget.lot_id == lot_id).order_by(QcTarget.id)
    return list(await session.scalars(statement.limit(at_most(2000))))


async def places_of(session: Session, message_id: str) -> set[tuple[int, int]]:
    statement = select(QcPoint.group_number, QcPoint.line_number).where(QcPoint.message_id == message_id)
    return {(group, line) for group, line in await session.execute(statement)}


async def run_for(
    session: Session,
    laboratory_id: str,
    analyzer: str,
    item: str,
    lot_id: str,
    level: str,
    at: datetime,
    span: timedelta,
) -> QcRun | None:
    """The run of that hour which has no value of the level yet."""
    has_level = select(QcPoint.run_id).where(QcPoint.level == level)
    statement = (
        select(QcRun)
        .where(
            QcRun.laboratory_id == laboratory_id,
            QcRun.analyzer == analyzer,
            QcRun.item == item,
            QcRun.lot_id == lot_id,
            QcRun.state != "resolved",
            QcRun.measured_at.between(at - span, at + span),
            QcRun.run_id.not_in(has_level),
        )
        .order_by(QcRun.run_id.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


async def restarts_next(session: Session, laboratory_id: str, analyzer: str, item: str) -> bool:
    """Whether what was done about the last run made another process."""
    last = (
        select(QcRun.run_id)
        .where(QcRun.laboratory_id == laboratory_id, QcRun.analyzer == analyzer, QcRun.item == item)
        .order_by(QcRun.run_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = await session.scalars(select(QcAction.id).where(QcAction.run_id == last, QcAction.restarts))
    return found.first() is not None


async def history(
    session: Session, laboratory_id: str, analyzer: str, item: str, lot_id: str
) -> list[tuple[QcRun, list[QcPoint]]]:
    """The latest runs, the oldest first."""
    statement = (
        select(QcRun)
        .where(
            QcRun.laboratory_id == laboratory_id,
            QcRun.analyzer == analyzer,
            QcRun.item == item,
            QcRun.lot_id == lot_id,
        )
        .order_by(QcRun.measured_at.desc(), QcRun.run_id.desc())
        .limit(at_most(_HISTORY))
    )
    runs = list(await session.scalars(statement))[::-1]
    points = await points_of(session, [run.run_id for run in runs])
    return [(run, points.get(run.run_id, [])) for run in runs]


async def points_of(session: Session, run_ids: list[str]) -> dict[str, list[QcPoint]]:
    found: dict[str, list[QcPoint]] = {}
    statement = select(QcPoint).where(QcPoint.run_id.in_(run_ids)).order_by(QcPoint.level, QcPoint.id)
    for point in await session.scalars(statement):
        found.setdefault(point.run_id, []).append(point)
    return found


async def runs(
    session: Session,
    laboratory_id: str,
    *,
    limit: int,
    state: str | None = None,
    analyzer: str | None = None,
    item: str | None = None,
    after: str | None = None,
) -> list[QcRun]:
    """The newest first."""
    statement = select(QcRun).where(QcRun.laboratory_id == laboratory_id)
    wanted = ((QcRun.state, state), (QcRun.analyzer, analyzer), (QcRun.item, item))
    for column, value in wanted:
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(QcRun.run_id < after)
    return list(await session.scalars(statement.order_by(QcRun.run_id.desc()).limit(at_most(limit))))


async def runs_of_message(session: Session, message_id: str) -> list[QcRun]:
    found = select(QcPoint.run_id).where(QcPoint.message_id == message_id)
    return list(await session.scalars(select(QcRun).where(QcRun.run_id.in_(found)).order_by(QcRun.run_id)))


async def lock_rejected_until(session: Session, run: QcRun) -> list[QcRun]:
    """The run itself and what was rejected before it on its analyzer and item, the oldest first."""
    statement = select(QcRun).where(
        QcRun.laboratory_id == run.laboratory_id,
        QcRun.analyzer == run.analyzer,
        QcRun.item == run.item,
        QcRun.state == "rejected",
        QcRun.measured_at <= run.measured_at,
    )
    return list(await session.scalars(statement.order_by(QcRun.run_id).with_for_update()))


async def latest_of(session: Session, laboratory_id: str, at: datetime, within: timedelta) -> list[QcRun]:
    """The last run before ``at`` of each analyzer and item that had one within the span."""
    statement = (
        select(QcRun)
        .ext(distinct_on(QcRun.analyzer, QcRun.item))
        .where(QcRun.laboratory_id == laboratory_id, QcRun.measured_at <= at, QcRun.measured_at > at - within)
        .order_by(QcRun.analyzer, QcRun.item, QcRun.measured_at.desc(), QcRun.run_id.desc())
    )
    return list(await session.scalars(statement))


async def charted(session: Session, lot_id: str, analyzer: str, item: str, limit: int) -> list[tuple[QcPoint, QcRun]]:
    """The last points of every level, the oldest first."""
    statement = (
        select(QcPoint, QcRun)
        .join(QcRun, QcRun.run_id == QcPoint.run_id)
        .where(QcRun.lot_id == lot_id, QcRun.analyzer == analyzer, QcRun.item == item)
        .order_by(QcPoint.measured_at.desc(), QcPoint.id.desc())
        .limit(at_most(limit))
    )
    return [(point, run) for point, run in await session.execute(statement)][::-1]


async def run_of(session: Session, laboratory_id: str, run_id: str) -> QcRun:
    """Raises NotFound."""
    statement = select(QcRun).where(QcRun.run_id == run_id, QcRun.laboratory_id == laboratory_id)
    run = (await session.scalars(statement)).one_or_none()
    if run is None:
        raise NotFound
    return run


async def lock_run(session: Session, laboratory_id: str, run_id: str) -> QcRun | None:
    statement = select(QcRun).where(QcRun.run_id == run_id, QcRun.laboratory_id == laboratory_id)
    return (await session.scalars(statement.with_for_update())).one_or_none()


async def actions_of(session: Session, run_ids: list[str]) -> dict[str, list[QcAction]]:
    found: dict[str, list[QcAction]] = {}
    for action in await session.scalars(select(QcAction).where(QcAction.run_id.in_(run_ids)).order_by(QcAction.id)):
        found.setdefault(action.run_id, []).append(action)
    return found


async def forget_unknown_controls(session: Session, laboratory_id: str) -> list[str]:
    """Controls whose lot or target was not known are looked at again; returns their messages."""
    statement = (
        delete(Orphan)
        .where(Orphan.laboratory_id == laboratory_id, Orphan.state == "open", Orphan.reason == "control_unknown")
        .returning(Orphan.message_id)
    )
    return sorted(set(await session.scalars(statement)))


async def put_eqa(session: Session, values: dict[str, Any]) -> None:
    statement = insert(EqaResult).values(**values)
    changed = ("value", "target", "verdict", "valid_from", "valid_to", "entered_by")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["laboratory_id", "scheme", "round", "item"],
            set_={**{name: statement.excluded[name] for name in changed}, "entered_at": func.clock_timestamp()},
        )
    )


async def eqa_page(
    session: Session, laboratory_id: str, *, item: str | None, limit: int, after: str | None
) -> list[EqaResult]:
    """The newest entry first."""
    statement = select(EqaResult).where(EqaResult.laboratory_id == laboratory_id)
    if item is not None:
        statement = statement.where(EqaResult.item == item)
    if after is not None:
        statement = statement.where(EqaResult.eqa_id < after)
    return list(await session.scalars(statement.order_by(EqaResult.eqa_id.desc()).limit(at_most(limit))))


async def eqa_round(session: Session, laboratory_id: str, scheme: str, round_: str, item: str) -> EqaResult:
    """The row that stands for it now."""
    statement = select(EqaResult).where(
        EqaResult.laboratory_id == laboratory_id,
        EqaResult.scheme == scheme,
        EqaResult.round == round_,
        EqaResult.item == item,
    )
    return (await session.execute(statement, execution_options={"populate_existing": True})).scalar_one()


async def eqa_of(session: Session, laboratory_id: str, items: list[str] | None = None) -> list[EqaResult]:
    statement = select(EqaResult).where(EqaResult.laboratory_id == laboratory_id)
    if items is not None:
        statement = statement.where(EqaResult.item.in_(items))
    return list(await session.scalars(statement.order_by(EqaResult.item, EqaResult.valid_from).limit(at_most(5000))))

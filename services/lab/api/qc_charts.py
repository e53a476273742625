"""A Levey-Jennings chart from stored points."""

from services.lab.api.qc_shapes import ChartedPoint, LevelChart, LeveyJennings, ShownStatistics
from services.lab.models import QcLevel, QcLot, QcPoint, QcRun, QcTarget
from services.lab.queries import quality_control
from services.lab.rules.levey_jennings import Target, cumulative
from shared.db import Session


async def chart_of(
    session: Session, laboratory_id: str, analyzer: str, item: str, lot: str, limit: int
) -> LeveyJennings:
    """Levels that have a target. Raises NotFound for the lot."""
    row = await quality_control.lot_named(session, laboratory_id, lot)
    row = row or await quality_control.lot_of(session, laboratory_id, lot)
    charted = await quality_control.charted(session, row.lot_id, analyzer, item, limit)
    levels = []
    for level in await quality_control.levels_of(session, row.lot_id):
        target = await quality_control.target_of(session, row.lot_id, level.level, analyzer, item)
        if target is not None:
            levels.append(_level(level, target, [pair for pair in charted if pair[0].level == level.level]))
    return _chart(row, analyzer, item, levels)


def _chart(lot: QcLot, analyzer: str, item: str, levels: list[LevelChart]) -> LeveyJennings:
    return LeveyJennings(analyzer=analyzer, item=item, lot_id=lot.lot_id, lot=lot.lot, levels=levels)


def _level(level: QcLevel, row: QcTarget, charted: list[tuple[QcPoint, QcRun]]) -> LevelChart:
    target = Target(row.mean, row.sd)
    found = cumulative([point.value for point, run in charted if run.state in ("accepted", "warned")])
    return LevelChart(
        level=level.level,
        name=level.name,
        mean=row.mean,
        sd=row.sd,
        unit=row.unit,
        limits=[target.limit(sds) for sds in range(-3, 4)],
        points=[
            ChartedPoint(run_id=run.run_id, at=point.measured_at, value=point.value, z=point.z, state=run.state)
            for point, run in charted
        ],
        in_control=found
        and ShownStatistics(
            n=found.n,
            mean=round(found.mean, 6),
            sd=None if found.sd is None else round(found.sd, 6),
            cv_percent=None if found.cv_percent is None else round(found.cv_percent, 2),
        ),
    )

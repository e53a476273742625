"""Quality control as the routes take and answer it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from services.lab.intake.quality_control import Done
from services.lab.models import QcAction, QcLevel, QcLot, QcPoint, QcRun, QcTarget
from shared.events.part import Part
from shared.reading.schemas.requests import Reason

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Amount = Annotated[Decimal, Field(ge=-1_000_000_000, le=1_000_000_000, max_digits=20, decimal_places=9)]
Spread = Annotated[Decimal, Field(gt=0, le=1_000_000_000, max_digits=20, decimal_places=9)]


class LevelBody(Part):
    level: Word = Field(description="as the analyzer names it")
    name: Word = Field(description="as people do: 低值, 高值")


class LotBody(Part):
    lot: Word
    material: Word
    expires_on: date | None = None
    levels: list[LevelBody] = Field(min_length=1, max_length=6)


class TargetKey(Part):
    level: Word
    analyzer: Word
    item: Word


class TargetBody(TargetKey):
    """In the item's unit."""

    mean: Amount
    sd: Spread


class TypedPoint(Part):
    level: Word
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]


class RunBody(Part):
    entry_id: Word = Field(description="the client's own: the same entry sent twice is stored once")
    lot_id: Word
    analyzer: Word
    item: Word
    measured_at: AwareDatetime | None = None
    points: list[TypedPoint] = Field(min_length=1, max_length=6)

    @model_validator(mode="after")
    def _each_level_once(self) -> "RunBody":
        if len({point.level for point in self.points}) != len(self.points):
            raise ValueError("one value a level")
        return self


class ResolveBody(Part):
    action: Done
    comment: Reason = Field(description="what was found and done")


class ShownTarget(BaseModel):
    level: str
    analyzer: str
    item: str
    mean: Decimal
    sd: Decimal
    unit: str
    set_by: str
    set_at: datetime


class ShownLot(BaseModel):
    lot_id: str
    lot: str
    material: str
    expires_on: date | None
    closed_at: datetime | None
    levels: list[LevelBody]


class LotAnswer(ShownLot):
    targets: list[ShownTarget] = Field(description="those that hold now")


class ShownLots(BaseModel):
    lots: list[ShownLot]
    next_cursor: str | None


class EstablishedTarget(ShownTarget):
    points: int
    cv_percent: Decimal | None


class ShownPoint(BaseModel):
    level: str
    value: Decimal
    unit: str
    z: Decimal
    measured_at: datetime


class ShownAction(BaseModel):
    action: str
    comment: str
    restarts: bool = Field(description="runs before it no longer count")
    by: str
    at: datetime


class ShownRun(BaseModel):
    run_id: str
    analyzer: str
    item: str
    lot_id: str
    measured_at: datetime
    state: str = Field(description="accepted, warned, rejected, resolved")
    restarts: bool
    violations: list[dict[str, Any]] = Field(description="rule, reach, points, is_warning")
    points: list[ShownPoint]
    actions: list[ShownAction]


class ShownRuns(BaseModel):
    runs: list[ShownRun]
    next_cursor: str | None


class ChartedPoint(BaseModel):
    run_id: str
    at: datetime
    value: Decimal
    z: Decimal
    state: str


class ShownStatistics(BaseModel):
    n: int
    mean: Decimal
    sd: Decimal | None
    cv_percent: Decimal | None


class LevelChart(BaseModel):
    level: str
    name: str
    mean: Decimal
    sd: Decimal
    unit: str
    limits: list[Decimal] = Field(description="−3 SD … +3 SD, seven lines")
    points: list[ChartedPoint] = Field(description="the oldest first; z with the target of their time")
    in_control: ShownStatistics | None = Field(description="of these points, without rejected runs")


class LeveyJennings(BaseModel):
    analyzer: str
    item: str
    lot_id: str
    lot: str
    levels: list[LevelChart]


class Block(BaseModel):
    analyzer: str
    item: str
    since: datetime
    runs: list[ShownRun] = Field(description="rejected and not dealt with, the oldest first")


class ShownBlocks(BaseModel):
    blocks: list[Block]


def show_lot(lot: QcLot, levels: list[QcLevel]) -> ShownLot:
    return ShownLot(
        lot_id=lot.lot_id,
        lot=lot.lot,
        material=lot.material,
        expires_on=lot.expires_on,
        closed_at=lot.closed_at,
        levels=[LevelBody(level=each.level, name=each.name) for each in levels],
    )


def show_target(row: QcTarget) -> ShownTarget:
    return ShownTarget(
        level=row.level,
        analyzer=row.analyzer,
        item=row.item,
        mean=row.mean,
        sd=row.sd,
        unit=row.unit,
        set_by=row.set_by,
        set_at=row.set_at,
    )


def show_run(run: QcRun, points: list[QcPoint], actions: list[QcAction]) -> ShownRun:
    return ShownRun(
        run_id=run.run_id,
        analyzer=run.analyzer,
        item=run.item,
        lot_id=run.lot_id,
        measured_at=run.measured_at,
        state=run.state,
        restarts=run.restarts,
        violations=run.violations,
        points=[
            ShownPoint(level=each.level, value=each.value, unit=each.unit, z=each.z, measured_at=each.measured_at)
            for each in points
        ],
        actions=[
            ShownAction(
                action=each.action, comment=each.comment, restarts=each.restarts, by=each.account_name, at=each.at
            )
            for each in actions
        ],
    )

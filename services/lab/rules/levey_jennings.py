"""Levey-Jennings chart: the points in SDs of the target, its limits, and the laboratory's own cumulative statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import mean, stdev

_FARTHEST = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Target:
    """Mean and SD of one level of a control lot on one analyzer, in the item's unit; ``sd`` > 0 (ValueError)."""

    mean: Decimal
    sd: Decimal

    def __post_init__(self) -> None:
        if not self.sd > 0:
            raise ValueError("the SD of a control must be above 0")

    def z(self, value: Decimal) -> Decimal:
        """To three decimals: charts and rules see the same number. Nobody needs to know how far beyond 10,000 SD."""
        return min(max((value - self.mean) / self.sd, -_FARTHEST), _FARTHEST).quantize(Decimal("0.001"))

    def limit(self, sds: int) -> Decimal:
        return self.mean + sds * self.sd


@dataclass(frozen=True, slots=True)
class ChartPoint:
    run_id: str
    at: datetime
    value: Decimal
    z: Decimal


@dataclass(frozen=True, slots=True)
class Chart:
    """``limits``: −3 SD … +3 SD with the mean in the middle, seven lines."""

    target: Target
    points: tuple[ChartPoint, ...]
    limits: tuple[Decimal, ...]


def chart(target: Target, values: Sequence[tuple[str, datetime, Decimal]]) -> Chart:
    """``values``: run, time, measured value; drawn in order of time."""
    ordered = sorted(values, key=lambda one: one[1])
    points = tuple(ChartPoint(run_id, at, value, target.z(value)) for run_id, at, value in ordered)
    return Chart(target, points, tuple(target.limit(sds) for sds in range(-3, 4)))


@dataclass(frozen=True, slots=True)
class Cumulative:
    """``sd`` (n − 1) and ``cv_percent`` are None below two values; CV also where the mean is 0."""

    n: int
    mean: Decimal
    sd: Decimal | None
    cv_percent: Decimal | None


def cumulative(values: Sequence[Decimal]) -> Cumulative | None:
    """Of values in control (the caller leaves rejected runs out, WS/T 641-2018). None of nothing."""
    if not values:
        return None
    middle = mean(values)
    if len(values) < 2:
        return Cumulative(1, middle, None, None)
    spread = stdev(values)
    return Cumulative(len(values), middle, spread, spread / abs(middle) * 100 if middle else None)

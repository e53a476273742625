"""The table: what both servers did, their ratio, and whether the aim is met."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FRONT, DIRECT, ORTHANC = "front door", "direct", "Orthanc"


class Better(StrEnum):
    more = "more"
    less = "less"


@dataclass(frozen=True, slots=True)
class Aim:
    """``times``: at least so many times Orthanc's speed. ``most``: no more than this, in the row's own unit."""

    times: float | None = None
    most: float | None = None


_FAR = 100  # beyond it digits say nothing
NO_AIM = Aim()
NO_SLOWER = Aim(times=1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """``values`` of each side by its name, one a round; medians are compared. ``aim`` is for the front door."""

    name: str
    unit: str
    values: dict[str, list[float]]
    better: Better = Better.more
    aim: Aim = NO_AIM
    note: str = ""

    def median(self, side: str) -> float | None:
        return statistics.median(self.values[side]) if self.values.get(side) else None

    def times(self, side: str) -> float | None:
        """How many times as fast as Orthanc a side of ours was: above 1 is faster, whichever way the unit counts."""
        ours, theirs = self.median(side), self.median(ORTHANC)
        if not ours or not theirs:
            return None
        return ours / theirs if self.better is Better.more else theirs / ours

    def summary(self) -> str:
        """Every round of every side, for whoever watches."""
        return "; ".join(f"{side} {' '.join(f'{n:.4g}' for n in values)}" for side, values in self.values.items())

    def is_met(self) -> bool | None:
        """None where nothing is aimed at, or nothing could be compared."""
        checks = []
        if self.aim.times is not None and (times := self.times(FRONT)) is not None:
            checks.append(times >= self.aim.times)
        if self.aim.most is not None and (ours := self.median(FRONT)) is not None:
            checks.append(ours <= self.aim.most)
        return all(checks) if checks else None


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| figure | front door | direct | Orthanc | front door, × | direct, × | aim | met |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        measured = [_value(row.median(side), row.unit) for side in (FRONT, DIRECT, ORTHANC)]
        ratios = [_ratio(row.times(side)) for side in (FRONT, DIRECT)]
        met = {True: "yes", False: "**no**", None: ""}[row.is_met()]
        note = f" ({row.note})" if row.note else ""
        lines.append(f"| {row.name}{note} | {' | '.join(measured + ratios)} | {_aim(row)} | {met} |")
    return "\n".join(lines)


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def _ratio(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value < _FAR else f"> {_FAR}"


def _aim(row: Row) -> str:
    words = []
    if row.aim.times is not None:
        words.append("no slower" if row.aim.times == 1 else f"≥ {row.aim.times:g} ×")
    if row.aim.most is not None:
        words.append(f"≤ {row.aim.most:g} {row.unit}")
    return ", ".join(words)

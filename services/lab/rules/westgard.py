"""Westgard multirule: whether the latest run of controls may carry patients' values.

Definitions: Westgard et al., Clin Chem 1981;27:493; limits are strict (2.0 SD exactly is inside). 2-2s holds for two
consecutive runs of one level, or two levels of one run; R-4s within one run only: levels on two days that lie 4 SD
apart are no random error of either day. 4-1s and n-x run along each level, and along all levels in order.

A rejected run does not enter later windows: its patients were not reported, and its points come from a process that was
then changed (CLSI C24: values of a run out of control with its cause known are kept, marked, and not used). The window
goes on with the runs before it. Starting it anew after each rejection would let a control be repeated until it passes
(+2.1, then +2.2 rejected by 2-2s, then +2.3 "the first one"); so only a person does that, by ``Run.restarts``, when a
calibration or a new lot has made another process of it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice, pairwise


class Outcome(StrEnum):
    accept = "accept"
    warning = "warning"
    reject = "reject"


class Reach(StrEnum):
    within_run = "within_run"
    within_level = "within_level"
    across_levels = "across_levels"


@dataclass(frozen=True, slots=True)
class Point:
    """``z``: distance from the target mean in target SDs."""

    level: str
    z: Decimal


@dataclass(frozen=True, slots=True)
class Run:
    """``restarts``: calibration, new reagent or control lot before it; earlier runs no longer count."""

    run_id: str
    at: datetime
    analyzer: str
    item: str
    points: tuple[Point, ...]
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A point of a rule that was hit."""

    run_id: str
    level: str
    z: Decimal


@dataclass(frozen=True, slots=True)
class Hit:
    """``rule``: 1-2s, 1-3s, 2-2s, R-4s, 4-1s, 10-x …; ``points`` oldest first."""

    rule: str
    reach: Reach
    points: tuple[Named, ...]
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    run_id: str
    outcome: Outcome
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Streak:
    """``count`` of the last ``among`` beyond ``limit`` SD on one side (limit 0: on one side of the mean)."""

    name: str
    count: int
    limit: Decimal
    among: int
    within_run: bool = False
    across: bool = True


@dataclass(frozen=True, slots=True)
class Multirule:
    """1-2s, 1-3s and R-4s always; the streaks by the number of levels. ``rejected_count``: see the module."""

    streaks: tuple[Streak, ...]
    rejected_count: bool = False

    def counting_rejected(self) -> "Multirule":
        return replace(self, rejected_count=True)


def _streak(name: str, count: int, limit: int, among: int = 0, *, within_run: bool = False) -> Streak:
    # 2-2s across levels is asked within the run alone: level 2 of yesterday and level 1 of today are not consecutive.
    return Streak(name, count, Decimal(limit), among or count, within_run=within_run, across=not within_run)


CLASSIC = Multirule((_streak("2-2s", 2, 2, within_run=True), _streak("4-1s", 4, 1), _streak("10-x", 10, 0)))
"""One or two levels; also the default for three."""
FOUR_LEVELS_8X = Multirule((*CLASSIC.streaks[:2], _streak("8-x", 8, 0)))
FOUR_LEVELS_12X = Multirule((*CLASSIC.streaks[:2], _streak("12-x", 12, 0)))
THREE_LEVELS_6X = Multirule((_streak("2of3-2s", 2, 2, 3, within_run=True), _streak("3-1s", 3, 1), _streak("6-x", 6, 0)))
THREE_LEVELS_9X = Multirule((*THREE_LEVELS_6X.streaks[:2], _streak("9-x", 9, 0)))

_TWO, _THREE = Decimal(2), Decimal(3)


def evaluate(runs: Sequence[Run], levels: Sequence[str], rules: Multirule = CLASSIC) -> Verdict:
    """The verdict on the last of ``runs``, which are of one analyzer and item, oldest first, with their whole history
    since the last restart: earlier verdicts decide which of them count.

    ``levels`` in the order they are measured. Raises ValueError for no run, mixed or disordered runs, a level that is
    not among ``levels`` or comes twice in a run.
    """
    return evaluate_all(runs, levels, rules)[-1]


def evaluate_all(runs: Sequence[Run], levels: Sequence[str], rules: Multirule = CLASSIC) -> tuple[Verdict, ...]:
    """One verdict a run. Same errors as ``evaluate``."""
    _check(runs, levels)
    verdicts: list[Verdict] = []
    history = _History(max(streak.among for streak in rules.streaks))
    for run in runs:
        if run.restarts:
            history = _History(history.length)
        by_level = {point.level: point for point in run.points}
        latest = [Named(run.run_id, level, by_level[level].z) for level in levels if level in by_level]
        hits = (*_single(latest), *_range(latest), *_streaks(history, latest, len(levels), rules.streaks))
        outcome = _outcome(hits)
        verdicts.append(Verdict(run.run_id, outcome, hits))
        if outcome is not Outcome.reject or rules.rejected_count:
            history.add(latest)
    return tuple(verdicts)


class _History:
    """The last points that count, of each level and of all levels in the order they were measured."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._all: deque[Named] = deque(maxlen=length)
        self._of: dict[str, deque[Named]] = {}

    def add(self, points: Sequence[Named]) -> None:
        self._all.extend(points)
        for point in points:
            self._of.setdefault(point.level, deque(maxlen=self.length)).append(point)

    def of(self, level: str) -> list[Named]:
        return list(self._of.get(level, ()))

    def all(self) -> list[Named]:
        return list(self._all)


def _check(runs: Sequence[Run], levels: Sequence[str]) -> None:
    if not runs:
        raise ValueError("no run to judge")
    if len({(run.analyzer, run.item) for run in runs}) > 1:
        raise ValueError("runs of several analyzers or items")
    if any(later.at < earlier.at for earlier, later in pairwise(runs)):
        raise ValueError("runs are not in order of time")
    for run in runs:
        named = [point.level for point in run.points]
        if not named or len(set(named)) != len(named) or not set(named) <= set(levels):
            raise ValueError(f"run {run.run_id}: its levels are not once each of {', '.join(levels)}")


def _outcome(hits: Iterable[Hit]) -> Outcome:
    kinds = {hit.is_warning for hit in hits}
    if False in kinds:
        return Outcome.reject
    return Outcome.warning if kinds else Outcome.accept


def _single(latest: Sequence[Named]) -> Iterator[Hit]:
    for point in latest:
        if abs(point.z) > _THREE:
            yield Hit("1-3s", Reach.within_run, (point,))
        elif abs(point.z) > _TWO:
            yield Hit("1-2s", Reach.within_run, (point,), is_warning=True)


def _range(latest: Sequence[Named]) -> Iterator[Hit]:
    high = [point for point in latest if point.z > _TWO]
    low = [point for point in latest if point.z < -_TWO]
    if high and low:
        yield Hit("R-4s", Reach.within_run, (max(high, key=_z), min(low, key=_z)))


def _streaks(history: _History, latest: Sequence[Named], level_count: int, streaks: Sequence[Streak]) -> Iterator[Hit]:
    for streak in streaks:
        if streak.within_run:
            yield from _in_run(streak, latest)
        for point in latest:
            yield from _at_the_end(streak, [*history.of(point.level), point], Reach.within_level)
        if streak.across and level_count > 1:
            # Consecutive points may end before the last level of this run; one hit a rule is enough.
            ends = (
                _at_the_end(streak, [*history.all(), *latest[:end]], Reach.across_levels)
                for end in range(1, len(latest) + 1)
            )
            yield from islice(chain.from_iterable(ends), 1)


def _in_run(streak: Streak, latest: Sequence[Named]) -> Iterator[Hit]:
    for side in (1, -1):
        beyond = tuple(point for point in latest if point.z * side > streak.limit)
        if len(beyond) >= streak.count:
            yield Hit(streak.name, Reach.within_run, beyond)


def _at_the_end(streak: Streak, stream: Sequence[Named], reach: Reach) -> Iterator[Hit]:
    """The last ``among`` of the stream; the newest is one of those beyond, else the hit was the run before's."""
    window = stream[-streak.among :]
    for side in (1, -1):
        beyond = tuple(point for point in window if point.z * side > streak.limit)
        if len(beyond) >= streak.count and beyond[-1] is window[-1]:
            yield Hit(streak.name, reach, beyond)


def _z(point: Named) -> Decimal:
    return point.z

"""Our answers beside the cardiologists' and the carts': differences, and detections as F1."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.ecg_validation.carts import FromCart
from bench.ecg_validation.ludb import Marked, MarkedBeat
from services.ecg.rules.facts import Analysis
from services.ecg.rules.measure.analyse import analyse

R_TOLERANCE_MS = P_TOLERANCE_MS = 150.0
Interval = Literal["pr_ms", "qrs_ms", "qt_ms"]
INTERVALS: tuple[Interval, ...] = ("pr_ms", "qrs_ms", "qt_ms")


@dataclass(frozen=True, slots=True)
class Analysed:
    """A record of LUDB with our analysis; ``seconds``: the best of three runs."""

    marked: Marked
    analysis: Analysis
    seconds: float

    @property
    def tunes(self) -> bool:
        """The corpus holds odd numbers alone, so every second of those tunes and the others report."""
        return self.marked.number % 4 == 1

    @property
    def r_ms(self) -> np.ndarray:
        return np.array(self.analysis.beats.samples) * 1000 / self.marked.recording.sampling_rate_hz


@dataclass(frozen=True, slots=True)
class Difference:
    """``ours - theirs`` of one record."""

    name: str
    ours: float
    theirs: float

    @property
    def value(self) -> float:
        return self.ours - self.theirs


@dataclass(frozen=True, slots=True)
class Hits:
    """Detections by count."""

    true: int = 0
    missed: int = 0
    invented: int = 0
    where: tuple[str, ...] = ()

    @property
    def f1(self) -> float:
        return 2 * self.true / max(1, 2 * self.true + self.missed + self.invented)

    def plus(self, true: int, missed: int, invented: int, name: str) -> "Hits":
        where = (*self.where, f"{name}: {missed} missed, {invented} invented") if missed or invented else self.where
        return Hits(self.true + true, self.missed + missed, self.invented + invented, where)


def analysed(marked: Marked) -> Analysed:
    best, answer = float("inf"), analyse(marked.recording)
    for _ in range(3):
        start = time.perf_counter()
        answer = analyse(marked.recording)
        best = min(best, time.perf_counter() - start)
    return Analysed(marked, answer, best)


def intervals(records: Sequence[Analysed], name: Interval) -> list[Difference]:
    """Records in which both have the interval."""
    return [
        Difference(str(record.marked.number), ours, theirs)
        for record in records
        if (ours := getattr(record.analysis.measurements, name)) is not None
        and (theirs := record.marked.reference(name)) is not None
    ]


def rates(records: Sequence[Analysed]) -> list[Difference]:
    """Beats/min over the marked stretch: from our beats inside it, and from the marks."""
    answers = []
    for record in records:
        theirs = [beat.peak_ms for beat in record.marked.beats]
        ours = [at for at in record.r_ms if theirs[0] - R_TOLERANCE_MS <= at <= theirs[-1] + R_TOLERANCE_MS]
        if len(ours) > 1:
            answers.append(Difference(str(record.marked.number), _rate(ours), _rate(theirs)))
    return answers


def _rate(beats_ms: Sequence[float]) -> float:
    return 60_000 * (len(beats_ms) - 1) / (beats_ms[-1] - beats_ms[0])


def r_peaks(records: Sequence[Analysed]) -> Hits:
    """Against beats that at least six leads mark. LUDB leaves the first and last cycles unmarked: not counted."""
    hits = Hits()
    for record in records:
        marks = np.array([beat.peak_ms for beat in record.marked.beats])
        ours = record.r_ms
        ours = ours[(ours > marks[0] - R_TOLERANCE_MS) & (ours < marks[-1] + R_TOLERANCE_MS)]
        true = sum(bool((np.abs(ours - mark) <= R_TOLERANCE_MS).any()) for mark in marks)
        hits = hits.plus(true, len(marks) - true, len(ours) - true, _name(record))
    return hits


def p_onsets(records: Sequence[Analysed]) -> Hits:
    """Beat by beat: where the record has P, every dominant beat has its onset at the median beat's distance. The first
    marked beat is left out, because its P lies before the marked stretch."""
    hits = Hits()
    for record in records:
        true = missed = invented = 0
        for beat in record.marked.beats[1:]:
            ours = _our_p_onset(record, beat)
            if beat.p_on_ms is None:
                invented += ours is not None
            elif ours is not None and abs(ours - beat.p_on_ms) <= P_TOLERANCE_MS:
                true += 1
            else:
                missed += 1
                invented += ours is not None
        hits = hits.plus(true, missed, invented, _name(record))
    return hits


def _our_p_onset(record: Analysed, beat: MarkedBeat) -> float | None:
    median, beats = record.analysis.median, record.analysis.beats
    if median is None or median.marks.p_on_ms is None:
        return None
    away = np.abs(record.r_ms - beat.peak_ms)
    nearest = int(np.argmin(away))
    if away[nearest] > R_TOLERANCE_MS or beats.kinds[nearest] != 0:
        return None
    return float(record.r_ms[nearest]) - median.marks.r_ms + median.marks.p_on_ms


def _name(record: Analysed) -> str:
    return f"{record.marked.number} ({record.marked.rhythm})"


@dataclass(frozen=True, slots=True)
class PDecisions:
    """Records by the rhythm word of the header: with P, without, undecided."""

    with_p: tuple[int, ...]
    without: tuple[int, ...]
    undecided: tuple[int, ...]


def p_decisions(records: Sequence[Analysed], belongs: Callable[[Marked], bool]) -> PDecisions:
    def numbers(answer: bool | None) -> tuple[int, ...]:
        return tuple(r.marked.number for r in records if belongs(r.marked) and r.analysis.measurements.has_p is answer)

    return PDecisions(numbers(True), numbers(False), numbers(None))


@dataclass(frozen=True, slots=True)
class BesideCart:
    """One recording: the cart's numbers and ours, by field of CartMeasurements."""

    name: str
    maker: str
    numbers: dict[str, tuple[float | None, float | None]]


_FROM_CART = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg")


def beside_cart(found: FromCart) -> BesideCart:
    ours, cart = analyse(found.recording).measurements, found.recording.cart
    numbers = {field: (getattr(cart, field), getattr(ours, field)) for field in _FROM_CART}
    return BesideCart(found.name, found.recording.device.manufacturer, numbers)

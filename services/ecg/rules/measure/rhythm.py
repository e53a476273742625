"""RR intervals, pauses, ectopic beats and runs of wide ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from services.ecg.rules.measure.signal import RATE_HZ, Samples, Signal

PAUSE_MS = 2000.0
WIDE_MS = 120.0
_PREMATURE = 0.88
_SILENT = 0.25
"""Of a beat's activity: a gap busier than that is noise, not a pause."""
_MS = 1000 / RATE_HZ


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Milliseconds; ``rr_ms`` only where both beats and all between them were recorded."""

    rr_ms: tuple[float, ...]
    pauses_ms: tuple[float, ...]
    ectopic_count: int
    wide_beat_count: int
    longest_wide_run: int
    wide_run_rate_bpm: float | None

    @property
    def irregularity(self) -> float | None:
        if len(self.rr_ms) < 3:
            return None
        return float(np.median(np.abs(np.diff(self.rr_ms))) / np.median(self.rr_ms))


def read_rhythm(
    signal: Signal, activity: Samples, peaks: Sequence[int], kinds: Sequence[int], wide_kinds: set[int]
) -> Rhythm:
    """``activity``: peaks.vote, about 1 at a beat."""
    covered = signal.present[list(signal.independent)].mean(axis=0) >= 0.5
    recorded = [bool(covered[a:b].all()) for a, b in pairwise(peaks)]
    gaps = np.diff(peaks) * _MS
    rr = tuple(float(gap) for gap, whole in zip(gaps, recorded, strict=True) if whole)
    stretches = [pair for pair, whole in zip(pairwise(peaks), recorded, strict=True) if whole]
    if peaks:
        stretches = [(0, peaks[0]), *stretches, (peaks[-1], signal.length - 1)]
    pauses = [(b - a) * _MS for a, b in stretches if (b - a) * _MS >= PAUSE_MS and _silent(activity, covered, a, b)]
    wide = [kind in wide_kinds for kind in kinds]
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    ectopic = sum(
        kind != 0 and (is_wide != (0 in wide_kinds) or (number > 0 and gaps[number - 1] < _PREMATURE * usual))
        for number, (kind, is_wide) in enumerate(zip(kinds, wide, strict=True))
    )
    start, length = _longest_run(wide)
    rate = 60_000 / float(np.mean(gaps[start : start + length - 1])) if length >= 3 else None
    return Rhythm(rr, tuple(pauses), ectopic, sum(wide), length, rate)


def _silent(activity: Samples, covered: Samples, left: int, right: int) -> bool:
    margin = round(0.15 * RATE_HZ)
    inside = slice(min(left + margin, right), max(right - margin, left))
    return bool(covered[inside].all()) and float(np.median(activity[inside])) < _SILENT


def _longest_run(wide: Sequence[bool]) -> tuple[int, int]:
    best, start = (0, 0), 0
    for number, is_wide in enumerate(wide):
        if not is_wide:
            start = number + 1
        elif number + 1 - start > best[1]:
            best = (start, number + 1 - start)
    return best

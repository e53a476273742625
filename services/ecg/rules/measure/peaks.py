"""R peaks of all leads at once.

Each lead's slope is scaled by that lead's own QRS level, and the leads vote by their middle values: noise in one or two
leads neither makes a beat nor hides one. What is found must stand out of its surroundings, else there are no beats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from services.ecg.rules.measure.signal import RATE_HZ, Samples, Signal

NDArrayInt = NDArray[np.intp]

_WINDOW = round(0.08 * RATE_HZ)
_REFRACTORY = round(0.2 * RATE_HZ)
_T_ZONE = round(0.36 * RATE_HZ)
_MIN_REGULAR = 6
_THRESHOLD = 0.35  # LUDB: what is no beat stays below 0.3 (but for missed pacing spikes), wide ectopic beats reach 0.36
_QRS_LEVEL = 70.0  # per cent of stretches of 1.5 s: a silence of two thirds of the recording hides no beat
MIN_QRS_UV = 90.0
"""Peak to peak in the detection band, in the best lead: below it nothing is called a beat."""
MIN_CONTRAST = 3.0
"""Of activity at the beats over the median activity: fibrillation and noise stay below."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """``samples`` at ``RATE_HZ``, ascending. ``contrast``: activity at the beats over the median activity."""

    samples: tuple[int, ...] = ()
    contrast: float = 0.0

    @property
    def stand_out(self) -> bool:
        return self.contrast >= MIN_CONTRAST


def find_peaks(signal: Signal, activity: Samples) -> Peaks:
    """Empty on asystole and quiet leads. ``activity`` is what ``vote`` answered."""
    candidates = _local_maxima(activity)
    if not len(candidates):
        return Peaks()
    chosen = _above_threshold(activity, candidates)
    chosen = _search_back(activity, candidates, chosen)
    chosen = _without_t_waves(activity, chosen)
    if not len(chosen) or _height_uv(signal, chosen) < MIN_QRS_UV:
        return Peaks()
    contrast = float(np.median(activity[chosen]) / max(float(np.median(activity)), 1e-6))
    return Peaks(tuple(int(peak) for peak in _centred(signal, chosen)), contrast)


def organised(peaks: Peaks, kinds: Sequence[int], likeness: Sequence[float]) -> bool:
    """Whether what was found is beats: it stands out of its surroundings, or it is alike and regular, as a fast
    ventricular tachycardia without pauses between its complexes. Fibrillation and noise are neither."""
    if peaks.stand_out:
        return True
    if len(peaks.samples) < _MIN_REGULAR:
        return False
    rr = np.diff(peaks.samples)
    alike = np.mean([kind == 0 and like >= 0.9 for kind, like in zip(kinds, likeness, strict=True)])
    return bool(alike >= 0.8 and float(np.std(rr)) < 0.1 * float(np.mean(rr)))


def vote(signal: Signal) -> Samples:
    """One trace of QRS activity, about 1 at a beat: the mean of the middle leads' scaled slopes."""
    slope = np.abs(np.gradient(signal.band, axis=1))
    slope = uniform_filter1d(slope, _WINDOW, axis=1)
    tops = maximum_filter1d(slope, round(1.5 * RATE_HZ), axis=1)
    level = np.percentile(tops[:, :: round(RATE_HZ / 10)], _QRS_LEVEL, axis=1, keepdims=True)
    scaled = np.clip(slope / np.maximum(level, 1e-3), 0, 2)
    count = len(scaled)
    if count < 4:
        return np.asarray(scaled.mean(axis=0))
    ordered = np.sort(scaled, axis=0)
    return np.asarray(ordered[count // 4 : count - count // 4].mean(axis=0))


def _local_maxima(activity: Samples) -> NDArrayInt:
    highest = maximum_filter1d(activity, 2 * (_REFRACTORY // 2) + 1)
    found = np.flatnonzero((activity == highest) & (activity > 0.05))
    if len(found) < 2:
        return found
    keep = np.concatenate([[True], np.diff(found) > _REFRACTORY // 2])
    return np.asarray(found[keep])


def _above_threshold(activity: Samples, candidates: NDArrayInt) -> NDArrayInt:
    """Above a share of the usual height of the surroundings: that of the strong maxima within five seconds."""
    heights = activity[candidates]
    limit = np.array([_THRESHOLD * _usual(heights, candidates, at) for at in candidates])
    return candidates[heights >= limit]


def _usual(heights: Samples, candidates: NDArrayInt, at: int) -> float:
    near = heights[np.abs(candidates - at) <= 5 * RATE_HZ]
    strong = near[near >= 0.5 * np.percentile(near, 90)]
    return float(np.median(strong))


def _search_back(activity: Samples, candidates: NDArrayInt, chosen: NDArrayInt) -> NDArrayInt:
    """Where a gap is longer than 1.6 of the usual RR, half the threshold is enough."""
    if len(chosen) < 3:
        return chosen
    usual_rr = float(np.median(np.diff(chosen)))
    usual = float(np.median(activity[chosen]))
    extra = []
    for left, right in pairwise(chosen):
        if right - left > 1.6 * usual_rr:
            inside = candidates[(candidates > left + _T_ZONE) & (candidates < right - _REFRACTORY)]
            extra += [at for at in inside if activity[at] >= 0.22 * usual]
    return np.unique(np.concatenate([chosen, np.array(extra, dtype=chosen.dtype)]))


def _without_t_waves(activity: Samples, chosen: NDArrayInt) -> NDArrayInt:
    """Of two that stand closer than 360 ms the second goes when it is much lower, or both when closer than 200 ms."""
    kept: list[int] = []
    for at in chosen:
        if kept:
            gap, ratio = at - kept[-1], activity[at] / activity[kept[-1]]
            if gap < _REFRACTORY:
                if ratio > 1:
                    kept[-1] = int(at)
                continue
            if gap < _T_ZONE and ratio < 0.6:
                continue
        kept.append(int(at))
    return np.array(kept, dtype=chosen.dtype)


def _height_uv(signal: Signal, chosen: NDArrayInt) -> float:
    spans = [signal.band[:, max(0, at - _WINDOW) : at + _WINDOW] for at in chosen]
    heights = np.array([np.ptp(span, axis=1) for span in spans])
    return float(np.median(heights, axis=0).max())


def _centred(signal: Signal, chosen: NDArrayInt) -> NDArrayInt:
    """Moves each to the largest vector magnitude within 60 ms, where R (or S) is."""
    magnitude = np.sqrt((signal.band**2).sum(axis=0))
    reach = round(0.06 * RATE_HZ)
    moved = []
    for at in chosen:
        left = max(0, at - reach)
        moved.append(left + int(np.argmax(magnitude[left : at + reach + 1])))
    return np.unique(moved)

"""Whether there is a P wave before the QRS, and where.

A P that leads to its QRS comes at the same distance in every beat: what precedes QRS must look alike from beat to beat.
Fibrillation, dissociation and junctional rhythm do not pass. Flutter does (its waves may keep step), so a wave whose
copy runs ahead of it without a pause between is not called P.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from services.ecg.rules.measure.edges import calm_after, calm_before, speed
from services.ecg.rules.measure.qrs import Qrs
from services.ecg.rules.measure.signal import RATE_HZ, Samples

_WINDOW = round(0.26 * RATE_HZ)
_GUARD = round(0.016 * RATE_HZ)
_SIGMA = 4.0
_SIDE = round(0.06 * RATE_HZ)
_FOOT = round(0.016 * RATE_HZ)  # smoothing lifts what stands next to QRS
_ONSET_SHARE, _OFFSET_SHARE = 0.20, 0.30
_HOLD = round(0.016 * RATE_HZ)
_LONGEST_PR = round(0.40 * RATE_HZ)
_MIN_BEATS = 3
ALIKE, UNLIKE = 0.50, 0.35
"""Median correlation of one beat's stretch before QRS with the mean of the others: at least ALIKE is a P, below UNLIKE
there is none. LUDB: fibrillation reaches 0.2, the noisiest sinus record falls to 0.6."""
IRREGULAR, ALIKE_IRREGULAR = 0.15, 0.90
MIN_P_UV = 8.0


@dataclass(frozen=True, slots=True)
class PWave:
    """``has_p`` as in Measurements. ``on`` and ``off``: samples of the median beat, only where ``has_p``."""

    has_p: bool | None
    likeness: float = 0.0
    on: int | None = None
    off: int | None = None


def find_p(windows: Samples, beat: Samples, qrs: Qrs, t_end: int | None, rr: float, irregularity: float) -> PWave:
    """``windows``: shape (beats, leads, samples), ``beat``: their weighted median; ``rr`` in samples."""
    previous_t = (t_end - rr) if t_end is not None else (qrs.off + 0.25 * RATE_HZ - rr)
    first, last = int(max(4, previous_t + 5, qrs.on - _LONGEST_PR)), qrs.on - 4
    if len(windows) < _MIN_BEATS or last - first < round(0.11 * RATE_HZ):
        return PWave(None)
    likeness = _likeness(windows[:, :, max(0, qrs.on - _WINDOW) : qrs.on - _GUARD])
    if likeness < ALIKE:
        return PWave(False if likeness < UNLIKE else None, likeness)
    if _flutters(beat, qrs, first, last):
        return PWave(False, likeness)
    if irregularity > IRREGULAR and likeness < ALIKE_IRREGULAR:
        return PWave(None, likeness)  # coarse fibrillation, or sinus rhythm with many premature beats
    peak, height = _peak(beat, first, last)
    if height < MIN_P_UV:
        return PWave(False, likeness)
    on, off = _edges(beat, first, last, peak)
    return PWave(True, likeness, on, off)


def _likeness(stretch: Samples) -> float:
    smooth: Samples = _without_line(gaussian_filter1d(stretch, 3, axis=2))
    count = len(smooth)
    others = (smooth.sum(axis=0) - smooth) / (count - 1)
    products = np.einsum("blt,blt->b", smooth, others)
    norms = np.sqrt(np.einsum("blt,blt->b", smooth, smooth) * np.einsum("blt,blt->b", others, others))
    return float(np.median(products / np.maximum(norms, 1e-9)))


def _without_line(stretch: Samples) -> Samples:
    at = np.arange(stretch.shape[-1]) - (stretch.shape[-1] - 1) / 2
    slope = (stretch @ at) / (at @ at)
    return np.asarray(stretch - stretch.mean(axis=-1, keepdims=True) - slope[..., None] * at)


def _flutters(beat: Samples, qrs: Qrs, first: int, last: int) -> bool:
    """Never calm between T and QRS, and 150 to 330 ms ahead of the wave stands its like, of its own size."""
    activity = uniform_filter1d(speed(beat, 4.0), round(0.04 * RATE_HZ))[first:last]
    if activity.min() < 0.2 * activity.max():
        return False
    start, length = qrs.on - round(0.18 * RATE_HZ), round(0.13 * RATE_HZ)
    smooth = gaussian_filter1d(beat, 4.0, axis=1)
    wave = smooth[:, start : start + length]
    wave = wave - wave.mean(axis=1, keepdims=True)
    power = float((wave * wave).sum())
    for lag in range(round(0.15 * RATE_HZ), round(0.33 * RATE_HZ)):
        if start - lag < 0:
            break
        ahead = smooth[:, start - lag : start - lag + length]
        ahead = ahead - ahead.mean(axis=1, keepdims=True)
        product = float((wave * ahead).sum())
        alike = product / max(float(np.sqrt(power * (ahead * ahead).sum())), 1e-9)
        if alike > 0.75 and 0.5 < product / max(power, 1e-9) < 1.8:
            return True
    return False


def _peak(beat: Samples, first: int, last: int) -> tuple[int, float]:
    """Sample and height in µV of the largest bump: against both sides 60 ms away, so that a sagging level is none."""
    smooth = gaussian_filter1d(beat, _SIGMA, axis=1)
    at = np.arange(max(first, last - round(0.34 * RATE_HZ)), last - _FOOT)
    sides = smooth[:, np.maximum(at - _SIDE, first)] + smooth[:, np.minimum(at + _SIDE, last - _FOOT)]
    bump = smooth[:, at] - sides / 2
    height = np.sqrt((bump**2).sum(axis=0))
    best = int(np.argmax(height))
    return int(at[best]), float(height[best])


def _edges(beat: Samples, first: int, last: int, peak: int) -> tuple[int, int]:
    trace = speed(beat, _SIGMA)
    calm = float(np.percentile(trace[first:last], 15))
    left = max(first, peak - round(0.12 * RATE_HZ))
    rise = left + int(np.argmax(trace[left : peak + 1]))
    fall = peak + int(np.argmax(trace[peak : min(last, peak + round(0.1 * RATE_HZ)) + 1]))
    on = calm_before(trace, rise, first, calm + _ONSET_SHARE * float(trace[rise]), _HOLD)
    off = calm_after(trace, fall, last, calm + _OFFSET_SHARE * float(trace[fall]), _HOLD)
    return on, off

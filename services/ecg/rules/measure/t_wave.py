"""Global T end on a median beat.

The T wave is what moves last, so the last strong slope of all leads together is its end flank, be it upright,
inverted, biphasic or riding on a displaced ST. In every lead the tangent there meets the level that follows; the late
leads decide.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from services.ecg.rules.measure.median import BEFORE
from services.ecg.rules.measure.qrs import Qrs
from services.ecg.rules.measure.signal import RATE_HZ, Samples

_SIGMA = 4.0
_LONGEST_QT = 0.62  # s at a RR of 1 s, growing with its square root
_USUAL_FLANK = 0.46  # s, likewise
_NEXT_P_S = 0.18
_ST = round(0.05 * RATE_HZ)
_NEAR = round(0.04 * RATE_HZ)
_TAIL = round(0.18 * RATE_HZ)
_LEVEL = round(0.02 * RATE_HZ)
_STRONG = 0.3
_LATE_LEADS = 85.0
_MIN_T_UV = 25.0
TANGENT_TAIL = round(0.018 * RATE_HZ)
"""Samples from the tangent's foot to where cardiologists see T end; calibrated on the tuning half of LUDB."""


def find_t_end(beat: Samples, qrs: Qrs, rr: float) -> int | None:
    """``beat``: the independent leads, weighted. ``rr``: the usual one in samples. None where T cannot be told."""
    first = qrs.off + _ST
    reserve = min(_NEXT_P_S * RATE_HZ, 0.3 * rr)
    last = int(min(beat.shape[1] - 2, qrs.on + _LONGEST_QT * np.sqrt(rr / RATE_HZ) * RATE_HZ, BEFORE + rr - reserve))
    if last - first < 2 * _NEAR:
        return None
    smooth = gaussian_filter1d(beat, _SIGMA, axis=1)
    slopes = gaussian_filter1d(beat, _SIGMA + 2, axis=1, order=1)
    usual = qrs.on + round(_USUAL_FLANK * np.sqrt(rr * RATE_HZ))
    flank = _last_flank(np.sqrt((slopes**2).sum(axis=0)), first, last, usual)
    level = smooth[:, last - _LEVEL : last].mean(axis=1)
    if flank is None or np.abs(smooth[:, first:last] - level[:, None]).max() < _MIN_T_UV:
        return None
    near = slice(max(first, flank - _NEAR), min(last, flank + _NEAR))
    steepest = near.start + np.argmax(np.abs(slopes[:, near]), axis=1)
    leads = np.arange(len(beat))
    slope, height = slopes[leads, steepest], smooth[leads, steepest] - level
    with np.errstate(divide="ignore", invalid="ignore"):
        foot = -height / slope
    clear = (np.abs(slope) >= _STRONG * np.abs(slope).max()) & (foot > 0) & (foot < _TAIL)
    if not clear.any():
        return None
    end = float(np.percentile((steepest + foot)[clear], _LATE_LEADS)) + TANGENT_TAIL
    return int(min(round(end), beat.shape[1] - 1))


def _last_flank(trace: Samples, first: int, last: int, usual: int) -> int | None:
    """What stands later than ``usual`` must be twice as strong: U waves and wander are seldom that steep."""
    inside = trace[first:last]
    peaks = np.flatnonzero((inside[1:-1] >= inside[:-2]) & (inside[1:-1] > inside[2:])) + 1
    if not len(peaks):
        return None
    needed = np.where(peaks + first > usual, 2 * _STRONG, _STRONG)
    strong = peaks[inside[peaks] >= needed * inside[peaks].max()]
    return first + int(strong[-1])

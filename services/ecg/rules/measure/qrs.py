"""Global QRS onset and offset on a median beat."""

from dataclasses import dataclass

import numpy as np

from services.ecg.rules.measure.edges import calm_after, calm_before, speed
from services.ecg.rules.measure.median import BEFORE
from services.ecg.rules.measure.signal import RATE_HZ, Samples

_SIGMA = 2.5
_SHARE, _TYPICAL_TOP = 0.05, 180.0
"""Threshold: a share of the geometric mean of the beat's own top speed and the usual one (µV per sample). A share of
its own top alone hid the small last forces of tall complexes and found noise around low ones."""
_HOLD = round(0.010 * RATE_HZ)
_CORE = round(0.08 * RATE_HZ)
_EARLIEST, _LATEST = round(0.16 * RATE_HZ), round(0.24 * RATE_HZ)
ONSET_SHIFT = -2
OFFSET_SHIFT = 1
"""Samples. Calibrated on the tuning half of LUDB and no further than carts' own QRS durations allow: cardiologists mark
LUDB's QRS some 10 ms longer than carts measure."""


@dataclass(frozen=True, slots=True)
class Qrs:
    """Samples of the median beat."""

    on: int
    off: int

    @property
    def ms(self) -> float:
        return (self.off - self.on) * 1000 / RATE_HZ


def find_qrs(beat: Samples) -> Qrs:
    """``beat``: the independent leads, weighted; R at ``BEFORE``."""
    trace = speed(beat, _SIGMA)
    core = trace[BEFORE - _CORE : BEFORE + _CORE]
    start = BEFORE - _CORE + int(np.argmax(core))
    edge = _SHARE * float(np.sqrt(core.max() * _TYPICAL_TOP))
    before = float(np.percentile(trace[BEFORE - 100 : BEFORE - 30], 20))
    after = float(np.percentile(trace[BEFORE + 30 : BEFORE + 110], 20))
    on = calm_before(trace, start, BEFORE - _EARLIEST, before + edge, _HOLD)
    last = min(BEFORE + _LATEST, len(trace) - 1)
    off = calm_after(trace, start, last, after + edge, _HOLD)
    return Qrs(max(0, on + ONSET_SHIFT), min(len(trace) - 1, off + OFFSET_SHIFT))

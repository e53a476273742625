"""Strong activity without beats: ventricular fibrillation and its like, told from noise by its slowness."""

import numpy as np
from scipy.fft import rfft, rfftfreq

from services.ecg.rules.measure.signal import RATE_HZ, Signal

_SLOW_HZ = (2.0, 10.0)
_MIN_SHARE = 0.75
_MIN_RMS_UV = 80.0


def is_disorganised(signal: Signal) -> bool:
    """Only asked where no beats were found: most leads swing by 80 µV (root mean square), mostly at 2 to 10 Hz."""
    samples = signal.wide[list(signal.independent)]
    power = np.abs(rfft(samples - samples.mean(axis=1, keepdims=True), axis=1)) ** 2
    hertz = rfftfreq(samples.shape[1], 1 / RATE_HZ)
    all_power = power[:, hertz >= _SLOW_HZ[0]].sum(axis=1)
    slow_power = power[:, (hertz >= _SLOW_HZ[0]) & (hertz <= _SLOW_HZ[1])].sum(axis=1)
    swing = np.sqrt(2 * all_power) / samples.shape[1]
    share = slow_power / np.maximum(all_power, 1e-9)
    return bool(np.median(swing) >= _MIN_RMS_UV and np.median(share) >= _MIN_SHARE)

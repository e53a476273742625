"""Where activity begins and ends: walking outward from its steepest place until it stays calm."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from services.ecg.rules.measure.signal import Samples


def speed(beat: Samples, sigma: float) -> Samples:
    """Spatial velocity, µV per sample: the length of all leads' slopes, smoothed by a Gaussian of ``sigma`` samples."""
    slopes = gaussian_filter1d(beat, sigma, axis=1, order=1)
    return np.asarray(np.sqrt(np.einsum("lt,lt->t", slopes, slopes)))


def calm_before(trace: Samples, start: int, limit: int, threshold: float, hold: int) -> int:
    """The last sample before ``start`` that ends ``hold`` calm samples; ``limit`` where there is none."""
    at = start
    while at > limit and not (trace[max(0, at - hold) : at + 1] < threshold).all():
        at -= 1
    return at


def calm_after(trace: Samples, start: int, limit: int, threshold: float, hold: int) -> int:
    """The first sample after ``start`` that begins ``hold`` calm samples; ``limit`` where there is none."""
    at = start
    while at < limit and not (trace[at : at + hold + 1] < threshold).all():
        at += 1
    return at

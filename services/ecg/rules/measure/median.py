"""The aligned median of beats, each freed of its own baseline first."""

from collections.abc import Sequence

import numpy as np

from services.ecg.rules.measure.signal import RATE_HZ, Samples, Signal

BEFORE = round(0.56 * RATE_HZ)
"""Samples before R: room for a PR of 400 ms and the baseline before it."""
AFTER_MAX = round(0.76 * RATE_HZ)
_NOISE_UV = 6.0
"""What a lead's beats differ by, over the root of their number, that halves the lead's weight."""
_NEXT_QRS = round(0.06 * RATE_HZ)
_LEVEL = round(0.02 * RATE_HZ)


def after_samples(peaks: Sequence[int]) -> int:
    """Samples after R: to just before the usual next QRS, at most ``AFTER_MAX``."""
    if len(peaks) < 2:
        return AFTER_MAX
    return int(min(AFTER_MAX, max(0.25 * RATE_HZ, float(np.median(np.diff(peaks))) - 0.06 * RATE_HZ)))


def level_signal(
    signal: Signal, peaks: tuple[int, ...], onset_before_r: int, rows: Sequence[int] | None = None
) -> Samples:
    """All leads (or ``rows``), µV, with the level just before every QRS drawn down to zero and lines between."""
    wide = signal.wide if rows is None else signal.wide[list(rows)]
    knots = [max(0, peak - onset_before_r) for peak in peaks]
    levels = np.stack([wide[:, max(0, knot - _LEVEL) : knot + 1].mean(axis=1) for knot in knots], axis=1)
    at = np.arange(signal.length)
    flat = np.empty_like(wide)
    for row in range(len(wide)):
        flat[row] = wide[row] - np.interp(at, knots, levels[row])
    return flat


def beat_windows(flat: Samples, peaks: Sequence[int], after: int, all_peaks: Sequence[int]) -> Samples:
    """Shape (beats, leads, BEFORE + after) around ``peaks``.

    Beats cut by either end of the recording are left out while others stand. What lies past the next beat's onset is
    not this beat's: its last own value is held.
    """
    length = flat.shape[1]
    following = dict(zip(all_peaks, [*all_peaks[1:], length + AFTER_MAX], strict=True))
    whole = [peak for peak in peaks if peak - BEFORE >= 0 and peak + after <= length]
    windows = []
    for peak in whole or peaks:
        left, right = peak - BEFORE, peak + after
        end = min(length, right, max(following[peak] - _NEXT_QRS, peak + 1))
        inside = flat[:, max(0, left) : end]
        windows.append(np.pad(inside, ((0, 0), (max(0, -left), right - end)), mode="edge"))
    return np.stack(windows)


def median_beat(windows: Samples) -> Samples:
    """Shape (leads, samples)."""
    return np.asarray(np.median(windows, axis=0))


def lead_weights(windows: Samples, median: Samples) -> Samples:
    """1 for a lead whose median beat is clean, less the noisier it is: shape (leads, 1). One lead alone weighs 1."""
    if len(windows) < 2:
        return np.ones((median.shape[0], 1))
    rest = (windows - median)[:, :, ::4]
    noise = np.median(np.abs(rest), axis=(0, 2)) / np.sqrt(len(windows))
    weights = 1 / (1 + np.square(noise / _NOISE_UV))
    return np.asarray(weights / weights.max())[:, None]

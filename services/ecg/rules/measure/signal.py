"""A recording made ready for measuring: gaps closed, spikes blanked, 500 samples a second, two bands.

All filters are zero-phase (a gain over frequencies), so no wave moves. Only the detection band has a low cut: ST
levels and boundaries are measured on ``wide``, whose baseline the median beat removes beat by beat.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.signal import resample_poly

from services.ecg.parse.leads import CHEST, LIMB
from services.ecg.parse.recording import Recording

RATE_HZ = 500.0
SPIKE_MS = (3.0, 16.0)
"""Blanked before and after a pacing spike: carts hold or low-pass spikes of 2 ms over some 15 ms."""
_WIDE_CUT_HZ = 75.0
_PAD_S = 1.0

Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signal:
    """``wide``: every lead, µV at ``RATE_HZ``. ``band``: the independent ones for finding QRS. ``independent``: rows of
    the leads that are no sums of others. ``present``: shape (leads, samples), False where the file holds no value.
    ``scale``: samples of the recording per sample here. ``spikes``: pacing spikes in samples here."""

    leads: tuple[str, ...]
    wide: Samples = field(repr=False)
    band: Samples = field(repr=False)
    present: NDArray[np.bool_] = field(repr=False)
    independent: tuple[int, ...]
    scale: float
    spikes: tuple[int, ...]

    @property
    def live_leads(self) -> tuple[str, ...]:
        """Leads with at least half of their samples; the others get no axis."""
        return tuple(lead for lead, row in zip(self.leads, self.present, strict=True) if row.mean() >= 0.5)

    @property
    def length(self) -> int:
        return int(self.wide.shape[1])


def prepare(recording: Recording, spikes: Sequence[int]) -> Signal:
    """``band`` holds the independent leads alone, 5 to 25 Hz, for finding QRS complexes."""
    present = _present(recording.microvolts)
    samples = _without_gaps(recording.microvolts, present)
    samples = _without_spikes(samples, spikes, recording.sampling_rate_hz)
    scale = recording.sampling_rate_hz / RATE_HZ
    if scale != 1.0:
        ratio = Fraction(1 / scale).limit_denominator(2000)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator, axis=1, padtype="line")
        nearest = np.minimum((np.arange(samples.shape[1]) * scale).astype(int), present.shape[1] - 1)
        present = present[:, nearest]
    independent = independent_leads(recording.leads, present)
    wide, band = _bands(samples, independent)
    here = tuple(round(spike / scale) for spike in spikes)
    return Signal(recording.leads, wide, band, present, independent, scale, here)


def _present(samples: Samples) -> NDArray[np.bool_]:
    """A lead that never moves was not connected: it holds no value."""
    finite = np.isfinite(samples)
    highest = np.max(samples, axis=1, where=finite, initial=-np.inf)
    lowest = np.min(samples, axis=1, where=finite, initial=np.inf)
    moves: NDArray[np.bool_] = finite & (highest > lowest)[:, None]
    return moves


def independent_leads(leads: Sequence[str], present: NDArray[np.bool_]) -> tuple[int, ...]:
    """Rows to vote with: leads with at least half of their samples, without limb leads that follow from I and II."""
    alive = [row for row in range(len(leads)) if present[row].mean() >= 0.5]
    names = [leads[row] for row in alive]
    if "I" in names and "II" in names:
        alive = [row for row in alive if leads[row] in ("I", "II") or leads[row] not in LIMB]
    if sum(leads[row] in CHEST for row in alive) >= 6:
        alive = [row for row in alive if leads[row] in ("I", "II", *CHEST)]
    return tuple(alive)


def _without_gaps(samples: Samples, present: NDArray[np.bool_]) -> Samples:
    if present.all():
        return samples
    filled = np.zeros_like(samples)
    at = np.arange(samples.shape[1])
    for row in range(len(samples)):
        if present[row].any():
            filled[row] = np.interp(at, at[present[row]], samples[row, present[row]])
    return filled


def _without_spikes(samples: Samples, spikes: Sequence[int], rate_hz: float) -> Samples:
    """A curve over every spike that leaves its start slowly, so that it looks neither like a QRS nor like its onset."""
    if not spikes:
        return samples
    samples = samples.copy()
    last = samples.shape[1] - 1
    for spike in spikes:
        left = max(0, spike - max(1, round(SPIKE_MS[0] * rate_hz / 1000)))
        right = min(last, spike + max(2, round(SPIKE_MS[1] * rate_hz / 1000)))
        share = np.linspace(0, 1, right - left + 1) ** 3
        samples[:, left : right + 1] = samples[:, [left]] * (1 - share) + samples[:, [right]] * share
    return samples


def _bands(samples: Samples, independent: Sequence[int]) -> tuple[Samples, Samples]:
    length = samples.shape[1]
    pad = min(round(_PAD_S * RATE_HZ), length - 1)
    odd = np.concatenate(
        [
            2 * samples[:, :1] - samples[:, pad:0:-1],
            samples,
            2 * samples[:, -1:] - samples[:, -2 : -pad - 2 : -1],
        ],
        axis=1,
    )
    size = next_fast_len(odd.shape[1], real=True)
    spectrum = rfft(odd, size, axis=1)
    hertz = rfftfreq(size, 1 / RATE_HZ)
    notch = 1 - np.exp(-(((hertz - 50) / 1.0) ** 2))
    wide = irfft(spectrum * (_low_pass(hertz, _WIDE_CUT_HZ, 8) * notch), size, axis=1)[:, pad : pad + length]
    gain = (1 - _low_pass(hertz, 5.0, 3)) * _low_pass(hertz, 25.0, 3)
    band = irfft(spectrum[list(independent)] * gain, size, axis=1)[:, pad : pad + length]
    return wide, band


def _low_pass(hertz: Samples, cut_hz: float, order: int) -> Samples:
    """Squared Butterworth magnitude: what filtering forth and back gives."""
    return np.asarray(1 / (1 + (hertz / cut_hz) ** (2 * order)))

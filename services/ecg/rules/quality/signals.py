"""What disturbs each lead, in numbers: gaps, flat stretches, rails, mains, wander, muscle noise.

One Fourier transform of all leads serves the three bands; everything else works on blocks of 0.1 and 0.2 s.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from services.ecg.parse.recording import Microvolts

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Sample = TypeVar("Sample", bound=np.generic)

BLOCK_S = 0.2
SILENT_UV = 6.0
"""Peak to peak within a block: below it there is no electrode. Amplifier noise alone is 30 µV by IEC 60601-2-25; carts
that smooth leave 10 and more."""
SILENT_STEPS = 1.5
"""The same in steps of the stored samples: one bit may toggle."""
MOVING_UV = 100.0
"""Peak to peak within a block: the heart was seen here, so a lead that stayed silent is off and not in a pause."""
MOVING_LEADS = 2
RAIL_RUN_MS = 6.0
RAIL_MIN_UV = 1000.0
"""No cart clips below ±1 mV (IEC 60601-2-25 asks for ±5 mV)."""
MAINS_HZ = (50.0, 60.0)
MAINS_HALF_WIDTH_HZ = 1.0
BESIDE_HZ = (2.0, 6.0)
"""Distance of the bands beside the mains whose density (QRS, muscle) is taken off it."""
WANDER_BELOW_HZ = 0.5
"""Lower edge of the heart rate's own spectrum (AHA/ACC/HRS 2007 part I: 30/min)."""
WANDER_POINTS = 128
NOISE_HZ = (20.0, 60.0, 150.0)
"""Muscle is counted from half at 40 Hz to the upper edge of a diagnostic recording; the first two bound a soft edge."""
HUM_UV = 45.0
"""From this amplitude on the mains and its overtones are not counted as muscle; a regular fast QRS makes 30 there."""
NOISE_BLOCK_S = 0.1
NOISE_QUANTILE = 25.0
"""Of the blocks' RMS: at 250/min two blocks of three touch a QRS, and the quiet third still shows the muscle."""


@dataclass(frozen=True, slots=True)
class Disturbances:
    """One number per lead. ``silent_s``: longest stretch without signal while others move; ``silent_share``: of the
    whole recording, whatever others do. ``mains_uv``: amplitude; ``wander_uv``: peak to peak; ``noise_uv``: RMS."""

    gap_share: Numbers
    silent_s: Numbers
    silent_share: Numbers
    rail_ms: Numbers
    mains_uv: Numbers
    mains_hz: Numbers
    wander_uv: Numbers
    noise_uv: Numbers


def measure(microvolts: Microvolts, rate_hz: float, resolution_uv: float | None) -> Disturbances:
    """``microvolts``: shape (leads, samples), at least one of each; NaN where there is no value."""
    missing = ~np.isfinite(microvolts)
    leads = _bridged(microvolts, missing)
    block = max(2, round(BLOCK_S * rate_hz))
    silent_s, silent_share = _silence(leads, missing, block, rate_hz, resolution_uv or 0.0)
    centred = leads - leads.mean(axis=1, keepdims=True)
    spectrum = rfft(centred, axis=1)
    hertz = np.arange(spectrum.shape[1]) * rate_hz / leads.shape[1]
    mains_uv, mains_hz = _mains(spectrum, hertz, leads.shape[1])
    return Disturbances(
        gap_share=missing.mean(axis=1),
        silent_s=silent_s,
        silent_share=silent_share,
        rail_ms=_rails(leads, rate_hz, resolution_uv or 0.0),
        mains_uv=mains_uv,
        mains_hz=mains_hz,
        wander_uv=_wander(spectrum, hertz, leads.shape[1]),
        noise_uv=_noise(spectrum, hertz, leads.shape[1], max(2, round(NOISE_BLOCK_S * rate_hz)), mains_uv),
    )


def _bridged(microvolts: Microvolts, missing: Flags) -> Microvolts:
    """Straight lines over gaps; a lead that is all gap becomes zero."""
    if not missing.any():
        return microvolts
    leads, at = microvolts.copy(), np.arange(microvolts.shape[1])
    for row in np.flatnonzero(missing.any(axis=1)):
        there = ~missing[row]
        leads[row] = np.interp(at, at[there], microvolts[row, there]) if there.any() else 0.0
    return leads


def _blocks(leads: NDArray[Sample], block: int) -> NDArray[Sample]:
    """Shape (leads, blocks, samples of a block); the rest at the end is left out, a short recording is one block."""
    block = min(block, leads.shape[1])
    count = leads.shape[1] // block
    return leads[:, : count * block].reshape(len(leads), count, block)


def _silence(
    leads: Microvolts, missing: Flags, block: int, rate_hz: float, resolution_uv: float
) -> tuple[Numbers, Numbers]:
    blocks = _blocks(leads, block)
    height = blocks.max(axis=2) - blocks.min(axis=2)
    silent = (height <= max(SILENT_UV, SILENT_STEPS * resolution_uv)) & ~_blocks(missing, block).any(axis=2)
    heart = np.count_nonzero(height > MOVING_UV, axis=0) >= MOVING_LEADS
    longest = [_longest_run(row, heart) for row in silent]
    return np.array(longest) * block / rate_hz, silent.mean(axis=1)


def _longest_run(silent: Flags, heart: Flags) -> int:
    """Length of the longest run of ``silent`` in which ``heart`` is seen at least once."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], silent.astype(np.int8), [0]))))
    lengths = [int(end - start) for start, end in edges.reshape(-1, 2) if heart[start:end].any()]
    return max(lengths, default=0)


def _rails(leads: Microvolts, rate_hz: float, resolution_uv: float) -> Numbers:
    """Time at the highest or lowest value of the lead, in runs, ms; one plateau of a T wave is not counted."""
    run = max(3, round(RAIL_RUN_MS * rate_hz / 1000))
    result = np.zeros(len(leads))
    near = 0.5 * resolution_uv
    for row, lead in enumerate(leads):
        for extreme, at in ((lead.max(), lead >= lead.max() - near), (lead.min(), lead <= lead.min() + near)):
            if abs(extreme) < RAIL_MIN_UV or np.count_nonzero(at) < run:
                continue
            edges = np.flatnonzero(np.diff(np.concatenate(([0], at.astype(np.int8), [0])))).reshape(-1, 2)
            lengths = edges[:, 1] - edges[:, 0]
            result[row] += float(lengths[lengths >= run].sum()) * 1000 / rate_hz
    return result


def _power(spectrum: NDArray[np.complex128], chosen: Flags, samples: int) -> Numbers:
    """Mean square in the chosen bins, µV² (Parseval)."""
    piece = spectrum[:, chosen]
    return np.asarray(2.0 * np.sum(piece.real**2 + piece.imag**2, axis=1) / samples**2)


def _mains(spectrum: NDArray[np.complex128], hertz: Numbers, samples: int) -> tuple[Numbers, Numbers]:
    amplitudes = np.zeros((len(MAINS_HZ), len(spectrum)))
    for row, mains in enumerate(MAINS_HZ):
        away = np.abs(hertz - mains)
        inside, beside = away <= MAINS_HALF_WIDTH_HZ, (away >= BESIDE_HZ[0]) & (away <= BESIDE_HZ[1])
        if mains + BESIDE_HZ[1] > hertz[-1] or not beside.any():
            continue
        part = np.count_nonzero(inside) / np.count_nonzero(beside)
        excess = _power(spectrum, inside, samples) - part * _power(spectrum, beside, samples)
        amplitudes[row] = np.sqrt(2.0 * np.maximum(excess, 0.0))
    return amplitudes.max(axis=0), np.array(MAINS_HZ)[amplitudes.argmax(axis=0)]


def _wander(spectrum: NDArray[np.complex128], hertz: Numbers, samples: int) -> Numbers:
    """Peak to peak of the part below WANDER_BELOW_HZ, put together at a few instants instead of at every sample."""
    bins = np.flatnonzero((hertz > 0) & (hertz < WANDER_BELOW_HZ))
    turns = np.exp(2j * np.pi * np.outer(bins, np.arange(WANDER_POINTS)) / WANDER_POINTS)
    slow = np.real(spectrum[:, bins] @ turns) * 2 / samples
    return np.asarray(np.ptp(slow, axis=1))


def _noise(spectrum: NDArray[np.complex128], hertz: Numbers, samples: int, block: int, mains_uv: Numbers) -> Numbers:
    """A soft edge and no notch where there is no hum: both would ring and smear a tall QRS over the quiet blocks."""
    rise = np.clip((hertz - NOISE_HZ[0]) / (NOISE_HZ[1] - NOISE_HZ[0]), 0.0, 1.0)
    fast = spectrum * (0.5 - 0.5 * np.cos(np.pi * rise)) * (hertz <= NOISE_HZ[2])
    hum = np.zeros(len(hertz), dtype=bool)
    for mains in MAINS_HZ:
        overtone = np.maximum(np.round(hertz / mains), 1.0) * mains
        hum |= np.abs(hertz - overtone) <= MAINS_HALF_WIDTH_HZ
    fast[np.ix_(mains_uv > HUM_UV, hum)] = 0.0
    power = np.mean(_blocks(irfft(fast, n=samples, axis=1), block) ** 2, axis=2)
    return np.asarray(np.sqrt(np.percentile(power, NOISE_QUANTILE, axis=1)))

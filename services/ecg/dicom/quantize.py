"""Microvolts as stored whole numbers, each lead with the step that loses least."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse.recording import Microvolts

_DEFAULT_STEP_UV = 1.0


@dataclass(frozen=True, slots=True)
class Quantized:
    """``stored`` × step + baseline = µV. ``step`` and ``baseline`` are decimal strings (DS), as they will be read."""

    stored: NDArray[np.int32]
    step: str
    baseline: str
    has_padding: bool


def quantized(samples: Microvolts, resolution_uv: float | None, *, halved: bool, bits: int) -> Quantized:
    """Steps of the recording's own resolution, so that what was stored comes back; of half of it where a computed
    lead falls between two steps (``halved``: aVR, aVL and aVF hold halves of I and II). The step grows only where
    the curve would not fit, after its middle has become the baseline. NaN becomes the lowest number."""
    lowest, highest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    step = float(decimal_string((resolution_uv or _DEFAULT_STEP_UV) * (0.5 if halved else 1.0)))
    missing = ~np.isfinite(samples)
    known = samples[~missing]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    baseline = 0.0
    if max(-low, high) > highest * step:
        if (high - low) / 2 > highest * step:
            step = float(decimal_string((high - low) / 2 / (highest - 1)))
        baseline = float(decimal_string((high + low) / 2))
    stored = np.full(samples.shape, lowest, dtype=np.int32)
    stored[~missing] = np.clip(np.rint((known - baseline) / step), lowest + 1, highest)
    return Quantized(stored, decimal_string(step), decimal_string(baseline), bool(missing.any()))


def decimal_string(value: float) -> str:
    """DS: at most 16 characters (PS3.5 6.2)."""
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return f"{value:.9g}"

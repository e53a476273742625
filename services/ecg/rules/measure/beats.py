"""Beats of one shape together: correlation over all independent leads, after the best small shift."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ecg.rules.measure.signal import RATE_HZ, Samples, Signal

_BEFORE, _AFTER = round(0.10 * RATE_HZ), round(0.14 * RATE_HZ)
_MAX_SHIFT = round(0.04 * RATE_HZ)
_SAME_SHAPE = 0.88
_MAX_KINDS = 8


@dataclass(frozen=True, slots=True)
class Classed:
    """``peaks`` are aligned to their class. ``kinds``: 0 is the dominant class. ``likeness``: correlation with the
    class's mean, 0 to 1."""

    peaks: tuple[int, ...]
    kinds: tuple[int, ...]
    likeness: tuple[float, ...]

    def of(self, kind: int) -> list[int]:
        return [peak for peak, own in zip(self.peaks, self.kinds, strict=True) if own == kind]


@dataclass(slots=True)
class _Kind:
    total: Samples
    members: list[int]

    @property
    def mean(self) -> Samples:
        return self.total / len(self.members)


def classify(signal: Signal, peaks: tuple[int, ...]) -> Classed:
    """The dominant class is the largest; of equally large ones the narrower, which is the conducted one."""
    windows = [_shifted_windows(signal.band, peak) for peak in peaks]
    kinds: list[_Kind] = []
    assigned: list[tuple[int, int, float]] = []
    for number, shifted in enumerate(windows):
        best = max(((*_best_shift(shifted, kind.mean), index) for index, kind in enumerate(kinds)), default=(0.0, 0, 0))
        likeness, shift, index = best
        if not kinds or (likeness < _SAME_SHAPE and len(kinds) < _MAX_KINDS):
            shift, index, likeness = 0, len(kinds), 1.0
            kinds.append(_Kind(shifted[_MAX_SHIFT].copy(), [number]))
        else:
            kinds[index].total += shifted[_MAX_SHIFT + shift]
            kinds[index].members.append(number)
        assigned.append((index, shift, likeness))
    order = sorted(range(len(kinds)), key=lambda index: (-len(kinds[index].members), _breadth(kinds[index].mean)))
    rank = {index: place for place, index in enumerate(order)}
    final = [_best_shift(shifted, kinds[own[0]].mean) for shifted, own in zip(windows, assigned, strict=True)]
    return Classed(
        tuple(peak + shift for peak, (_, shift) in zip(peaks, final, strict=True)),
        tuple(rank[index] for index, _, _ in assigned),
        tuple(max(0.0, likeness) for likeness, _ in final),
    )


def _shifted_windows(band: Samples, peak: int) -> Samples:
    """Shape (shifts, leads, samples); zeros stand for what lies outside the recording and count in no correlation."""
    left, right = peak - _BEFORE - _MAX_SHIFT, peak + _AFTER + _MAX_SHIFT
    inside = band[:, max(0, left) : min(band.shape[1], right)]
    padded = np.pad(inside, ((0, 0), (max(0, -left), max(0, right - band.shape[1]))))
    views: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(padded, _BEFORE + _AFTER, axis=1)
    return views.transpose(1, 0, 2)


def _best_shift(shifted: Samples, template: Samples) -> tuple[float, int]:
    products = np.tensordot(shifted, template, axes=([1, 2], [0, 1]))
    inside = (shifted != 0).any(axis=1)
    lengths = np.sqrt(inside @ (template**2).sum(axis=0))
    norms = np.sqrt(np.einsum("slt,slt->s", shifted, shifted)) * lengths
    likeness = products / np.maximum(norms, 1e-9)
    best = int(np.argmax(likeness))
    return float(likeness[best]), best - _MAX_SHIFT


def _breadth(mean: Samples) -> float:
    energy = (mean**2).sum(axis=0)
    at = np.arange(len(energy))
    centre = float((at * energy).sum() / max(energy.sum(), 1e-9))
    return float((np.square(at - centre) * energy).sum() / max(energy.sum(), 1e-9))

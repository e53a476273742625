"""Pacing spikes: a jump out of calm, in several leads at once.

A stimulus lasts 0.1 to 2 ms; a cart shows it as a jump of one or two samples, which then returns, decays or is held for
some 20 ms (measured on the paced records of LUDB). The steepest QRS gains its speed over 10 ms and more, so what tells
them apart is not the slope but the slope against that of the 24 ms before: bench/ecg_reversal.py prints the margins.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from services.ecg.parse.leads import CHEST
from services.ecg.parse.recording import Microvolts, Recording

MIN_RATE_HZ = 500.0
"""Below it a spike falls between samples, or the cart's anti-aliasing filter has made a small wave of it."""
JUMP_MS = 4.0
MIN_JUMP_UV = 120.0
CALM_MS = 24.0
RING_MS = 4.0
"""Between the calm and the jump: some carts' linear-phase filters ring before the spike."""
CALM_FLOOR_UV = 25.0
"""Noise of a good recording over JUMP_MS; keeps the ratio finite on a silent baseline."""
MIN_ABRUPTNESS = 5.0
"""Jump over the largest of the calm before it, in the lead that ranks MIN_LEADS. Unpaced LUDB beats stay below 4.5."""
MIN_LEADS = 3
OVERSHOOT = 1.6
SETTLED_MS = 16.0
"""A QRS goes on as steeply as it began: within SETTLED_MS a spike is nowhere beyond OVERSHOOT of the jump."""
REFRACTORY_MS = 40.0
WAY_OUT = 0.7
ALIKE = 0.8
"""A single jump of this kind is an electrode pop or an artefact of a filter; a pacemaker repeats itself, with the same
polarity in the same leads (cosine between two jumps over the leads) …"""
REPEAT_MS = 2000.0
"""… and after no more than this: no pacemaker escapes below 30/min."""
EDGE_MS = 40.0
"""Filters of carts ring at the ends of what they stored."""

INDEPENDENT = ("I", "II", *CHEST)


def find_pacing_spikes(recording: Recording) -> tuple[int, ...]:
    """Sample indices, rising, of the spikes found and of those the cart marked (one for both within 40 ms).

    Below MIN_RATE_HZ only the cart's own marks are answered: nothing is guessed.
    """
    samples = recording.microvolts.shape[1]
    marked = sorted({index for index in recording.spike_samples if 0 <= index < samples})
    if recording.sampling_rate_hz < MIN_RATE_HZ:
        return tuple(marked)
    rows = [recording.leads.index(name) for name in INDEPENDENT if name in recording.leads]
    if not rows:
        rows = [index for index, name in enumerate(recording.leads) if name not in recording.derived]
    found = _spikes(recording.microvolts[rows], recording.sampling_rate_hz)
    apart = round(REFRACTORY_MS * recording.sampling_rate_hz / 1000)
    new = [index for index in found if all(abs(index - mark) > apart for mark in marked)]
    return tuple(sorted(marked + new))


def _spikes(leads: Microvolts, rate_hz: float) -> list[int]:
    lag, calm = round(JUMP_MS * rate_hz / 1000), round(CALM_MS * rate_hz / 1000)
    ring, edge = round(RING_MS * rate_hz / 1000), round(EDGE_MS * rate_hz / 1000)
    if leads.shape[1] <= 2 * edge + calm + lag + ring:
        return []
    needed = min(MIN_LEADS, len(leads))
    jump = np.nan_to_num(leads[:, lag:] - leads[:, :-lag])
    size = np.abs(jump)
    columns = np.flatnonzero(np.count_nonzero(size > MIN_JUMP_UV, axis=0) >= needed)
    columns = columns[(columns >= max(edge, calm + lag + ring)) & (columns < size.shape[1] - edge)]
    if not len(columns):
        return []
    # The calm before sample n: every jump that has ended by then.
    before = maximum_filter1d(size, calm, axis=1, origin=(calm - 1) // 2)[:, columns - lag - ring]
    ratio = np.where(size[:, columns] > MIN_JUMP_UV, size[:, columns] / (before + CALM_FLOOR_UV), 0.0)
    abruptness = np.sort(ratio, axis=0)[-needed]
    starts = _jumps(columns, abruptness, round(REFRACTORY_MS * rate_hz / 1000))
    filled, settled = np.nan_to_num(leads), round(SETTLED_MS * rate_hz / 1000)
    starts = [start for start in starts if _settles(filled, jump[:, start], start, lag, settled, needed)]
    if not starts:
        return []
    kept = _repeated(jump[:, starts], np.array(starts), REPEAT_MS * rate_hz / 1000)
    return [
        start + 1 + int(np.argmax(np.sum(np.abs(filled[:, start + 1 : start + lag + 1] - filled[:, [start]]), axis=0)))
        for start, keep in zip(starts, kept, strict=True)
        if keep
    ]


def _jumps(columns: NDArray[np.intp], abruptness: Microvolts, apart: int) -> list[int]:
    """The start of each run of abrupt columns: of a spike's way out and its way back, equally steep, the way out."""
    steep = np.flatnonzero(abruptness >= MIN_ABRUPTNESS)
    starts: list[int] = []
    while len(steep):
        run = steep[columns[steep] <= columns[steep[0]] + apart]
        starts.append(int(columns[run[abruptness[run] >= WAY_OUT * abruptness[run].max()][0]]))
        steep = steep[len(run) :]
    return starts


def _settles(leads: Microvolts, jump: Microvolts, start: int, lag: int, settled: int, needed: int) -> bool:
    """Whether ``jump``, µV over the leads, ends where it got to in JUMP_MS, in ``needed`` of the leads that jump."""
    further = np.max(np.sign(jump)[:, None] * (leads[:, start + lag : start + settled] - leads[:, [start]]), axis=1)
    return bool(np.count_nonzero((np.abs(jump) > MIN_JUMP_UV) & (further < OVERSHOOT * np.abs(jump))) >= needed)


def _repeated(jumps: Microvolts, starts: NDArray[np.intp], within: float) -> NDArray[np.bool_]:
    """Which jumps, columns of ``jumps``, have another that points the same way at most ``within`` samples away."""
    unit = jumps / np.linalg.norm(jumps, axis=0)
    near = np.abs(starts[:, None] - starts) <= within
    like: NDArray[np.bool_] = np.count_nonzero((unit.T @ unit > ALIKE) & near, axis=0) > 1
    return like

"""Faults of the recording as a whole: what was recorded, how long, and whether the leads agree with one another."""

import numpy as np

from services.ecg.parse.leads import CHEST, FRANK, LIMB
from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import QualityFault
from services.ecg.rules.quality.leads import Verdict

MIN_INDEPENDENT = 8
"""Two limb leads and six chest leads carry all that twelve show."""
MIN_DURATION_S = 5.0
UNUSABLE_DURATION_S = 2.0
"""One whole beat at 30/min; 5 s is what a rate and a rhythm take at the least, 10 s is the standard."""
MIN_RATE_HZ = 250.0
"""AHA/ACC/HRS 2007 part I asks for 500; half of it loses notches, less loses Q waves of 40 ms."""
EINTHOVEN_UV = 100.0
EINTHOVEN_PART = 0.1
"""Compression of carts stays within 100 µV (AHA/ACC/HRS 2007); a tenth of the tallest is more than gain error."""
EINTHOVEN_QUANTILE = 98.0
TWIN_PART = 0.02
"""RMS of the difference of two chest leads over their own; neighbours on one chest differ by 10 % and more."""
TWIN_MIN_UV = 20.0

FROZEN_S = 2.0
FROZEN_MOVES = 0.9
"""No diastole is that long without noise; traces without noise (simulators) stand still all over."""

Found = tuple[QualityFault, Verdict]


def recording_faults(recording: Recording) -> list[Found]:
    """Each with the verdict it means for the whole; without what needs the beats."""
    found: list[Found] = []
    count = independent_count(recording.leads)
    if count < MIN_INDEPENDENT:
        text = f"只有 {count} 个独立导联，不能作 12 导联诊断：请接好全部电极后重做"
        found.append((QualityFault("too_few_leads", text), "poor"))
    if recording.duration_s < MIN_DURATION_S:
        text = f"记录仅 {recording.duration_s:.1f} 秒，请重新采集至少 10 秒"
        verdict: Verdict = "unusable" if recording.duration_s < UNUSABLE_DURATION_S else "poor"
        found.append((QualityFault("too_short", text), verdict))
    if recording.sampling_rate_hz < MIN_RATE_HZ:
        text = f"采样率仅 {recording.sampling_rate_hz:.0f} Hz，波形可能失真：请将心电图机设为 500 Hz 后重做"
        found.append((QualityFault("low_sampling_rate", text), "poor"))
    return found + _frozen(recording) + _einthoven(recording) + _twins(recording)


def _frozen(recording: Recording) -> list[Found]:
    """All leads stand on one value at once, in a recording that else never stands still: a value was repeated."""
    recorded = [lead not in recording.derived for lead in recording.leads]
    moves = np.any(np.diff(recording.microvolts[recorded], axis=1) != 0, axis=0)
    edges = np.flatnonzero(np.concatenate(([True], moves, [True])))
    lengths = np.diff(edges)
    longest = int(np.argmax(lengths))
    elsewhere = moves.size - (lengths[longest] - 1)
    if lengths[longest] / recording.sampling_rate_hz < FROZEN_S or moves.sum() < FROZEN_MOVES * elsewhere:
        return []
    from_s, to_s = (edge / recording.sampling_rate_hz for edge in edges[longest : longest + 2])
    text = f"{from_s:.1f}–{to_s:.1f} 秒所有导联完全不变，可能传输中断：请先看患者，再检查连接后重做"
    return [(QualityFault("frozen", text), "poor")]


def independent_count(leads: tuple[str, ...]) -> int:
    limb = sum(lead in LIMB for lead in leads)
    return min(2, limb) + sum(lead not in LIMB and lead not in FRANK for lead in leads)


def _einthoven(recording: Recording) -> list[Found]:
    if not {"I", "II", "III"} <= set(recording.leads) or "III" in recording.derived:
        return []
    one, two, three = (recording.lead(name) for name in ("I", "II", "III"))
    residual = one + three - two
    known = np.isfinite(residual)
    if not known.any():
        return []
    residual = np.abs(residual[known] - np.median(residual[known]))
    tallest = max(float(np.ptp(lead[known])) for lead in (one, two, three))
    if np.percentile(residual, EINTHOVEN_QUANTILE) < max(EINTHOVEN_UV, EINTHOVEN_PART * tallest):
        return []
    text = "肢体导联互相矛盾（I + III ≠ II）：请核对导联线与心电图机导联设置后重做"
    return [(QualityFault("einthoven", text, ("I", "II", "III")), "poor")]


def _twins(recording: Recording) -> list[Found]:
    """Chest leads that show one electrode twice. A silent lead is a fault of its own."""
    names = [lead for lead in CHEST if lead in recording.leads]
    if len(names) < 2:
        return []
    leads = np.nan_to_num(np.stack([recording.lead(name) for name in names]), posinf=0.0, neginf=0.0)
    leads = leads - leads.mean(axis=1, keepdims=True)
    products = leads @ leads.T / leads.shape[1]
    power = np.diag(products)
    found: list[Found] = []
    for first in range(len(names)):
        for second in range(first + 1, len(names)):
            size = min(power[first], power[second])
            difference = power[first] + power[second] - 2 * products[first, second]
            if size > TWIN_MIN_UV**2 and difference < TWIN_PART**2 * size:
                pair = (names[first], names[second])
                text = f"{pair[0]} 与 {pair[1]} 波形完全相同：请核对胸导联线与电极后重做"
                found.append((QualityFault("identical_leads", text, pair), "poor"))
    return found

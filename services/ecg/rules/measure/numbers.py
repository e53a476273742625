"""Axes and amplitudes of the median beat."""

from collections.abc import Sequence

import numpy as np

from services.ecg.rules.facts import LeadAmplitudes
from services.ecg.rules.measure.qrs import Qrs
from services.ecg.rules.measure.signal import RATE_HZ, Samples

_LEVEL = round(0.012 * RATE_HZ)
_ST_60 = round(0.06 * RATE_HZ)
_ST = round(0.06 * RATE_HZ)
_MIN_AREA_UV_MS = 300.0
"""Below it an axis is noise: 10 µV over 30 ms."""
_SMALLEST_WAVE_UV = 20.0


def axis_deg(leads: Sequence[str], beat: Samples, on: int, off: int, *, sloping: bool = False) -> float | None:
    """atan2(2 aVF / √3, I) of the net areas between ``on`` and ``off``, -180 to 180; None without I and aVF (or II).

    ``sloping``: areas against the line between both ends (P), else against zero, the level before QRS.
    """
    rows = {lead: beat[number] for number, lead in enumerate(leads)}
    if "I" not in rows or off - on < 5:
        return None
    foot = rows["aVF"] if "aVF" in rows else rows["II"] - rows["I"] / 2 if "II" in rows else None
    if foot is None:
        return None
    across, down = _area(rows["I"][on:off], sloping), _area(foot[on:off], sloping) * 2 / np.sqrt(3)
    if np.hypot(across, down) < _MIN_AREA_UV_MS:
        return None
    return round(float(np.degrees(np.arctan2(down, across))))


def _area(stretch: Samples, sloping: bool) -> float:
    if sloping:
        stretch = stretch - np.linspace(stretch[0], stretch[-1], len(stretch))
    return float(stretch.sum()) * 1000 / RATE_HZ


def amplitudes(
    leads: Sequence[str], beat: Samples, qrs: Qrs, t_end: int | None, p_on: int | None, p_off: int | None
) -> tuple[LeadAmplitudes, ...]:
    """Of every lead, against the level just before QRS."""
    answers = []
    for lead, samples in zip(leads, beat, strict=True):
        trace = samples - samples[max(0, qrs.on - _LEVEL) : qrs.on + 1].mean()
        q, r, s = _q_r_s(trace[qrs.on : qrs.off + 1])
        last = t_end if t_end is not None else min(len(trace) - 1, qrs.off + round(0.3 * RATE_HZ))
        t_first = min(qrs.off + _ST, last)
        answers.append(
            LeadAmplitudes(
                lead=lead,
                p=_p(trace, p_on, p_off),
                q=q,
                r=r,
                s=s,
                st_j=round(float(trace[qrs.off]), 1),
                st_60=round(float(trace[min(qrs.off + _ST_60, len(trace) - 1)]), 1),
                t=_farthest(trace[t_first : last + 1]),
            )
        )
    return tuple(answers)


def _q_r_s(complex_: Samples) -> tuple[float, float, float]:
    """Q and S negative or zero; a complex without R is all Q (QS)."""
    top = int(np.argmax(complex_))
    r = max(0.0, float(complex_[top]))
    if r < _SMALLEST_WAVE_UV:
        return round(min(0.0, float(complex_.min())), 1), 0.0, 0.0
    q = min(0.0, float(complex_[: top + 1].min()))
    s = min(0.0, float(complex_[top:].min()))
    return round(q, 1), round(r, 1), round(s, 1)


def _p(trace: Samples, on: int | None, off: int | None) -> float | None:
    if on is None or off is None or off - on < 3:
        return None
    wave = trace[on : off + 1]
    return _farthest(wave - np.linspace(wave[0], wave[-1], len(wave)))


def _farthest(stretch: Samples) -> float:
    return round(float(stretch[np.argmax(np.abs(stretch))]), 1) if len(stretch) else 0.0

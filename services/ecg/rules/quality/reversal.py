"""Limb electrodes on the wrong limb, seen in the median beat.

V6 looks at the heart from the left, as I does, and from where II and III meet: against it a swap turns a limb lead
round, whether there is a P wave or not. The chest leads themselves do not change: Wilson's terminal is the same sum.

    swap     I becomes  II becomes  III becomes
    LA/RA    -I         III         II
    RA/LL    -III       -II         -I
    LA/LL    II         I           -III         (not to be told from a normal variant without an earlier ECG)
    RA/RL    -III       flat        III
    LA/RL    I..II      II          flat

Thresholds were tuned on every other record of LUDB and measured on the rest: bench/ecg_reversal.py.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from services.ecg.rules.facts import MedianBeat

Code = Literal["la_ra", "ra_ll", "ra_rl", "la_rl", "dextrocardia"]
Beat = NDArray[np.float64]

AGAINST_V6_I = -0.3
"""Correlation of I with V6 below which the arms are suspected; the lowest of 101 unpaced beats is 0.11."""
AGAINST_V6_II = -0.4
"""Of II with V6, for RA/LL; of 101 unpaced beats one reaches it (-0.40), the next is at 0.06."""
FLAT_PART = 0.08
"""Height of II or III over that of the tallest limb lead: both legs are at one potential. Lowest in LUDB 0.16."""
BEFORE_R_MS, AFTER_R_MS = 300.0, 450.0
MIN_HEIGHT_UV = 80.0
"""Of the tallest limb lead and of V6; below it a correlation is one of noise."""
DECLINE = 0.6
"""R of V6 over R of V2, and height over height, below which the heart is sought on the right."""
QRS_MS = 80.0
"""Each side of R."""
MIN_P_UV = 20.0

TEXTS: dict[Code, str] = {
    "la_ra": "疑左、右上肢电极接反（I 导联倒置），请核对红、黄电极后重做",
    "ra_ll": "疑右上肢与左下肢电极接反（II 导联倒置），请核对红、绿电极后重做",
    "ra_rl": "疑右上肢与右下肢电极接反（II 导联近于平线），请核对红、黑电极后重做",
    "la_rl": "疑左上肢与右下肢电极接反（III 导联近于平线），请核对黄、黑电极后重做",
    "dextrocardia": "右位心或左、右上肢电极接反：请核对红、黄电极；电极无误请加做右胸导联（V3R–V6R）",
}


@dataclass(frozen=True, slots=True)
class Reversal:
    """``score``: what the rule compared, a correlation or a part; ``text`` says what to do."""

    code: Code
    text: str
    score: float


def suspect_reversal(median: MedianBeat, *, paced: bool = False) -> Reversal | None:
    """The one most likely swap, or None. Needs I, II and V6; paced beats run in any direction: not judged."""
    if paced or not {"I", "II", "V6"} <= set(median.leads):
        return None
    beat = _window(median)
    one, two, six = beat["I"], beat["II"], beat["V6"]
    three = beat["III"] if "III" in beat else two - one
    heights = [float(np.ptp(lead)) for lead in (one, two, three)]
    tallest = max(heights)
    if not np.isfinite(tallest) or min(tallest, float(np.ptp(six))) < MIN_HEIGHT_UV:
        return None
    if heights[1] < FLAT_PART * tallest:
        return _reversal("ra_rl", heights[1] / tallest)
    if heights[2] < FLAT_PART * tallest:
        return _reversal("la_rl", heights[2] / tallest)
    dwindles = _dwindles(median)
    if dwindles and _mirrored(median):
        return _reversal("dextrocardia", _correlation(one, six))
    with_one, with_two, with_three = (_correlation(lead, six) for lead in (one, two, three))
    if with_one < AGAINST_V6_I or with_two < AGAINST_V6_II:
        # Put back, which swap makes I and II agree with V6 the more?
        arms, right_and_foot = with_three - with_one, -with_three - with_two
        if arms < right_and_foot:
            return _reversal("ra_ll", with_two)
        return _reversal("dextrocardia" if dwindles else "la_ra", with_one)
    return None


def _reversal(code: Code, score: float) -> Reversal:
    return Reversal(code, TEXTS[code], round(score, 3))


def _window(median: MedianBeat) -> dict[str, Beat]:
    rate = median.sampling_rate_hz / 1000
    first = max(0, round((median.marks.r_ms - BEFORE_R_MS) * rate))
    last = round((median.marks.r_ms + AFTER_R_MS) * rate)
    return dict(zip(median.leads, median.microvolts[:, first:last], strict=True))


def _correlation(first: Beat, second: Beat) -> float:
    first, second = first - first.mean(), second - second.mean()
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 0 else 0.0


def _dwindles(median: MedianBeat) -> bool:
    """Whether R and the whole QRS get smaller from V2 to V6: the chest leads walk away from the heart."""
    if not {"V2", "V6"} <= set(median.leads):
        return False
    first, last = median.marks.r_ms - QRS_MS, median.marks.r_ms + QRS_MS
    second, sixth = _piece(median, "V2", first, last), _piece(median, "V6", first, last)
    r_two, r_six = (float(piece.max() - np.median(piece)) for piece in (second, sixth))
    return r_six < DECLINE * r_two and float(np.ptp(sixth)) < DECLINE * float(np.ptp(second))


def _mirrored(median: MedianBeat) -> bool:
    """Whether P and QRS of I point down and those of aVR up. A right ventricle alone turns no P, so without P: no."""
    marks = median.marks
    if marks.p_on_ms is None or marks.p_off_ms is None or marks.qrs_on_ms is None or marks.qrs_off_ms is None:
        return False
    p_one, p_two = (_deflection(median, lead, marks.p_on_ms, marks.p_off_ms) for lead in ("I", "II"))
    qrs_one, qrs_two = (_deflection(median, lead, marks.qrs_on_ms, marks.qrs_off_ms) for lead in ("I", "II"))
    return p_one < -MIN_P_UV and p_one + p_two < 0 and qrs_one < 0 and qrs_one + qrs_two < 0


def _deflection(median: MedianBeat, lead: str, first_ms: float, last_ms: float) -> float:
    """Highest plus lowest: the net deflection, µV."""
    piece = _piece(median, lead, first_ms, last_ms)
    return float(piece.max() + piece.min())


def _piece(median: MedianBeat, lead: str, first_ms: float, last_ms: float) -> Beat:
    """From ``first_ms`` to ``last_ms``, µV against its first sample."""
    rate = median.sampling_rate_hz / 1000
    samples = median.microvolts[median.leads.index(lead)]
    piece = samples[max(0, round(first_ms * rate)) : round(last_ms * rate) + 1]
    return np.asarray(piece - piece[0])

"""Where the beats come from."""

from services.ecg.rules.facts import Measurements, Suggestion
from services.ecg.rules.statements.limits import Limits
from services.ecg.rules.statements.wording import say, with_more

IRREGULAR = 0.10  # median step from one RR to the next over the median RR; 88 of 100 in atrial fibrillation lie above
_SINUS_P_AXIS = (-30.0, 100.0)
_ARRHYTHMIA = 0.15
_PAUSE_MS = 2000.0
_ESCAPE_BPM = 50.0


def rhythm(m: Measurements, limits: Limits) -> list[Suggestion]:
    """One statement on the basic rhythm, then what interrupts it. Empty where no beat was found."""
    if m.heart_rate_bpm is None:
        return []
    return [_basic(m, limits, m.heart_rate_bpm), *_interruptions(m, limits)]


def _basic(m: Measurements, limits: Limits, rate: float) -> Suggestion:
    low, high = limits.rate
    shown = {"heart_rate_bpm": rate, "qrs_ms": m.qrs_ms, "rr_irregularity": m.rr_irregularity}
    if m.paced:
        return say("181", "起搏钉信号后跟随 QRS 波", **shown)
    if rate > high and m.qrs_ms is not None and m.qrs_ms >= limits.qrs and m.has_p is not True:
        return say("76", f"心率 > {high:g} 次/分，QRS ≥ {limits.qrs:g} ms，无明确 P 波", **shown)
    if m.has_p:
        return _with_p(m, limits, rate)
    if m.has_p is None:
        return say("27", "P 波不能确定", **shown)
    if m.rr_irregularity is not None and m.rr_irregularity > IRREGULAR:
        said = say("50", f"无 P 波，相邻 RR 差值中位数 > RR 的 {IRREGULAR:.0%}", **shown)
        return with_more(said, "，快速心室率") if rate > high else said
    if rate > high:
        return say("56", f"心率 > {high:g} 次/分，RR 规则，无明确 P 波，QRS 不宽", **shown)
    if m.qrs_ms is not None and m.qrs_ms >= limits.qrs:
        return say("63" if rate < _ESCAPE_BPM else "64", "RR 规则，无 P 波，QRS 增宽", **shown)
    return say("38" if rate < low else "39", "RR 规则，无 P 波，QRS 不宽", **shown)


def _with_p(m: Measurements, limits: Limits, rate: float) -> Suggestion:
    low, high = limits.rate
    shown = {"heart_rate_bpm": rate, "p_axis_deg": m.p_axis_deg, "pr_ms": m.pr_ms}
    if m.p_axis_deg is not None and not _SINUS_P_AXIS[0] <= m.p_axis_deg <= _SINUS_P_AXIS[1]:
        return say("34", "有 P 波，P 电轴不在 -30° 至 100°", **shown)
    if rate > high:
        return say("21", f"窦性 P 波，心率 > {high:g} 次/分", **shown)
    if rate < low:
        return say("22", f"窦性 P 波，心率 < {low:g} 次/分", **shown)
    if _is_uneven(m):
        spread = {"rr_shortest_ms": m.rr_shortest_ms, "rr_longest_ms": m.rr_longest_ms}
        return say("23", f"窦性 P 波，最长与最短 RR 之差 > RR 均值的 {_ARRHYTHMIA:.0%}", **shown, **spread)
    return say("20", f"窦性 P 波，心率 {low:g}–{high:g} 次/分", **shown)


def _is_uneven(m: Measurements) -> bool:
    if m.ectopic_count or None in (m.rr_longest_ms, m.rr_shortest_ms, m.rr_mean_ms):
        return False
    assert m.rr_longest_ms is not None and m.rr_shortest_ms is not None and m.rr_mean_ms is not None
    return m.rr_longest_ms - m.rr_shortest_ms > _ARRHYTHMIA * m.rr_mean_ms


def _interruptions(m: Measurements, limits: Limits) -> list[Suggestion]:
    """Where the dominant beat is wide itself, the wide ones cannot be counted apart."""
    found = []
    wide = m.wide_beat_count if m.qrs_ms is not None and m.qrs_ms < limits.qrs else 0
    if wide and m.longest_wide_run >= 3 and (m.wide_run_rate_bpm or 0) > 100:
        rule = "连续 ≥ 3 个宽大畸形 QRS 波，频率 > 100 次/分"
        found.append(say("71", rule, longest_wide_run=m.longest_wide_run, wide_run_rate_bpm=m.wide_run_rate_bpm))
    elif wide:
        found.append(say("60", "与主导心搏形态不同的宽 QRS 波", wide_beat_count=wide))
    narrow = m.ectopic_count - wide
    if narrow > 0 and m.has_p:
        found.append(say("30", "提前出现、形态与主导心搏不同或不宽的心搏", count=narrow))
    if m.rr_longest_ms is not None and m.rr_longest_ms >= _PAUSE_MS and m.has_p:
        found.append(say("26", f"最长 RR ≥ {_PAUSE_MS / 1000:g} s", rr_longest_ms=m.rr_longest_ms))
    return found

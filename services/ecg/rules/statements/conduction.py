"""How the impulse travels: PR, QRS, bundle branches, axis."""

from services.ecg.rules.facts import LeadAmplitudes, Measurements, Suggestion
from services.ecg.rules.statements.limits import Limits
from services.ecg.rules.statements.wording import say

_PREEXCITED_QRS_MS = 110.0
_SUPERIOR_DEG = -90.0
_FASCICULAR_DEG = -45.0


def conduction(m: Measurements, limits: Limits) -> list[Suggestion]:
    if m.paced:
        return []
    return [*_pr(m, limits), *_qrs(m, limits), *_axis(m, limits)]


def _pr(m: Measurements, limits: Limits) -> list[Suggestion]:
    if m.pr_ms is None:
        return []
    shortest, longest = limits.pr
    if m.pr_ms > longest:
        return [say("82", f"PR > {longest:g} ms", pr_ms=m.pr_ms)]
    if m.pr_ms < shortest:
        if m.qrs_ms is not None and m.qrs_ms >= _PREEXCITED_QRS_MS:
            rule = f"PR < {shortest:g} ms 且 QRS ≥ {_PREEXCITED_QRS_MS:g} ms"
            return [say("108", rule, pr_ms=m.pr_ms, qrs_ms=m.qrs_ms)]
        return [say("80", f"PR < {shortest:g} ms", pr_ms=m.pr_ms)]
    return []


def _qrs(m: Measurements, limits: Limits) -> list[Suggestion]:
    """AHA/ACCF/HRS 2009 part III, as far as amplitudes tell: durations of single deflections are not measured."""
    if m.qrs_ms is None or m.qrs_ms < limits.qrs:
        return []
    leads = {each.lead: each for each in m.amplitudes}
    first, fifth, lateral = leads.get("V1"), leads.get("V6"), leads.get("I")
    rule = f"QRS ≥ {limits.qrs:g} ms"
    if first and lateral and first.r > abs(first.s) and _has_s(lateral, fifth):
        return [say("106", f"{rule}，V1 以 R 波为主，I、V6 有 S 波", qrs_ms=m.qrs_ms)]
    if first and lateral and abs(first.s) > 2 * first.r and lateral.r > 0 and not _has_s(lateral, fifth):
        return [say("104", f"{rule}，V1 以 S 波为主，I、V6 为单向 R 波", qrs_ms=m.qrs_ms)]
    return [say("107", rule, qrs_ms=m.qrs_ms)]


def _has_s(*leads: LeadAmplitudes | None) -> bool:
    return any(each is not None and each.s < -100 and abs(each.s) > 0.1 * each.r for each in leads)


def _axis(m: Measurements, limits: Limits) -> list[Suggestion]:
    axis = m.qrs_axis_deg
    if axis is None:
        return []
    low, high = limits.axis
    if axis < _SUPERIOR_DEG or axis > 180:
        return [say("122", f"QRS 电轴 {_SUPERIOR_DEG:g}° 至 -180°", axis_deg=axis)]
    if axis > high:
        return [say("120", f"QRS 电轴 > {high:g}°", axis_deg=axis)]
    if axis >= low:
        return []
    if limits.is_adult and axis <= _FASCICULAR_DEG and (m.qrs_ms or 0) < limits.qrs:
        return [say("101", f"QRS 电轴 {_SUPERIOR_DEG:g}° 至 {_FASCICULAR_DEG:g}°，QRS 不宽", axis_deg=axis)]
    return [say("121", f"QRS 电轴 < {low:g}°", axis_deg=axis)]

"""Measurements of a healthy adult, to be made ill one number at a time."""

from dataclasses import replace
from typing import Any

from services.ecg.rules.facts import Analysis, Beats, LeadAmplitudes, Measurements

_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def lead(name: str, **values: float) -> LeadAmplitudes:
    flat = {"p": 80.0, "q": -30.0, "r": 800.0, "s": -150.0, "st_j": 0.0, "st_60": 0.0, "t": 200.0}
    return LeadAmplitudes(name, **{**flat, **values})


def healthy(**changed: Any) -> Measurements:
    amplitudes = tuple(lead(name, **({"r": 200.0, "s": -900.0} if name in ("V1", "V2") else {})) for name in _LEADS)
    numbers = Measurements(
        heart_rate_bpm=72.0, rr_mean_ms=833.0, rr_shortest_ms=800.0, rr_longest_ms=870.0, rr_irregularity=0.02,
        has_p=True, p_ms=96.0, pr_ms=150.0, qrs_ms=92.0, qt_ms=390.0, qtcb_ms=427.0, qtcf_ms=414.0,
        p_axis_deg=50.0, qrs_axis_deg=40.0, t_axis_deg=35.0, rv5_uv=1200.0, sv1_uv=-900.0, amplitudes=amplitudes,
    )  # fmt: skip
    return replace(numbers, **changed)


def with_leads(numbers: Measurements, **changed: dict[str, float]) -> Measurements:
    """``with_leads(healthy(), II={"st_j": 200.0})``"""
    amplitudes = tuple(replace(each, **changed.get(each.lead, {})) for each in numbers.amplitudes)
    return replace(numbers, amplitudes=amplitudes)


def analysis(numbers: Measurements) -> Analysis:
    return Analysis(numbers, Beats((), ()), None)

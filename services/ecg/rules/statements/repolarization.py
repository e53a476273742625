"""Voltage, ST, T and QT: AHA/ACCF/HRS 2009 parts IV, V and VI. Secondary changes of a wide QRS are not called."""

from services.ecg.rules.facts import LeadAmplitudes, Measurements, PatientContext, Suggestion
from services.ecg.rules.statements.limits import Limits
from services.ecg.rules.statements.neighbours import in_neighbours, named
from services.ecg.rules.statements.wording import say, with_more

_ELEVATED_UV = 100.0
_V2_V3_UV = {"M": (200.0, 250.0), "F": (150.0, 150.0), "": (200.0, 250.0)}  # from 40 years on, younger
_DEPRESSED_UV, _INVERTED_UV = -50.0, -100.0
_NOT_INVERTED_IN = ("III", "aVR", "aVL", "V1", "V2", "V3R", "V4R", "V5R", "V6R")
_SOKOLOW_UV, _CORNELL_UV = 3500.0, {"M": 2800.0, "F": 2000.0, "": 2800.0}
_LOW_LIMB_UV, _LOW_CHEST_UV = 500.0, 1000.0
_BAZETT_RATES = (60.0, 100.0)
_HIGH_VOLTAGE_YEARS = 18.0


def repolarization(m: Measurements, patient: PatientContext, limits: Limits) -> list[Suggestion]:
    found = [*_voltage(m, patient, limits), *_qt(m, limits)]
    if not m.paced and m.qrs_ms is not None and m.qrs_ms < limits.qrs and limits.is_adult:
        found += _st_t(m, patient)
    return found


def _st_t(m: Measurements, patient: PatientContext) -> list[Suggestion]:
    found = []
    young = patient.age_years is not None and patient.age_years < 40
    v2_v3 = _V2_V3_UV[patient.sex][1 if young else 0]

    def is_elevated(lead: LeadAmplitudes) -> bool:
        return lead.lead != "aVR" and lead.st_j >= (v2_v3 if lead.lead in ("V2", "V3") else _ELEVATED_UV)

    def is_depressed(lead: LeadAmplitudes) -> bool:
        return lead.lead != "aVR" and lead.st_j <= _DEPRESSED_UV and lead.st_60 <= _DEPRESSED_UV

    def is_inverted(lead: LeadAmplitudes) -> bool:
        return lead.lead not in _NOT_INVERTED_IN and lead.t <= _INVERTED_UV

    values = {each.lead: each for each in m.amplitudes}
    for code, shows, rule in (
        ("145+363", is_elevated, f"J 点抬高：V2–V3 ≥ {v2_v3 / 1000:g} mV，其余 ≥ 0.1 mV，相邻 ≥ 2 导联"),
        ("145+362", is_depressed, "J 点及其后 60 ms 压低 ≥ 0.05 mV，相邻 ≥ 2 导联"),
    ):
        leads = named(in_neighbours(m, shows))
        if leads:
            numbers = {f"st_{lead}_mv": values[lead].st_j / 1000 for lead in leads}
            found.append(with_more(say(code, rule, **numbers), f"（{'、'.join(leads)}）"))
    inverted = named(in_neighbours(m, is_inverted))
    if inverted:
        numbers = {f"t_{lead}_mv": values[lead].t / 1000 for lead in inverted}
        said = say("147", "T 波倒置 ≥ 0.1 mV，相邻 ≥ 2 导联", **numbers)
        found.append(with_more(said, f"（{'、'.join(inverted)}）"))
    return found


def _voltage(m: Measurements, patient: PatientContext, limits: Limits) -> list[Suggestion]:
    leads = {each.lead: each for each in m.amplitudes}
    limb = [leads[name] for name in ("I", "II", "III", "aVR", "aVL", "aVF") if name in leads]
    chest = [leads[name] for name in ("V1", "V2", "V3", "V4", "V5", "V6") if name in leads]
    if len(limb) == 6 and len(chest) == 6:
        height, chest_height = max(map(_height, limb)), max(map(_height, chest))
        if height < _LOW_LIMB_UV and chest_height < _LOW_CHEST_UV:
            rule = "肢体导联 QRS 均 < 0.5 mV 且胸导联均 < 1.0 mV"
            return [say("125", rule, limb_mv=height / 1000, chest_mv=chest_height / 1000)]
    grown = patient.age_years is None or patient.age_years >= _HIGH_VOLTAGE_YEARS
    if m.paced or not grown or m.qrs_ms is None or m.qrs_ms >= limits.qrs:
        return []
    if m.rv5_uv is not None and m.sv1_uv is not None and m.rv5_uv + abs(m.sv1_uv) >= _SOKOLOW_UV:
        total = (m.rv5_uv + abs(m.sv1_uv)) / 1000
        return [say("142", "RV5 + SV1 ≥ 3.5 mV（Sokolow-Lyon）", rv5_sv1_mv=total)]
    if "aVL" in leads and "V3" in leads and leads["aVL"].r + abs(leads["V3"].s) > _CORNELL_UV[patient.sex]:
        total = (leads["aVL"].r + abs(leads["V3"].s)) / 1000
        return [say("142", "RaVL + SV3 超过 Cornell 界限（男 2.8 mV，女 2.0 mV）", ravl_sv3_mv=total)]
    return []


def _height(lead: LeadAmplitudes) -> float:
    return max(lead.r, 0.0) - min(lead.q, lead.s, 0.0)


def _qt(m: Measurements, limits: Limits) -> list[Suggestion]:
    """Bazett's between 60 and 100 beats a minute, Fridericia's beyond, where Bazett's misleads."""
    if m.heart_rate_bpm is None or m.paced:
        return []
    low, high = _BAZETT_RATES
    is_usual = low <= m.heart_rate_bpm <= high
    qtc, name = (m.qtcb_ms, "QTcB") if is_usual else (m.qtcf_ms, "QTcF")
    if qtc is None:
        return []
    numbers = {"qtc_ms": qtc, "qt_ms": m.qt_ms, "heart_rate_bpm": m.heart_rate_bpm, "qrs_ms": m.qrs_ms}
    if qtc >= limits.qtc and (m.qrs_ms or 0) < limits.qrs:
        return [say("148", f"{name} ≥ {limits.qtc:g} ms", **numbers)]
    if qtc <= limits.qtc_short:
        return [say("149", f"{name} ≤ {limits.qtc_short:g} ms", **numbers)]
    return []

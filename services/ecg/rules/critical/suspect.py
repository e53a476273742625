"""What of a county's list one recording raises. A suspicion hurries the case; a reader confirms or dismisses it."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.ecg.rules.critical.rule_set import (
    Condition,
    ElevationCondition,
    Item,
    NoBeatsCondition,
    NumberCondition,
    SuggestedCondition,
    rule_set,
)
from services.ecg.rules.facts import Analysis, LeadAmplitudes, Measurements, Suggestion, SuspectedCritical
from services.ecg.rules.statements.neighbours import in_neighbours, named

_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
_V1_V3 = ("V1", "V2", "V3")
_BAZETT_RATES = (60.0, 100.0)
Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the conditions are held against. ``silent_s``: length of a readable recording without any beat, else 0."""

    measurements: Measurements
    codes: frozenset[str]
    silent_s: float = 0.0


def suspected(
    analysis: Analysis, suggestions: Sequence[Suggestion], key: str, *, silent_s: float = 0.0
) -> tuple[SuspectedCritical, ...]:
    """In the list's order. Raises ValueError for a list that is not there."""
    chosen = rule_set(key)
    seen = Seen(analysis.measurements, frozenset(each.code for each in suggestions), silent_s)
    found = []
    for item in chosen.items:
        numbers = _raised(item, seen)
        if numbers is not None:
            found.append(SuspectedCritical(item.code, item.text, chosen.key, item.note or item.text, numbers))
    return tuple(found)


def _raised(item: Item, seen: Seen) -> Numbers | None:
    for conditions in item.any_of:
        held = [_holds(condition, seen) for condition in conditions]
        if all(each is not None for each in held):
            return {name: value for each in held if each for name, value in each.items()}
    return None


def _holds(condition: Condition, seen: Seen) -> Numbers | None:
    """The numbers that made it hold, or None."""
    m = seen.measurements
    if isinstance(condition, NumberCondition):
        return _number(condition, m)
    if isinstance(condition, SuggestedCondition):
        return {} if seen.codes & set(condition.codes) else None
    if isinstance(condition, ElevationCondition):
        return _elevation(condition, m)
    if isinstance(condition, NoBeatsCondition):
        return {"silent_s": seen.silent_s} if seen.silent_s >= condition.seconds else None
    tall = [each for each in m.amplitudes if each.lead in _CHEST and each.t >= condition.chest_uv]
    return {f"t_{each.lead}_mv": each.t / 1000 for each in tall} if len(tall) >= condition.leads else None


def _number(condition: NumberCondition, m: Measurements) -> Numbers | None:
    value = qtc_of(m) if condition.name == "qtc_ms" else getattr(m, condition.name)
    if value is None:
        return None
    holds = (
        (condition.at_least is None or value >= condition.at_least)
        and (condition.at_most is None or value <= condition.at_most)
        and (condition.below is None or value < condition.below)
    )
    return {condition.name: float(value)} if holds else None


def qtc_of(m: Measurements) -> float | None:
    if m.heart_rate_bpm is None:
        return None
    low, high = _BAZETT_RATES
    return m.qtcb_ms if low <= m.heart_rate_bpm <= high else m.qtcf_ms


def _elevation(condition: ElevationCondition, m: Measurements) -> Numbers | None:
    def shows(lead: LeadAmplitudes) -> bool:
        limit = condition.v1_v3_uv if lead.lead in _V1_V3 else condition.others_uv
        return lead.lead != "aVR" and lead.st_j >= limit

    leads = named(in_neighbours(m, shows))
    values = {each.lead: each.st_j for each in m.amplitudes}
    return {f"st_{lead}_mv": values[lead] / 1000 for lead in leads} if leads else None

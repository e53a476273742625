"""Which electrode is off: a limb lead is the difference of two of them, so the pattern over I, II and III tells.

RA is in I and II, LA in I and III, LL in II and III; RL, the ground, is in all. aVR, aVL and aVF only repeat this, and
so does a derived III; a third of a limb electrode's disturbance reaches every chest lead through Wilson's terminal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.ecg.parse.leads import CHEST, LIMB
from services.ecg.rules.quality.leads import RANK, Fault

Electrode = Literal["RA", "LA", "LL", "RL", "limbs", "all"]
NAMES: dict[Electrode, str] = {
    "RA": "右上肢（RA，红）电极",
    "LA": "左上肢（LA，黄）电极",
    "LL": "左下肢（LL，绿）电极",
    "RL": "右下肢（RL，黑，地线）电极",
    "limbs": "肢体导联",
    "all": "各导联",
}
"""Colours of IEC 60601-2-25 code 1, the one on carts sold in China."""
BOUND = ("I", "II", "III")
OF_CONTACT = frozenset({"flat", "saturated", "gap"})
OF_CONTACT_BY_TWO: dict[frozenset[str], Electrode] = {
    frozenset({"I", "II"}): "RA",
    frozenset({"I"}): "LA",
    frozenset({"II"}): "LL",
}
OF_PATIENT = frozenset({"noise", "wander"})
"""Tremor and breathing spoil every limb at once; no electrode is to blame."""
LEADS_OF: dict[Electrode, frozenset[str]] = {
    "RA": frozenset({"I", "II"}),
    "LA": frozenset({"I", "III"}),
    "LL": frozenset({"II", "III"}),
    "RL": frozenset(BOUND),
}
WILSON_PART = 0.5
"""A chest lead with up to this part of a limb lead's disturbance has it through Wilson's terminal (a third)."""


@dataclass(frozen=True, slots=True)
class ElectrodeFault:
    """``leads``: every lead the electrode spoils, which need not be told again one by one."""

    electrode: Electrode
    fault: Fault
    leads: tuple[str, ...]


def electrode_faults(faults: Mapping[str, tuple[Fault, ...]], derived: frozenset[str]) -> tuple[ElectrodeFault, ...]:
    """One per code at most. ``faults``: by lead, of all leads there are. A code of one lone limb lead names none."""
    codes = dict.fromkeys(fault.code for lead in BOUND for fault in faults.get(lead, ()))
    named = (_named(code, faults, derived) for code in codes)
    return tuple(sorted((each for each in named if each is not None), key=lambda each: -RANK[each.fault.verdict]))


def _named(code: str, faults: Mapping[str, tuple[Fault, ...]], derived: frozenset[str]) -> ElectrodeFault | None:
    by_lead = {lead: fault for lead, all_of in faults.items() for fault in all_of if fault.code == code}
    hit = frozenset(by_lead) & frozenset(BOUND)
    electrode = _electrode(hit, code, derived, all_chest=_all_chest(by_lead, faults))
    if electrode is None:
        return None
    worst = max((by_lead[lead] for lead in hit), key=lambda fault: (RANK[fault.verdict], fault.number))
    through_wilson = [
        lead
        for lead in CHEST
        if lead in by_lead and (electrode in {"RL", "all"} or by_lead[lead].number <= WILSON_PART * worst.number)
    ]
    return ElectrodeFault(electrode, worst, tuple(lead for lead in LIMB if lead in by_lead) + tuple(through_wilson))


def _all_chest(by_lead: Mapping[str, Fault], faults: Mapping[str, tuple[Fault, ...]]) -> bool:
    chest = [lead for lead in CHEST if lead in faults]
    return bool(chest) and all(lead in by_lead for lead in chest)


def _electrode(hit: frozenset[str], code: str, derived: frozenset[str], *, all_chest: bool) -> Electrode | None:
    if code in OF_CONTACT and "III" in derived:
        # III is made of I and II: flat with both, or as good as the other. It knows nothing of its own.
        return OF_CONTACT_BY_TWO.get(hit - {"III"})
    if len(hit) == len(BOUND):
        if code in OF_PATIENT:
            return "all" if all_chest else "limbs"
        # A cart that computes III gives three flat leads for RA too; the ground spoils the chest leads as well.
        return "RL" if all_chest or code not in OF_CONTACT else "RA"
    return next((name for name, leads in LEADS_OF.items() if leads == hit), None)

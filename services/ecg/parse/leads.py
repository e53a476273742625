"""Canonical lead names, their order on paper, and what follows from Einthoven and Goldberger."""

from dataclasses import replace

import numpy as np

from services.ecg.parse.recording import Recording

LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
STANDARD = LIMB + CHEST
RIGHT = ("V3R", "V4R", "V5R", "V6R")
POSTERIOR = ("V7", "V8", "V9")
FRANK = ("X", "Y", "Z")
KNOWN = STANDARD + RIGHT + POSTERIOR + FRANK
_BY_FOLDED = {name.lower(): name for name in KNOWN} | {
    "mdc_ecg_lead_" + name.lower(): name for name in KNOWN
} | {"d1": "I", "d2": "II", "d3": "III", "1": "I", "2": "II", "3": "III", "c1": "V1", "c2": "V2", "c3": "V3",
     "c4": "V4", "c5": "V5", "c6": "V6", "rv3": "V3R", "rv4": "V4R", "rv5": "V5R"}  # fmt: skip


def canonical(name: str) -> str | None:
    """The canonical name of what a file calls a lead (``LEAD II``, ``avf``, ``MDC_ECG_LEAD_V1``), or None."""
    folded = "".join(name.lower().replace("lead", "" if "mdc" not in name.lower() else "lead").split()).strip(":-")
    return _BY_FOLDED.get(folded)


def with_derived_limb_leads(recording: Recording) -> Recording:
    """III, aVR, aVL and aVF computed from I and II where the file has none, and marked as derived.

    III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2. Without both I and II nothing is derived. The
    leads come out in the order of STANDARD, then whatever else was recorded.
    """
    have = dict(zip(recording.leads, recording.microvolts, strict=True))
    derived: set[str] = set(recording.derived)
    if "I" in have and "II" in have:
        one, two = have["I"], have["II"]
        computed = {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
        for name, samples in computed.items():
            if name not in have:
                have[name] = samples
                derived.add(name)
    order = [name for name in KNOWN if name in have]
    return replace(
        recording, leads=tuple(order), microvolts=np.stack([have[name] for name in order]), derived=frozenset(derived)
    )

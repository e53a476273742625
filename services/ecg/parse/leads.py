"""Canonical lead names, their order on paper, and what follows from Einthoven and Goldberger."""

import re
import unicodedata
from dataclasses import replace
from itertools import combinations

import numpy as np

from services.ecg.parse.recording import Microvolts, Recording
from services.ecg.parse.refusal import Remark

LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
STANDARD = LIMB + CHEST
RIGHT = ("V3R", "V4R", "V5R", "V6R")
POSTERIOR = ("V7", "V8", "V9")
FRANK = ("X", "Y", "Z")
KNOWN = STANDARD + RIGHT + POSTERIOR + FRANK
_BY_FOLDED = {name.lower(): name for name in KNOWN} | {
    "d1": "I", "d2": "II", "d3": "III", "di": "I", "dii": "II", "diii": "III", "c1": "V1", "c2": "V2", "c3": "V3",
    "c4": "V4", "c5": "V5", "c6": "V6", "rv3": "V3R", "rv4": "V4R", "rv5": "V5R", "rv6": "V6R", "vx": "X", "vy": "Y",
    "vz": "Z",
}  # fmt: skip
_REMARKS_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_GAP = re.compile(r"[\s_:.]+")
_PREFIX = re.compile(r"^(mdcecglead|ecglead|ekglead|ecg|ekg|lead|导联)-?")  # no other hyphen: I-II is no lead
MAX_NAME = 64

# Each limb lead as (share of I, share of II): Einthoven's triangle and Goldberger's augmented leads.
_SHARES = {
    "I": (1.0, 0.0), "II": (0.0, 1.0), "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5), "aVL": (1.0, -0.5), "aVF": (-0.5, 1.0),
}  # fmt: skip


def canonical(name: str) -> str | None:
    """The canonical name of what a file calls a lead (``LEAD II``, ``avf``, ``MDC_ECG_LEAD_V3R``, ``V3 R``,
    ``Lead V1 (Einthoven)``, ``Ⅱ``), or None.

    Bare numbers are no lead names: column 1 of a table may as well be V1.
    """
    if len(name) > MAX_NAME:
        return None
    folded = _REMARKS_IN_BRACKETS.sub("", unicodedata.normalize("NFKC", name)).lower()
    if folded.strip().startswith("-"):  # -aVR of Cabrera's order is another curve than aVR
        return None
    words = _GAP.split(folded)
    if sum(bool(word) and not word.strip("i") for word in words) > 1:  # "I II" names two leads, not III
        return None
    folded = "".join(words)
    return _BY_FOLDED.get(folded) or _BY_FOLDED.get(_PREFIX.sub("", folded))


def with_known_leads(recording: Recording) -> Recording:
    """Only leads with a canonical name, one curve each; ``leads_ignored`` where something else was recorded.

    Of two curves under one name (a 2.5 s column and a rhythm strip) the one with more samples stays.
    """
    chosen: dict[str, Microvolts] = {}
    for name, samples in zip(recording.leads, recording.microvolts, strict=True):
        known = canonical(name)
        if known and (known not in chosen or _samples_held(samples) > _samples_held(chosen[known])):
            chosen[known] = samples
    remarks = recording.remarks
    if len(chosen) < len(recording.leads) and Remark.leads_ignored not in remarks:
        remarks = (*remarks, Remark.leads_ignored)
    rows = np.stack(list(chosen.values())) if chosen else np.empty((0, recording.microvolts.shape[1]))
    derived = frozenset(known for name in recording.derived if (known := canonical(name)) in chosen)
    return replace(
        recording, leads=tuple(chosen), microvolts=rows, derived=frozenset(filter(None, derived)), remarks=remarks
    )


def with_derived_limb_leads(recording: Recording) -> Recording:
    """The limb leads that the file lacks, computed from two that it has, and marked as derived.

    Two limb leads determine the other four exactly: III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2,
    and so from any other pair. Recorded leads are never replaced; with fewer than two nothing is derived. The leads
    come out in the order of KNOWN.
    """
    have = dict(zip(recording.leads, recording.microvolts, strict=True))
    derived = set(recording.derived)
    pair = _best_pair(have, derived)
    if pair and any(name not in have for name in LIMB):
        to_base = np.linalg.inv(np.array([_SHARES[name] for name in pair]))
        first, second = have[pair[0]], have[pair[1]]
        for name in LIMB:
            if name not in have:
                share_first, share_second = np.array(_SHARES[name]) @ to_base
                have[name] = share_first * first + share_second * second
                derived.add(name)
    order = [name for name in KNOWN if name in have]
    rows = np.stack([have[name] for name in order]) if order else recording.microvolts[:0]
    return replace(recording, leads=tuple(order), microvolts=rows, derived=frozenset(derived))


def _best_pair(have: dict[str, Microvolts], derived: set[str]) -> tuple[str, str] | None:
    """The two limb leads with most common instants; bipolar ones before augmented ones, recorded before derived."""
    limb = [name for name in LIMB if name in have and name not in derived]
    if len(limb) < 2:
        limb = [name for name in LIMB if name in have]
    pairs = list(combinations(limb, 2))
    return max(pairs, key=lambda pair: _samples_held(have[pair[0]] + have[pair[1]])) if pairs else None


def _samples_held(samples: Microvolts) -> int:
    return int(np.count_nonzero(np.isfinite(samples)))

"""Ways to spoil a synthetic recording as an electrode, a cable or a clinic does."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.ecg.parse.recording import Recording
from services.ecg.rules.facts import Quality
from tests.support.ecg_signals import make_ecg

Samples = NDArray[np.float64]
CHEST_ONLY = ("V1", "V2", "V3", "V4", "V5", "V6")
EIGHT = ("I", "II", *CHEST_ONLY)
SHARE = {"RA": {"I": -1.0, "II": -1.0}, "LA": {"I": 1.0, "III": -1.0}, "LL": {"II": 1.0, "III": 1.0}}


def clean(leads: tuple[str, ...] = (*EIGHT[:2], "III", "aVR", "aVL", "aVF", *CHEST_ONLY)) -> Recording:
    return make_ecg(leads=leads, noise_uv=8.0)


def spoil(recording: Recording, leads: str | tuple[str, ...], how: Callable[[Samples], Samples]) -> Recording:
    samples = recording.microvolts.copy()
    for lead in (leads,) if isinstance(leads, str) else leads:
        samples[recording.leads.index(lead)] = how(samples[recording.leads.index(lead)])
    return replace(recording, microvolts=samples)


def at_electrode(recording: Recording, electrode: str, disturbance: Samples) -> Recording:
    """Adds what one limb electrode picks up to every lead it is part of, chest leads through Wilson's terminal."""
    samples = recording.microvolts.copy()
    own = {"RA": "aVR", "LA": "aVL", "LL": "aVF"}[electrode]
    augmented = {lead: 1.0 if lead == own else -0.5 for lead in ("aVR", "aVL", "aVF")}
    shares = {**SHARE[electrode], **augmented, **dict.fromkeys(CHEST_ONLY, -1 / 3)}
    for row, lead in enumerate(recording.leads):
        samples[row] += shares.get(lead, 0.0) * disturbance
    return replace(recording, microvolts=samples)


def wave(recording: Recording, hertz: float, amplitude_uv: float) -> Samples:
    time = np.arange(recording.microvolts.shape[1]) / recording.sampling_rate_hz
    return np.asarray(amplitude_uv * np.sin(2 * np.pi * hertz * time + 0.4))


def texts(quality: Quality) -> list[str]:
    """Everything the nurse is shown."""
    return [fault.text for fault in quality.faults] + [lead.text for lead in quality.leads if lead.text]


def faults_of(quality: Quality, lead: str) -> tuple[str, ...]:
    return next(each.faults for each in quality.leads if each.lead == lead)


def verdict_of(quality: Quality, lead: str) -> str:
    return next(each.verdict for each in quality.leads if each.lead == lead)

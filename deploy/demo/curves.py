"""An ECG made by code for the demo: twelve leads that obey Einthoven, written as the JSON this centre documents."""

import json
import math
from datetime import datetime

_RATE_HZ, _SECONDS = 500, 10
# Amplitude in mV of P, Q, R, S, ST and T in the leads an ECG records; the other limb leads follow from I and II.
_LEADS = {
    "I": (0.08, -0.03, 0.70, -0.10, 0.0, 0.20),
    "II": (0.12, -0.04, 1.00, -0.12, 0.0, 0.28),
    "V1": (0.05, 0.0, 0.20, -1.00, 0.02, -0.05),
    "V2": (0.06, 0.0, 0.40, -1.30, 0.05, 0.35),
    "V3": (0.06, 0.0, 0.75, -0.90, 0.04, 0.40),
    "V4": (0.07, -0.03, 1.20, -0.50, 0.02, 0.38),
    "V5": (0.07, -0.05, 1.25, -0.25, 0.0, 0.30),
    "V6": (0.07, -0.05, 0.95, -0.12, 0.0, 0.24),
}
# Centre (s after the beat's R) and width (s) of each wave.
_WAVES = ((-0.16, 0.022), (-0.028, 0.008), (0.0, 0.010), (0.028, 0.010), (0.12, 0.045), (0.27, 0.045))
_DELAYED_P_S = -0.24


def slow_with_long_pr(recorded_at: datetime) -> bytes:
    """Sinus bradycardia of 46 beats a minute with a PR interval of about 0.24 s, 500 samples a second."""
    gap_s = 60 / 46
    beats = [0.5 + number * gap_s for number in range(math.ceil(_SECONDS / gap_s))]
    times = [number / _RATE_HZ for number in range(_RATE_HZ * _SECONDS)]
    curves = {lead: [_value(heights, beats, at) for at in times] for lead, heights in _LEADS.items()}
    document = {
        "sampling_rate_hz": _RATE_HZ,
        "unit": "uV",
        "recorded_at": recorded_at.isoformat(),
        "manufacturer": "GONGZHEN DEMO",
        "leads": curves,
    }
    return json.dumps(document).encode()


def _value(heights: tuple[float, ...], beats: list[float], at: float) -> int:
    value = 0.0
    for beat in beats:
        if abs(at - beat) < 0.6:
            for number, (height, (center, width)) in enumerate(zip(heights, _WAVES, strict=True)):
                middle = _DELAYED_P_S if number == 0 else center
                value += height * math.exp(-(((at - beat - middle) / width) ** 2) / 2)
    return round(value * 1000)

"""From the numbers of a lead to its faults: what a reader may still read, and what is to be done again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from services.ecg.rules.quality.signals import Disturbances

Verdict = Literal["ok", "poor", "unusable"]
RANK: dict[Verdict, int] = {"ok": 0, "poor": 1, "unusable": 2}


@dataclass(frozen=True, slots=True)
class Limit:
    """From ``poor`` on the fault is named, from ``unusable`` on the lead has to be recorded again."""

    code: str
    number: Callable[[Disturbances, int], float]
    poor: float
    unusable: float


LIMITS = (
    # A second is a beat and more; three take a third of a recording of ten. Four blocks of 0.2 s lie in any second.
    Limit("flat", lambda numbers, row: float(numbers.silent_s[row]), 0.75, 3.0),
    # A clipped QRS costs some 10 ms a beat; half a second is a lead at its rail.
    Limit("saturated", lambda numbers, row: float(numbers.rail_ms[row]), 40.0, 500.0),
    # The paper speed hides gaps up to 0.2 s in ten.
    Limit("gap", lambda numbers, row: float(numbers.gap_share[row]), 0.02, 0.2),
    # 50 µV of amplitude is 1 mm on paper, what ST is read to; 98 % of LUDB and CinC 2021 leads stay below 12 µV.
    Limit("mains", lambda numbers, row: float(numbers.mains_uv[row]), 50.0, 500.0),
    # 28 µV RMS is 1.5 mm peak to peak and hides small P waves; 98 % of LUDB leads stay below 10 µV.
    Limit("noise", lambda numbers, row: float(numbers.noise_uv[row]), 28.0, 120.0),
    # 8 mm of wander crosses the next lead's trace on paper; 5 mV leaves the range of a cart (IEC 60601-2-25).
    Limit("wander", lambda numbers, row: float(numbers.wander_uv[row]), 800.0, 5000.0),
)


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    verdict: Verdict
    number: float


def faults_of(numbers: Disturbances, row: int) -> tuple[Fault, ...]:
    """The worst first; what is flat or at a rail is not judged for hum, noise and wander."""
    found = [
        Fault(limit.code, "unusable" if value >= limit.unusable else "poor", value)
        for limit in LIMITS
        if (value := limit.number(numbers, row)) >= limit.poor
    ]
    if any(fault.code in {"flat", "saturated"} and fault.verdict == "unusable" for fault in found):
        found = [fault for fault in found if fault.code in {"flat", "saturated", "gap"}]
    return tuple(sorted(found, key=lambda fault: -RANK[fault.verdict]))


def advice(subject: str, fault: Fault, mains_hz: float) -> str:
    """``subject``: a lead (V3) or an electrode (右上肢（RA，红）)."""
    if fault.code == "mains":
        return f"{subject} 工频干扰（{mains_hz:.0f} Hz），请检查电极与接地" + _again(fault)
    if fault.code == "flat" and fault.verdict == "unusable":
        return f"{subject} 脱落，请重做"
    return f"{subject} {_ADVICE[fault.code]}" + _again(fault)


def _again(fault: Fault) -> str:
    return "后重做" if fault.verdict == "unusable" else ""


_ADVICE = {
    "flat": "间断平线，请按紧电极并检查导线",
    "saturated": "削顶（超出量程），请检查电极接触与增益",
    "gap": "部分无数据，请检查连接",
    "noise": "肌电干扰，请让患者放松、保暖，检查电极接触",
    "wander": "基线漂移，请清洁皮肤、重贴电极，嘱患者平静呼吸",
}

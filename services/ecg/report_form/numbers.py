"""The computer's numbers as a report names them, and the reader's in their place."""

import math

from services.ecg.report_form.form import EcgForm
from services.ecg.rules.facts import Measurements

Number = int | float | None
FIELDS = (
    "heart_rate_bpm",
    "pr_ms",
    "qrs_ms",
    "qt_ms",
    "qtcb_ms",
    "qtcf_ms",
    "axis_deg",
    "p_axis_deg",
    "t_axis_deg",
    "rv5_mv",
    "sv1_mv",
)


def computer_numbers(measured: Measurements) -> dict[str, Number]:
    """Whole beats/min, ms and degrees; mV to the hundredth, both as heights above zero."""
    return {
        "heart_rate_bpm": _whole(measured.heart_rate_bpm),
        "pr_ms": _whole(measured.pr_ms),
        "qrs_ms": _whole(measured.qrs_ms),
        "qt_ms": _whole(measured.qt_ms),
        "qtcb_ms": _whole(measured.qtcb_ms),
        "qtcf_ms": _whole(measured.qtcf_ms),
        "axis_deg": _whole(measured.qrs_axis_deg),
        "p_axis_deg": _whole(measured.p_axis_deg),
        "t_axis_deg": _whole(measured.t_axis_deg),
        "rv5_mv": _millivolts(measured.rv5_uv),
        "sv1_mv": _millivolts(measured.sv1_uv),
    }


def signed_numbers(form: EcgForm, computer: dict[str, Number]) -> dict[str, Number]:
    given = {name: getattr(form, name) for name in FIELDS}
    return {name: computer[name] if value == "measured" else value for name, value in given.items()}


def corrected_fields(form: EcgForm, computer: dict[str, Number]) -> list[str]:
    """Whose number is the reader's own. Writing the computer's number again corrects nothing."""
    signed = signed_numbers(form, computer)
    return [name for name in FIELDS if signed[name] != computer[name]]


def _whole(value: float | None) -> int | None:
    return None if value is None or not math.isfinite(value) else math.floor(value + 0.5)


def _millivolts(microvolts: float | None) -> float | None:
    return None if microvolts is None or not math.isfinite(microvolts) else round(abs(microvolts) / 1000, 2)

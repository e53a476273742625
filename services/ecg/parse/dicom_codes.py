"""Codes of leads and measurements in DICOM waveforms: MDC (PS3.16 CID 3001, 3227-3229, 3335) and SCPECG 1.3."""

LEAD_NUMBERS = {
    1: "I", 2: "II", 3: "V1", 4: "V2", 5: "V3", 6: "V4", 7: "V5", 8: "V6", 9: "V7", 11: "V3R", 12: "V4R", 13: "V5R",
    14: "V6R", 16: "X", 17: "Y", 18: "Z", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", 66: "V8", 67: "V9",
}  # fmt: skip
DERIVED_NUMBERS = {
    31: "I", 32: "II", 33: "V1", 34: "V2", 35: "V3", 36: "V4", 37: "V5", 38: "V6", 111: "III", 112: "aVR", 113: "aVL",
    114: "aVF",
}  # fmt: skip
NUMBER_OF_LEAD = {name: number for number, name in LEAD_NUMBERS.items()}

# In the order of trust: of two codes for one measurement the first in this table is taken.
MEASUREMENTS = {
    "2:16770": "heart_rate_bpm", "2:16016": "heart_rate_bpm", "MDC_ECG_HEART_RATE": "heart_rate_bpm",
    "2:16168": "rr_ms", "5.10.2.1-3": "rr_ms", "MDC_ECG_TIME_PD_RR": "rr_ms",
    "2:16184": "p_ms", "5.13.5-5": "p_ms", "MDC_ECG_TIME_PD_P": "p_ms",
    "2:15872": "pr_ms", "5.13.5-7": "pr_ms", "MDC_ECG_TIME_PD_PR": "pr_ms",
    "2:16156": "qrs_ms", "5.13.5-9": "qrs_ms", "MDC_ECG_TIME_PD_QRS": "qrs_ms",
    "2:16160": "qt_ms", "5.13.5-11": "qt_ms", "MDC_ECG_TIME_PD_QT": "qt_ms",
    "2:15880": "qtc_ms", "2:15876": "qtc_ms", "5.10.2.5-5": "qtc_ms", "2:15892": "qtc_ms",
    "MDC_ECG_TIME_PD_QTc": "qtc_ms",
    "2:16128": "p_axis_deg", "5.10.3-11": "p_axis_deg", "MDC_ECG_ANGLE_P_FRONT": "p_axis_deg",
    "2:16132": "qrs_axis_deg", "5.10.3-13": "qrs_axis_deg", "MDC_ECG_ANGLE_QRS_FRONT": "qrs_axis_deg",
    "2:16136": "t_axis_deg", "5.10.3-15": "t_axis_deg", "MDC_ECG_ANGLE_T_FRONT": "t_axis_deg",
}  # fmt: skip
# A meaning is asked only where the code is none of the above: private schemes write these words.
MEANINGS = {
    "heart rate": "heart_rate_bpm", "ventricular heart rate": "heart_rate_bpm", "ventricular rate": "heart_rate_bpm",
    "rr interval": "rr_ms", "p duration": "p_ms", "pr interval": "pr_ms", "qrs duration": "qrs_ms",
    "qt interval": "qt_ms", "qtc interval": "qtc_ms", "p axis": "p_axis_deg", "qrs axis": "qrs_axis_deg",
    "t axis": "t_axis_deg",
}  # fmt: skip
PACE_SPIKES = range(4096, 6912)  # MDC 10:n, antibradycardia and antitachycardia spikes of every chamber
VENTRICULAR_PACE_SPIKE = "10:5120"


def is_lead_number(code: str) -> bool:
    """``2:61`` or ``5.6.3-9-61``; not 0, the unspecified lead, which leaves the name to the label."""
    return _number(code) > 0


def lead_of(code: str) -> tuple[str, bool] | None:
    """The lead of a channel source code, and whether the code itself calls it derived."""
    number = _number(code)
    if number in LEAD_NUMBERS:
        return LEAD_NUMBERS[number], False
    return (DERIVED_NUMBERS[number], True) if number in DERIVED_NUMBERS else None


def _number(code: str) -> int:
    text = code.removeprefix("5.6.3-9-").removeprefix("2:").strip()
    return int(text) if text != code and text.isdecimal() and len(text) <= 4 else 0


def is_pace_spike(code: str, meaning: str) -> bool:
    number = code.removeprefix("10:")
    if number != code and number.isdecimal() and len(number) < 6:
        return int(number) in PACE_SPIKES
    words = meaning.lower()
    return "spike" in words and ("pac" in words or "起搏" in words)

"""What the cart itself measured and stated in an HL7 annotated ECG: the annotation sets of its series."""

import statistics
from collections import defaultdict
from collections.abc import Iterator

from services.ecg.parse.recording import CartMeasurements
from services.ecg.parse.xml import Node
from services.ecg.parse.xml_values import measured

_MEASUREMENTS = {
    "heart_rate": "heart_rate_bpm",
    "time_pd_rr": "rr_ms",
    "time_pd_p": "p_ms",
    "time_pd_pr": "pr_ms",
    "time_pd_pq": "pr_ms",
    "time_pd_qrs": "qrs_ms",
    "time_pd_qt": "qt_ms",
    "time_pd_qtc": "qtc_ms",
    "time_pd_qtcb": "qtc_ms",
    "time_pd_qtch": "qtc_ms",  # MINDRAY_ECG_…, inside an empty MDC_ECG_TIME_PD_QTc
    "angle_p_front": "p_axis_deg",
    "angle_qrs_front": "qrs_axis_deg",
    "angle_t_front": "t_axis_deg",
    "p_axis": "p_axis_deg",  # MINDRAY_ECG_…
    "qrs_axis": "qrs_axis_deg",
    "t_axis": "t_axis_deg",
}
_FACTORS = {"ms": {"": 1.0, "ms": 1.0, "s": 1000.0}, "bpm": {"hz": 60.0, "/s": 60.0}, "deg": {}}
_STATEMENT = "MDC_ECG_INTERPRETATION_STATEMENT"
_NOT_STATED = {"MDC_ECG_INTERPRETATION_COMMENT", "MDC_ECG_INTERPRETATION_SEVERITY"}


def measurements(series: list[Node]) -> CartMeasurements:
    """Values of the whole recording; where there are only values beat by beat, their median. Those of one lead and
    those of an author who is a person are left out."""
    whole: dict[str, list[float]] = defaultdict(list)
    beats: dict[str, list[float]] = defaultdict(list)
    for annotation, in_beat in _annotations(series):
        field = _field(annotation.attribute("code", "code"))
        value = measured(annotation.attribute("value", "value")) if field else None
        factor = _factor(field, annotation.attribute("value", "unit")) if field else None
        if value is not None and factor is not None:
            (beats if in_beat else whole)[field].append(value * factor)
    found = {field: statistics.median(values) for field, values in beats.items()}
    return CartMeasurements(**(found | {field: values[0] for field, values in whole.items()}))


def statements(series: list[Node]) -> tuple[str, ...]:
    """The interpretation line by line; the rhythm alone where there is none."""
    lines: dict[str, None] = {}
    others: dict[str, None] = {}
    rhythms: dict[str, None] = {}
    for annotation, _ in _annotations(series):
        code, text = annotation.attribute("code", "code").upper(), _text(annotation.child("value"))
        if not text:
            continue
        if code == _STATEMENT:
            lines[text] = None
        elif code.startswith("MDC_ECG_INTERPRETATION") and code not in _NOT_STATED:
            others[text] = None
        elif code == "MDC_ECG_RHY":
            rhythms[text] = None
    return tuple(lines or others or rhythms)


def _annotations(series: list[Node]) -> Iterator[tuple[Node, bool]]:
    """Every annotation the machine made of all leads together, and whether it stands inside a beat."""
    for one in series:
        for annotation_set in one.all("subjectOf", "annotationSet"):
            if annotation_set.child("author", "assignedEntity", "assignedAuthorType", "assignedPerson"):
                continue
            waiting = [(node, False) for node in annotation_set.all("component", "annotation")][::-1]
            while waiting:
                annotation, in_beat = waiting.pop()
                if _is_of_one_lead(annotation):
                    continue
                yield annotation, in_beat
                inside = in_beat or annotation.attribute("code", "code").upper() == "MDC_ECG_BEAT"
                waiting += [(node, inside) for node in annotation.all("component", "annotation")][::-1]


def _field(code: str) -> str:
    """Of ``MDC_ECG_TIME_PD_QTc``, ``MDC_ECG_ANGLE_P_FRONT_GL``, ``MINDRAY_ECG_P_AXIS``; empty for any other."""
    _, found, rest = code.lower().partition("_ecg_")
    return _MEASUREMENTS.get(rest.removesuffix("_gl"), "") if found else ""


def _factor(field: str, unit: str) -> float | None:
    """To the unit of the field's name; None for a unit that is not known to be of that kind."""
    unit = unit.strip().lower()
    if field.endswith("_ms"):
        return _FACTORS["ms"].get(unit)
    if field.endswith("_bpm"):
        return _FACTORS["bpm"].get(unit, 1.0)
    return 1.0 if unit in {"", "deg"} else None


def _is_of_one_lead(annotation: Node) -> bool:
    boundaries = annotation.all("support", "supportingROI", "component", "boundary")
    return any("_ECG_LEAD_" in boundary.attribute("code", "code").upper() for boundary in boundaries)


def _text(value: Node | None) -> str:
    if value is None:
        return ""
    return " ".join((value.text or value.attribute("displayName")).split())

"""A FHIR R4 Observation to ResultLines: one for its own value, one for each component."""

from dataclasses import dataclass
from datetime import datetime

from services.lab.parse.fhir_node import Node
from services.lab.parse.message import LineStatus, ResultLine
from services.lab.parse.times import WITHOUT_ZONE, has_zone, read_time

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
STATUS = {
    **dict.fromkeys(("registered", "preliminary", "partial"), LineStatus.preliminary),
    "final": LineStatus.final,
    **dict.fromkeys(("amended", "corrected", "appended"), LineStatus.corrected),
    **dict.fromkeys(("cancelled", "entered-in-error"), LineStatus.deleted),
}


@dataclass(frozen=True, slots=True)
class _Value:
    text: str = ""
    kind: str = ""
    unit: str = ""
    code: str = ""
    attachment: str = ""


def read_observation(node: Node, report_status: str, remarks: dict[str, None]) -> list[ResultLine]:
    """Raises Rejected by path. A panel that only names its members has no line of its own."""
    components = list(node.children("component"))
    value = _value(node)
    own = value.kind or node.child("dataAbsentReason") or not (components or node.value.get("hasMember"))
    written = [node] if own else []
    return [_line(node, each, report_status, remarks) for each in (*written, *components)]


def _line(observation: Node, node: Node, report_status: str, remarks: dict[str, None]) -> ResultLine:
    code, name, system, loinc = _code(node)
    value = _value(node)
    if value.attachment:
        remarks["attachment_not_shown"] = None
    absent = node.child("dataAbsentReason")
    notes = [note.text("text") for note in observation.children("note")]
    performers = [performer.text("display") for performer in observation.children("performer")]
    device = observation.child("device")
    return ResultLine(
        code=code,
        name=name,
        coding_system=system,
        loinc=loinc,
        value=value.text,
        value_type=value.kind,
        unit=value.unit,
        reference_text="; ".join(filter(None, (_range(each) for each in node.children("referenceRange")))),
        flags=tuple(
            coding.text("code")
            for concept in node.children("interpretation")
            for coding in concept.children("coding")
            if coding.text("code")
        ),
        status=_status(observation, report_status, remarks),
        observed_at=_observed_at(observation, remarks),
        analyzer=device.text("display") if device else "",
        operator=next((name for name in performers if name), ""),
        set_id=observation.text("id"),
        comments=tuple(filter(None, (*notes, _concept(absent)[0] if absent else ""))),
        value_code=value.code,
        attachment=value.attachment,
    )


def _status(observation: Node, report_status: str, remarks: dict[str, None]) -> LineStatus:
    """A report that was withdrawn withdraws its values."""
    if STATUS.get(report_status) is LineStatus.deleted:
        return LineStatus.deleted
    status = STATUS.get(observation.text("status"))
    if status is None:
        remarks["status_unknown"] = None
    return status or LineStatus.preliminary


def _observed_at(node: Node, remarks: dict[str, None]) -> datetime | None:
    period = node.child("effectivePeriod")
    text = node.text("effectiveDateTime") or node.text("effectiveInstant") or (period.text("start") if period else "")
    moment = read_time(text or node.text("issued"))
    if moment and not has_zone(text or node.text("issued")):
        remarks[WITHOUT_ZONE] = None
    return moment


def _code(node: Node) -> tuple[str, str, str, str]:
    """Code, name, its system and LOINC. The first coding is the sender's own."""
    concept = node.child("code")
    if concept is None:
        return "", "", "", ""
    codings = list(concept.children("coding"))
    loinc = next((each.text("code") for each in codings if each.text("system") == LOINC), "")
    text = concept.text("text")
    if not codings:
        return text, text, "", ""
    first = codings[0]
    return first.text("code") or text, text or first.text("display"), first.text("system"), loinc


def _concept(node: Node) -> tuple[str, str]:
    """Text and code."""
    codings = list(node.children("coding"))
    shown = node.text("text") or next((each.text("display") for each in codings if each.text("display")), "")
    code = next((each.text("code") for each in codings if each.text("code")), "")
    return (shown, code) if shown else (code, "")


def _quantity(node: Node) -> tuple[str, str]:
    """Comparator and digits, and the unit: UCUM's code where the sender says UCUM."""
    unit = node.text("code") if node.text("system") == UCUM and node.text("code") else node.text("unit")
    number = node.number("value")
    return (node.text("comparator") + number if number else ""), unit or node.text("code")


def _value(node: Node) -> _Value:
    for kind in ("String", "Integer", "Time", "DateTime", "Boolean"):
        if f"value{kind}" in node.value:
            return _Value(node.text(f"value{kind}"), kind)
    if quantity := node.child("valueQuantity"):
        text, unit = _quantity(quantity)
        return _Value(text, "Quantity", unit)
    if concept := node.child("valueCodeableConcept"):
        text, code = _concept(concept)
        return _Value(text, "CodeableConcept", code=code)
    if between := node.child("valueRange"):
        text, unit = _pair(between, "low", "high", "-")
        return _Value(text, "Range", unit)
    if ratio := node.child("valueRatio"):
        text, unit = _pair(ratio, "numerator", "denominator", ":")
        return _Value(text, "Ratio", unit)
    if period := node.child("valuePeriod"):
        return _Value(f"{period.text('start')}/{period.text('end')}", "Period")
    if sampled := node.child("valueSampledData"):
        return _Value("", "SampledData", attachment=f"SampledData, {len(sampled.text('data'))} characters")
    return _Value()


def _pair(node: Node, first: str, second: str, separator: str) -> tuple[str, str]:
    pairs = [_quantity(child) if (child := node.child(name)) else ("", "") for name in (first, second)]
    return separator.join(text for text, _ in pairs), next((unit for _, unit in pairs if unit), "")


def _range(node: Node) -> str:
    if text := node.text("text"):
        return text
    low, high = ((_quantity(child)[0] if (child := node.child(name)) else "") for name in ("low", "high"))
    if low and high:
        return f"{low}-{high}"
    return f"≥{low}" if low else f"≤{high}" if high else ""

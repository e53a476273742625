"""OBX to ResultLine."""

import re
from collections.abc import Iterable

from services.lab.parse.hl7_segments import Segment
from services.lab.parse.message import LineStatus, ResultLine
from services.lab.parse.times import WITHOUT_ZONE, has_zone, read_time

STATUS = {
    **dict.fromkeys(("P", "R", "S", "I"), LineStatus.preliminary),
    **dict.fromkeys(("", "F", "U", "V", "N", "O", "B"), LineStatus.final),
    **dict.fromkeys(("C", "A"), LineStatus.corrected),
    **dict.fromkeys(("D", "W", "X"), LineStatus.deleted),
}
"""HL7 table 0085 (A and B since 2.8); of OBR-25 (table 0123) the letters it shares."""
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_ATTACHED = frozenset({"ED", "RP"})
_NO_IDENTIFIER = ("",) * 6
_LOINC = re.compile(r"\d{1,7}-\d\Z")
_POWER = re.compile(r"[x×*]?\s*10\Z", re.IGNORECASE)


def read_observation(obx: Segment, *, name_in_4: bool, order_status: str, remarks: dict[str, None]) -> ResultLine:
    """``name_in_4``: Mindray's chemistry analyzers write the item's name where the sub-id belongs. ``order_status`` is
    OBR-25, which stands in for an empty OBX-11. ``remarks`` gathers what was forgiven."""
    identifier = [*obx.components(3), *_NO_IDENTIFIER]
    code, name, system = identifier[:3] if identifier[0] or identifier[1] else identifier[3:6]
    sub_id = obx.text(4)
    if name_in_4 and not name:
        name, sub_id = sub_id, ""
    value_type = obx.part(2).upper()
    value, value_code, attachment = _value(obx, value_type)
    if attachment:
        remarks["attachment_not_shown"] = None
    letter = obx.part(11).upper()
    status = STATUS.get(letter or (order_status if order_status in STATUS else ""))
    if status is None:
        remarks["status_unknown"] = None
        status = LineStatus.final
    time_text = obx.part(14) or obx.part(19)
    observed_at = read_time(time_text) if time_text else None
    if observed_at and not has_zone(time_text):
        remarks[WITHOUT_ZONE] = None
    elif time_text and not observed_at:
        remarks["time_unreadable"] = None
    return ResultLine(
        code=code or name,
        name=name,
        coding_system=system,
        loinc=_loinc(identifier),
        value=value,
        value_type=value_type,
        unit=_unit(obx),
        reference_text=obx.text(7),
        flags=tuple(
            flag for each in obx.repetitions(8) if (flag := obx.part_of(each, 1))
        ),
        status=status,
        observed_at=observed_at,
        analyzer=obx.part(18),
        operator=obx.part(16, 1) or obx.part(16, 2),
        set_id=obx.text(1),
        sub_id=sub_id,
        value_code=value_code,
        attachment=attachment,
    )  # fmt: skip


def _loinc(identifier: list[str]) -> str:
    """Of OBX-3 or its alternate, where the coding system says LN and the code has LOINC's form."""
    for found, system in ((identifier[0], identifier[2]), (identifier[3], identifier[5])):
        if system.upper() in ("LN", "LOINC") and _LOINC.match(found):
            return found
    return ""


def _value(obx: Segment, value_type: str) -> tuple[str, str, str]:
    """Value, its code, what is attached instead. Repetitions are lines."""
    repetitions = obx.repetitions(5)
    if not repetitions:
        return "", "", ""
    if value_type in _ATTACHED:
        first = repetitions[0]
        kind = "/".join(part for number in (2, 3) if (part := obx.part_of(first, number)))
        return "", "", f"{kind or value_type}, {len(obx[5])} characters"
    if value_type in _CODED:
        pairs = [_coded(obx, each) for each in repetitions]
        return _lines(text for text, _ in pairs), _lines(code for _, code in pairs), ""
    if value_type == "SN":
        return _lines(_structured(obx, each) for each in repetitions), "", ""
    return _lines(obx.plain(each) for each in repetitions), "", ""


def _coded(obx: Segment, repetition: str) -> tuple[str, str]:
    """The text (the original text, CWE-9, where there is no other) and the code; a bare code is its own text."""
    code, text = obx.part_of(repetition, 1), obx.part_of(repetition, 2)
    if not code and not text:
        code, text = obx.part_of(repetition, 4), obx.part_of(repetition, 5)
    text = text or obx.part_of(repetition, 9)
    return (text, code) if text else (code, "")


def _structured(obx: Segment, repetition: str) -> str:
    """SN: comparator, number, separator or suffix, number: ``>^100`` is ``>100``, ``^1^:^128`` is ``1:128``."""
    return "".join(obx.part_of(repetition, component) for component in (1, 2, 3, 4))


def _unit(obx: Segment) -> str:
    """The code of OBX-6, else its text. ``10^9/L`` whose ``^`` was not escaped is one unit, not two components."""
    parts = obx.components(6)
    if len(parts) > 1 and _POWER.match(parts[0]) and parts[1][:1].isdigit():
        return obx.text(6)
    return parts[0] or (parts[1] if len(parts) > 1 else "")


def _lines(values: Iterable[str]) -> str:
    return "\n".join(value for value in values if value)

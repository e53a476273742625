"""PID to MessagePatient."""

import re
from typing import Literal

from services.lab.parse.hl7_segments import Segment
from services.lab.parse.message import MessagePatient
from services.lab.parse.times import read_date

_SEX: dict[str, Literal["M", "F", "O"]] = {
    "M": "M", "男": "M", "MALE": "M", "1": "M",
    "F": "F", "女": "F", "FEMALE": "F", "2": "F",
    "O": "O", "A": "O", "N": "O",
}  # fmt: skip
"""HL7 table 0001, GB/T 2261.1 and what analyzers print; U, 0, 9 and 未知 say nothing."""
_CHINESE = re.compile(r"[\u3400-\u9fff·]+\Z")
_PREFERRED = ("MR", "PI", "PT", "PN", "")


def sex_of(text: str) -> Literal["M", "F", "O", ""]:
    return _SEX.get(text.strip().upper(), "")


def read_patient(pid: Segment) -> MessagePatient:
    """Of several identifiers (PID-3) the medical record number counts, else the first; then PID-2 and PID-4."""
    identifiers = [(pid.part_of(each, 5).upper(), pid.part_of(each, 1, 1)) for each in pid.repetitions(3)]
    known = [(kind, number) for kind, number in identifiers if number]
    ranked = [number for wanted in _PREFERRED for kind, number in known if kind == wanted]
    identifier = (ranked or [number for _, number in known] or [pid.part(2, 1, 1) or pid.part(4, 1, 1)])[0]
    names = [_name(pid.part_of(each, 1, 1), pid.part_of(each, 2)) for each in pid.repetitions(5)]
    return MessagePatient(
        id=identifier,
        name=next((name for name in names if name), ""),
        sex=sex_of(pid.part(8)),
        birth_date=read_date(pid.part(7)),
    )


def _name(family: str, given: str) -> str:
    """Chinese names have no blank between family and given name."""
    separator = "" if _CHINESE.match(family + given) else " "
    return separator.join(part for part in (family, given) if part)

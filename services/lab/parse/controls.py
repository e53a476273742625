"""Which values are no patient's.

Recognised, each with where it is written:

- SPM-11 (HL7 table 0369; IHE LAW, LAB-29): Q and E controls, C and V calibrators, B blank, F and O proficiency; lot
  INV-16, name INV-1.
- MSH-16 ``2`` control, ``1`` calibration (Mindray BS and CL host interface manuals); BS and CL write controls into OBR
  without any OBX: 11 how many, 12 number, 13 name, 14 lot, 15 expiry, 17 level, 18 mean, 19 SD, 20 result, 21 unit.
- MSH-11 ``Q`` (Mindray BC, Zybio), OBR-4 ``00003^LJ QCR^99MRC`` to ``00008``; lot PID-3, else PID-2; level in an OBX
  named ``Qc Level``.
- Sysmex: control specimens are called ``QC-…`` on the rack. The digits are the lot as Sysmex prints it.
"""

import re
from collections.abc import Sequence
from typing import Literal

from services.lab.parse.hl7_segments import Segment
from services.lab.parse.message import ControlFacts, ResultLine
from services.lab.parse.times import read_time

Role = Literal["control", "calibrator", "blank", "proficiency"]
ROLES: dict[str, Role] = {
    "Q": "control", "E": "control", "C": "calibrator", "V": "calibrator",
    "B": "blank", "F": "proficiency", "O": "proficiency",
}  # fmt: skip
_SYSMEX = re.compile(r"QC-(\w+)\Z")
_MINDRAY_RESULT = re.compile(r"0?0000[3-8]\Z")


def of_specimen(spm: Segment, inv: Segment | None) -> ControlFacts | None:
    role = ROLES.get(spm.part(11).upper())
    if not role:
        return None
    lot, name = (inv.part(16), inv.part(1)) if inv else ("", "")
    return ControlFacts(lot=lot, level="", name=name or spm.part(2, 1, 1) or spm.part(2, 2, 1), role=role)


def of_number(specimen_number: str) -> ControlFacts | None:
    found = _SYSMEX.match(specimen_number)
    return ControlFacts(lot=found[1], level="", name=specimen_number) if found else None


def of_order(msh: Segment, obr: Segment | None, pid: Segment | None) -> ControlFacts | None:
    """By header or kind of order; the level comes later, from ``level_of``."""
    if msh.part(16) == "1":
        return ControlFacts(lot="", level="", role="calibrator")
    kind = obr is not None and obr.part(4, 3).upper() == "99MRC" and (
        _MINDRAY_RESULT.match(obr.part(4, 1)) or "QCR" in obr.part(4, 2).upper()
    )  # fmt: skip
    if msh.part(16) != "2" and msh.part(11).upper() != "Q" and not kind:
        return None
    lot = (pid.part(3, 1, 1) or pid.part(2, 1, 1)) if pid else ""
    name = obr.part(2, 1, 1) if obr else ""
    return ControlFacts(lot=lot or (obr.part(3, 1, 1) if obr and name else ""), level="", name=name)


def names_level(line: ResultLine) -> bool:
    """It says which level was measured, and is no value."""
    return line.name.lower() == "qc level"


def level_of(lines: Sequence[ResultLine]) -> str:
    return next((line.value for line in lines if names_level(line)), "")


def in_order(obr: Segment) -> list[tuple[ControlFacts, ResultLine]]:
    """The runs that a chemistry analyzer writes into OBR itself; several are told apart by ``^``."""
    if not obr[20]:
        return []
    count = max(len(obr[number].split(obr.delimiters.component)) for number in (12, 13, 14, 17, 20))
    runs = []
    for number in range(1, count + 1):
        if not obr.part(20, number):
            continue
        line = ResultLine(
            code=obr.text(2),
            name=obr.text(3),
            value=obr.part(20, number),
            value_type="NM",
            unit=obr.part(21, number) or obr.part(21, 1),
            observed_at=read_time(obr.part(7, number) or obr.part(7)),
            set_id=obr.part(12, number),
        )
        facts = ControlFacts(lot=obr.part(14, number), level=obr.part(17, number), name=obr.part(13, number))
        runs.append((facts, line))
    return runs

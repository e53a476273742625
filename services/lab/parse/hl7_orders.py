"""PID, OBR, SPM, SAC, OBX and NTE of one message to SpecimenGroups.

Two orders of segments exist: ORU^R01 and OUL^R24 name the order first and its specimens after the results, OUL^R22 and
R23 the specimen first. Which one a message follows is seen, not looked up, since senders mix them.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.lab.parse import controls
from services.lab.parse.groups import Gathered, joined
from services.lab.parse.hl7_observation import read_observation
from services.lab.parse.hl7_patient import read_patient
from services.lab.parse.hl7_segments import Segment
from services.lab.parse.message import ControlFacts, MessagePatient, SpecimenGroup
from services.lab.parse.times import read_time


@dataclass
class _Specimen:
    spm: Segment | None = None
    sac: Segment | None = None
    inv: Segment | None = None

    @property
    def number(self) -> str:
        """SPM-2 (the placer's, else the filler's number), else the container's of SAC-3, SAC-4."""
        spm, sac = self.spm, self.sac
        named = (spm.part(2, 1, 1) or spm.part(2, 2, 1)) if spm else ""
        return named or ((sac.part(3, 1, 1) or sac.part(4, 1, 1)) if sac else "")


@dataclass
class _Order:
    """One OBR (or what stands before any) and the lines under it."""

    patient: int
    obr: Segment | None = None
    orc: Segment | None = None
    specimen: _Specimen = field(default_factory=_Specimen)
    gathered: Gathered = field(default_factory=Gathered)


class GroupReader:
    """Fed segment by segment; ``groups()`` gives what they made. ``remarks`` keeps the order of first sight."""

    def __init__(self, msh: Segment, segments: list[Segment]) -> None:
        self.remarks: dict[str, None] = {}
        self._msh = msh
        self._chemistry = msh.part(16) in ("0", "1", "2")  # Mindray BS and CL put the kind of result there
        names = [each.name for each in segments]
        self._specimen_first = "SPM" in names and ("OBR" not in names or names.index("SPM") < names.index("OBR"))
        self._patients: list[Segment | None] = [None]
        self._orders: list[_Order] = []
        self._specimen = _Specimen()
        self._orc: Segment | None = None
        self._patient_comments: list[str] = []
        self._last = ""
        for segment in segments:
            self._take(segment)
            if segment.name in ("PID", "OBR", "OBX", "SPM"):
                self._last = segment.name

    def _take(self, segment: Segment) -> None:
        match segment.name:
            case "PID":
                self._patients.append(segment)
                self._specimen, self._orc = _Specimen(), None
                self._patient_comments = []
            case "SPM":
                self._open_specimen(segment)
            case "SAC":
                self._current_specimen().sac = segment
            case "INV":
                self._current_specimen().inv = segment
            case "ORC":
                self._orc = segment
                if (
                    self._orders
                    and self._orders[-1].obr
                    and not self._orders[-1].gathered.lines
                    and not self._orders[-1].orc
                ):
                    self._orders[-1].orc = segment  # OUL has ORC after OBR
            case "OBR":
                self._open_order(segment)
            case "OBX":
                order = self._order()
                status = order.obr.part(25).upper() if order.obr else ""
                line = read_observation(segment, name_in_4=self._chemistry, order_status=status, remarks=self.remarks)
                order.gathered.lines.append(line)
            case "NTE":
                self._comment(segment)

    def _open_order(self, obr: Segment | None) -> None:
        order = _Order(len(self._patients) - 1, obr, self._orc, self._specimen_for_order())
        order.gathered.comments, self._patient_comments, self._orc = self._patient_comments, [], None
        self._orders.append(order)

    def _open_specimen(self, spm: Segment) -> None:
        self._specimen = _Specimen(spm)
        if self._specimen_first or not self._orders:
            return
        order = self._orders[-1]
        if order.specimen.spm is None:
            order.specimen.spm = spm
        else:
            self.remarks["specimens_several"] = None  # one order, several specimens: its lines name none of them

    def _current_specimen(self) -> _Specimen:
        if self._specimen_first or not self._orders:
            return self._specimen
        return self._orders[-1].specimen

    def _specimen_for_order(self) -> _Specimen:
        return self._specimen if self._specimen_first else _Specimen()

    def _order(self) -> _Order:
        """Of the observation that comes: in OUL^R22 one right after SPM belongs to the specimen, not to an order."""
        patient = len(self._patients) - 1
        stale = not self._orders or self._orders[-1].patient != patient
        if stale or (self._specimen_first and self._orders[-1].specimen is not self._specimen):
            self._open_order(None)
        return self._orders[-1]

    def _comment(self, nte: Segment) -> None:
        text = "\n".join(nte.delimiters.unescape(each, nte.charset).strip() for each in nte.repetitions(3))
        if not text:
            return
        if self._last == "OBX" and self._orders and self._orders[-1].gathered.lines:
            order = self._orders[-1]
            order.gathered.comment_on_last(text)
        elif self._last == "PID":
            self._patient_comments.append(text)
        else:
            self._order().gathered.comments.append(text)

    def groups(self) -> tuple[SpecimenGroup, ...]:
        """One for each specimen of a patient; orders of the same specimen and accession number are one group."""
        patients = [read_patient(each) if each else MessagePatient() for each in self._patients]
        alone = self._lone_specimens()
        made: dict[tuple[object, ...], list[SpecimenGroup]] = {}
        for order in self._orders:
            for group in self._groups_of(order, patients[order.patient], alone.get(order.patient)):
                key = (order.patient, group.specimen_number, group.accession_number, group.control)
                made.setdefault(key, []).append(group)
        whole = [joined(parts) for parts in made.values()]
        return tuple(group for group in whole if group.lines or group.requested_codes)

    def _lone_specimens(self) -> dict[int, _Specimen]:
        """Patients whose orders share the one specimen that the message names."""
        named: dict[int, list[_Specimen]] = {}
        for order in self._orders:
            if order.specimen.spm:
                named.setdefault(order.patient, []).append(order.specimen)
        return {patient: found[0] for patient, found in named.items() if len({id(each.spm) for each in found}) == 1}

    def _groups_of(self, order: _Order, patient: MessagePatient, alone: _Specimen | None) -> list[SpecimenGroup]:
        obr, orc = order.obr, order.orc
        specimen = order.specimen if order.specimen.number or not alone else alone
        placer, filler = _numbers(obr, orc)
        if self._chemistry:
            # OBR-3 is the position in the day's list there (1, 2, 3 …): as a specimen number it would be another's.
            number, accession = placer, ""
        else:
            number = specimen.number or filler or placer
            accession = placer or filler
        control = self._control(order, specimen, number)
        pid = self._patients[order.patient]
        group = SpecimenGroup(
            specimen_number=number,
            lines=order.gathered.finished_lines(),
            accession_number=accession,
            patient=MessagePatient() if control else patient,
            specimen_type=_specimen_type(specimen.spm, obr),
            collected_at=_collected_at(specimen.spm, obr),
            requested_codes=(code,) if obr and (code := obr.part(4, 1)) and not self._chemistry else (),
            control=control,
            comments=tuple(order.gathered.comments),
        )
        runs = controls.in_order(obr) if control and obr and self._msh.part(16) == "2" else []
        if not runs:
            return [group]
        written = [replace(group, specimen_number="", control=facts, lines=(line,)) for facts, line in runs]
        return [*([group] if group.lines and pid else []), *written]

    def _control(self, order: _Order, specimen: _Specimen, number: str) -> ControlFacts | None:
        if specimen.spm and (facts := controls.of_specimen(specimen.spm, specimen.inv)):
            return facts
        facts = controls.of_order(self._msh, order.obr, self._patients[order.patient])
        if facts:
            return replace(facts, level=controls.level_of(order.gathered.lines))
        return controls.of_number(number)


def _numbers(obr: Segment | None, orc: Segment | None) -> tuple[str, str]:
    """Placer's and filler's order number."""
    placer = (obr.part(2, 1, 1) if obr else "") or (orc.part(2, 1, 1) if orc else "")
    filler = (obr.part(3, 1, 1) if obr else "") or (orc.part(3, 1, 1) if orc else "")
    return placer, filler


def _specimen_type(spm: Segment | None, obr: Segment | None) -> str:
    if spm and (named := spm.part(4, 2) or spm.part(4, 1)):
        return named
    return obr.part(15, 1) if obr else ""


def _collected_at(spm: Segment | None, obr: Segment | None) -> datetime | None:
    return (read_time(spm.part(17)) if spm else None) or (read_time(obr.part(7)) if obr else None)

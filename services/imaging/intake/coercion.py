"""Where the order's word stands in for the file's: what a file said is kept, for (0400,0561).

The files' bytes never change. DICOMweb answers with ``attributes`` in place of the data set's own, and shows
``original`` in an Original Attributes Sequence (PS3.3 C.12.1.1.9), both as DICOM JSON. Searches find the study by the
order's words and not by those they replaced: the number that a machine wrote may be another patient's.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from services.imaging.parse.patient import PatientFacts
from services.imaging.queries.study_words import StudyWords, drop_coercion, put_words, set_coercion
from shared.clock import utc_now
from shared.db import Session
from shared.events.case import Card
from shared.reading.models import Case
from shared.reading.workflow.names import is_same_name

Attributes = dict[str, dict[str, Any]]


class Said(Protocol):
    """What a file says of its patient and its number: a parsed instance, or its row."""

    @property
    def sop_instance_uid(self) -> str: ...
    @property
    def study_uid(self) -> str: ...
    @property
    def accession_number(self) -> str: ...
    @property
    def patient(self) -> PatientFacts: ...


async def coerce(session: Session, case: Case, facts: Sequence[Said]) -> frozenset[str]:
    """Records where the case's order stands in for the clinic's instances; returns the SOP Instance UIDs of those whose
    own words it replaces.

    Only an order coerces: a case that was opened by its images says what they say.
    """
    if case.order_sha256 is None or Card.model_validate(case.card).patient.unknown:
        return frozenset()
    changes = {each.sop_instance_uid: change for each in facts if (change := coercion_of(each, case)) is not None}
    for change in _distinct(list(changes.values())):
        uids = [uid for uid, own in changes.items() if own == change]
        stamped = {**change, "at": utc_now().isoformat(), "source": case.clinic_id, "reason": "COERCE"}
        await set_coercion(session, case.clinic_id, uids, stamped)
    await drop_coercion(
        session, case.clinic_id, [each.sop_instance_uid for each in facts if each.sop_instance_uid not in changes]
    )
    for each in {each.study_uid: each for each in reversed(facts)}.values():
        words = _words(each, case, changes.get(each.sop_instance_uid))
        await put_words(session, case.clinic_id, each.study_uid, words)
    return frozenset(uid for uid, own in changes.items() if any("Value" in each for each in own["original"].values()))


def coercion_of(facts: Said, case: Case) -> dict[str, Attributes] | None:
    """``{"attributes": the order's, "original": the file's}`` of what differs; None where nothing does.

    What the order leaves open, and a name written in another way, contradict nothing.
    """
    patient, shown = Card.model_validate(case.card).patient, facts.patient
    wanted = (
        ("00080050", "SH", case.accession_number, facts.accession_number, case.accession_number),
        ("00100020", "LO", patient.id, shown.id, patient.id),
        ("00100030", "DA", _da(patient.birth_date), _da(shown.birth_date), _da(patient.birth_date)),
        ("00100040", "CS", patient.sex if patient.sex != "U" else None, shown.sex, patient.sex),
    )
    attributes: Attributes = {}
    original: Attributes = {}
    for tag, vr, ordered, said, value in wanted:
        if ordered and ordered != said:
            attributes[tag] = {"vr": vr, "Value": [value]}
            original[tag] = {"vr": vr, "Value": [said]} if said else {"vr": vr}
    if patient.name and not (shown.name_text and is_same_name(patient.name, shown.name_text)):
        attributes["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": patient.name}]}
        original["00100010"] = {"vr": "PN", "Value": [_pn(shown.name_text)]} if shown.name_text else {"vr": "PN"}
    return {"attributes": attributes, "original": original} if attributes else None


def _words(facts: Said, case: Case, change: dict[str, Attributes] | None) -> StudyWords:
    """As the metadata have them; of a study that two orders share, the later one's."""
    ordered, shown = Card.model_validate(case.card).patient, facts.patient
    replaced = change["attributes"].keys() if change else ()
    return StudyWords(
        accession_number=case.accession_number or facts.accession_number,
        patient_id=ordered.id or shown.id,
        patient_name=ordered.name if "00100010" in replaced else shown.name_text,
        patient_sex=ordered.sex if "00100040" in replaced else shown.sex,
        patient_birth_date=ordered.birth_date or shown.birth_date,
        other_writing=ordered.name,
    )


def _distinct(changes: Sequence[dict[str, Attributes]]) -> list[dict[str, Attributes]]:
    """Mostly one for a whole study."""
    found: list[dict[str, Attributes]] = []
    for change in changes:
        if change not in found:
            found.append(change)
    return found


def _pn(text: str) -> dict[str, str]:
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), text.split("="), strict=False)
    return {name: group for name, group in groups if group}


def _da(day: object) -> str | None:
    return str(day).replace("-", "") if day else None

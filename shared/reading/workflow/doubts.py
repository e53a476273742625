"""Doubts about who the patient is. They keep nobody waiting: the reader is told, the order is taken and wins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from shared.events.case import CaseWarning, Patient
from shared.reading.schemas.national_id import read_national_id
from shared.reading.schemas.order import Order
from shared.reading.workflow.names import is_same_name

_FIELDS = ("姓名", "性别", "出生日期", "患者编号")


@dataclass(frozen=True, slots=True)
class ShownPatient:
    """What a file says of its patient, empty where it says nothing. ``name``: plain, or a whole DICOM PN."""

    id: str = ""
    name: str = ""
    sex: str = ""
    birth_date: date | None = None


def warnings_of(order: Order) -> list[CaseWarning]:
    """What the order denies itself: an identity number that is none, or is of another birthday or sex."""
    number = order.patient.national_id
    if number is None:
        return []
    read = read_national_id(number)
    if read is None:
        return [CaseWarning(code="national_id_invalid", detail="身份证号不正确，请核对患者身份")]
    patient = order.patient
    differs = [
        word
        for word, given, own in (("出生日期", patient.birth_date, read.birth_date), ("性别", patient.sex, read.sex))
        if given not in (None, "U", "O", own)
    ]
    if not differs:
        return []
    return [CaseWarning(code="national_id_mismatch", detail=f"身份证号与申请单的{'、'.join(differs)}不一致，请核对")]


def contradictions(ordered: Patient, shown: Iterable[ShownPatient], source: str) -> list[CaseWarning]:
    """One ``patient_mismatch`` naming the fields (never their values) in which a file denies the order.

    ``source`` is the reader's word for the files (影像文件, 心电文件). Fields either side leaves empty say nothing; a
    patient declared unknown cannot be contradicted.
    """
    if ordered.unknown:
        return []
    patients = list(dict.fromkeys(shown))
    fields = [
        word
        for word, differs in zip(_FIELDS, (_name_differs, _sex_differs, _birth_differs, _id_differs), strict=True)
        if any(differs(ordered, patient) for patient in patients)
    ]
    if not fields:
        return []
    return [
        CaseWarning(code="patient_mismatch", detail=f"{source}中的{'、'.join(fields)}与申请单不一致，请核对患者身份")
    ]


def _name_differs(ordered: Patient, shown: ShownPatient) -> bool:
    return bool(ordered.name and shown.name) and not is_same_name(ordered.name, shown.name)


def _sex_differs(ordered: Patient, shown: ShownPatient) -> bool:
    return {ordered.sex, shown.sex} == {"M", "F"}


def _birth_differs(ordered: Patient, shown: ShownPatient) -> bool:
    return None not in (ordered.birth_date, shown.birth_date) and ordered.birth_date != shown.birth_date


def _id_differs(ordered: Patient, shown: ShownPatient) -> bool:
    return bool(ordered.id and shown.id) and ordered.id != shown.id

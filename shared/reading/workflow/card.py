"""The patient and the exam as worklists and sheets show them: the order's word first, the file's where it is silent."""

from typing import Any

from pydantic import BaseModel

from shared.events.case import Card, CaseWarning, Encounter, Exam, Patient, Requester
from shared.reading.schemas.order import Order
from shared.reading.workflow.arrival import Arrival


def card_of(arrival: Arrival, kept: Card | None = None) -> Card:
    """``kept``: the card of the order that came before the bytes."""
    order = arrival.order
    patient = _merged(arrival.patient_from_file, kept.patient if kept else None, order.patient if order else None)
    exam = _merged(
        Exam(modality=arrival.modality, body_part=arrival.body_part),
        arrival.exam_from_file,
        kept.exam if kept else None,
        ordered_exam(order) if order else None,
    )
    return Card(
        patient=Patient.model_validate(patient),
        exam=Exam.model_validate(exam),
        encounter=_encounter(order) or (kept.encounter if kept else None),
        clinical_info=(order.clinical_info if order else None) or (kept.clinical_info if kept else None),
        requester=_requester(order) or (kept.requester if kept else None),
    )


def card_of_order(order: Order) -> Card:
    return Card(
        patient=Patient.model_validate(order.patient.model_dump()),
        exam=Exam.model_validate(_merged(ordered_exam(order))),
        encounter=_encounter(order),
        clinical_info=order.clinical_info,
        requester=_requester(order),
    )


def ordered_exam(order: Order) -> Exam:
    exam = Exam.model_validate(order.exam.model_dump())
    return exam.model_copy(update={"performed_at": order.exam.performed_at or order.performed_at})


def joined(kept: list[dict[str, str]], new: list[CaseWarning]) -> list[dict[str, str]]:
    """Each warning once, in the order of its coming."""
    known = {(each["code"], each["detail"]): each for each in kept}
    for warning in new:
        known.setdefault((warning.code, warning.detail), warning.model_dump())
    return list(known.values())


def _merged(*sources: BaseModel | None) -> dict[str, Any]:
    """Later sources win where they say anything."""
    merged: dict[str, Any] = {}
    for source in sources:
        if source is not None:
            merged.update({name: value for name, value in source.model_dump().items() if _says(name, value)})
    if merged.get("birth_date") and merged.get("age") and sources[-1] is not None:
        merged = _one_age(merged, sources[-1])
    return merged


def _says(name: str, value: Any) -> bool:
    if value is None or value in ("", False):
        return False
    return not (name == "sex" and value == "U")


def _one_age(merged: dict[str, Any], order: BaseModel) -> dict[str, Any]:
    """An age ordered "instead of birth_date" is not contradicted by a file's default date of birth, nor an ordered date
    of birth by the age that stood in a machine when it made the file."""
    has_age, has_birth_date = getattr(order, "age", None), getattr(order, "birth_date", None)
    if bool(has_age) == bool(has_birth_date):
        return merged
    left_out = "birth_date" if has_age else "age"
    return {name: value for name, value in merged.items() if name != left_out}


def _encounter(order: Order | None) -> Encounter | None:
    return Encounter.model_validate(order.encounter.model_dump()) if order and order.encounter else None


def _requester(order: Order | None) -> Requester | None:
    return Requester.model_validate(order.requester.model_dump()) if order and order.requester else None

"""The order's word first, the file's where it is silent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from shared.events.case import CaseWarning, Exam, Patient
from shared.reading.schemas.order import Order
from shared.reading.workflow.arrival import Arrival
from shared.reading.workflow.card import card_of, joined

FILE = Patient(id="F1", name="TEST^JIA", sex="M", birth_date=date(1960, 1, 31))


def arrival(order: dict[str, Any] | None, **more: Any) -> Arrival:
    return Arrival(
        center="imaging",
        order=None if order is None else Order.model_validate(order),
        contents=(),
        first_byte_at=datetime(2026, 11, 21, tzinfo=UTC),
        patient_from_file=FILE,
        exam_from_file=Exam(name="CHEST"),
        modality="DX",
        **more,
    )


def test_the_order_wins_field_by_field() -> None:
    card = card_of(arrival({"patient": {"id": "P1", "name": "测试甲"}, "exam": {"name": "胸部正位"}}))
    assert (card.patient.id, card.patient.name, card.patient.sex) == ("P1", "测试甲", "M")
    assert (card.exam.name, card.exam.modality) == ("胸部正位", "DX")


def test_without_an_order_the_file_speaks() -> None:
    assert card_of(arrival(None)).patient == FILE


def test_an_ordered_age_is_not_contradicted_by_a_files_birth_date() -> None:
    patient = card_of(arrival({"patient": {"id": "P1", "age": "65Y"}})).patient
    assert (patient.age, patient.birth_date) == ("65Y", None)


def test_an_ordered_birth_date_is_not_contradicted_by_the_age_a_file_was_made_with() -> None:
    sent = arrival({"patient": {"id": "P1", "birth_date": "1960-01-31"}})
    patient = card_of(replace(sent, patient_from_file=Patient(id="F1", age="50Y"))).patient
    assert (patient.age, patient.birth_date) == (None, date(1960, 1, 31))


def test_performed_at_of_the_order_is_the_exams() -> None:
    card = card_of(arrival({"performed_at": "2026-11-21T10:20:00+08:00"}))
    assert card.exam.performed_at == datetime(2026, 11, 21, 2, 20, tzinfo=UTC)


def test_the_order_that_came_first_is_kept_when_the_bytes_bring_none() -> None:
    kept = card_of(arrival({"patient": {"id": "P1", "name": "测试甲"}, "clinical_info": "咳嗽三天"}))
    card = card_of(arrival(None), kept)
    assert (card.patient.id, card.patient.name, card.clinical_info) == ("P1", "测试甲", "咳嗽三天")


def test_a_warning_is_shown_once() -> None:
    warning = CaseWarning(code="patient_mismatch", detail="出生日期不符")
    assert joined([warning.model_dump()], [warning, warning]) == [warning.model_dump()]

"""Whose limits an ECG is judged by: the order's patient, and where it is silent the one its case has already."""

from datetime import date
from typing import Any

from services.ecg.intake.order import EcgOrder, ordered_of
from shared.events.case import Patient

CHILD = Patient(id="P001", sex="F", birth_date=date(2024, 6, 1))


def order(**patient: Any) -> EcgOrder:
    return EcgOrder.model_validate(
        {"exam": {"code": "ECG-12", "name": "十二导联心电图"}, "patient": {"id": "P001", **patient}}
    )


def test_what_was_ordered_before_fills_what_the_upload_leaves_open() -> None:
    judged_by = ordered_of(order(), CHILD, "national@2017")
    assert (judged_by.sex, judged_by.birth_date, judged_by.age) == ("F", CHILD.birth_date, None)


def test_the_uploads_own_word_wins_and_an_age_is_not_mixed_with_a_birth_date() -> None:
    judged_by = ordered_of(order(sex="M", age="65Y"), CHILD, "national@2017")
    assert (judged_by.sex, judged_by.birth_date, judged_by.age) == ("M", None, "65Y")


def test_nobody_known_is_nobody_known() -> None:
    judged_by = ordered_of(order(), None, "national@2017")
    assert (judged_by.sex, judged_by.birth_date, judged_by.age) == ("U", None, None)

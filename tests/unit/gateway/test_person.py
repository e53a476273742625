import pytest

from services.gateway.person import usable_national_id, usable_patient_id


def test_a_number_whose_check_character_holds_is_taken_in_one_form() -> None:
    assert usable_national_id(" 11010519491231002x ") == "11010519491231002X"


@pytest.mark.parametrize(
    "text",
    [None, "", "110105194912310021", "11010519491231002", "1101051949123100 2X", "０10105194912310021", "X" * 18],
)
def test_a_number_that_does_not_check_identifies_nobody(text: str | None) -> None:
    assert usable_national_id(text) is None


def test_an_unknown_patients_number_identifies_nobody() -> None:
    assert usable_patient_id("P1", is_unknown=True) is None
    assert usable_patient_id("  ", is_unknown=False) is None
    assert usable_patient_id(" P1 ", is_unknown=False) == "P1"

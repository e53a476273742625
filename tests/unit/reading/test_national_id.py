"""Identity numbers: what is one, and what it says."""

import pytest

from shared.reading.schemas.national_id import read_national_id


@pytest.mark.parametrize(
    "number", ["110101196001310019", "11010119600131001", "110101196013310010", "011010119600131001"]
)
def test_wrong_identity_numbers_are_told(number: str) -> None:
    assert read_national_id(number) is None


def test_a_right_identity_number_tells_birth_and_sex() -> None:
    (found,) = filter(None, (read_national_id(f"11010119600131001{check}") for check in "0123456789X"))
    assert (found.birth_date.isoformat(), found.sex) == ("1960-01-31", "M")

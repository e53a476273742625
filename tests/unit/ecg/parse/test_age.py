"""Ages in years, at the time of the recording."""

from datetime import UTC, date, datetime

import pytest

from services.ecg.parse.age import years_between, years_of

AT = datetime(2020, 1, 31, 2, tzinfo=UTC)


@pytest.mark.parametrize(("age", "years"), [("65Y", 65), ("6M", 0.5), ("0D", 0), (None, None), ("old", None)], ids=str)
def test_an_age_is_read_in_its_unit(age: str | None, years: float | None) -> None:
    assert years_of(age) == years


def test_a_date_of_birth_counts_to_the_recording() -> None:
    assert years_between(date(2010, 1, 31), AT) == pytest.approx(10, abs=0.01)
    assert years_between(date(2020, 2, 1), AT) is None
    assert years_between(None, AT) is None
    assert (years_between(date(1960, 1, 1), None) or 0) > 60

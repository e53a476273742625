"""A person's age as the intervals count it: years of 365 days from birthday to birthday."""

from datetime import UTC, date, datetime

import pytest

from services.lab.intake.judging import subject_of
from shared.reading.models import Case


def age_days(on: datetime, **patient: object) -> int | None:
    card = {"patient": patient, "exam": {"name": "生化"}}
    return subject_of(Case(card=card, reading_site_id="org_a"), on).age_days


@pytest.mark.parametrize(
    ("born", "on", "days"),
    [
        (date(1966, 11, 22), datetime(2026, 11, 20, 4, tzinfo=UTC), 60 * 365 - 2),  # 59 still, two days before
        (date(1966, 11, 22), datetime(2026, 11, 21, 15, 59, tzinfo=UTC), 60 * 365 - 1),
        (date(1966, 11, 22), datetime(2026, 11, 21, 16, tzinfo=UTC), 60 * 365),  # midnight in Shanghai
        (date(2008, 11, 22), datetime(2026, 11, 17, 4, tzinfo=UTC), 18 * 365 - 5),
        (date(2008, 2, 29), datetime(2026, 2, 28, 4, tzinfo=UTC), 18 * 365 - 1),
        (date(2008, 2, 29), datetime(2026, 3, 1, 4, tzinfo=UTC), 18 * 365),
        (date(2026, 10, 25), datetime(2026, 11, 21, 4, tzinfo=UTC), 27),
        (date(2026, 11, 30), datetime(2026, 11, 21, 4, tzinfo=UTC), 0),
    ],
)
def test_a_year_of_age_begins_on_the_birthday(born: date, on: datetime, days: int) -> None:
    assert age_days(on, name="测试甲", sex="M", birth_date=born.isoformat()) == days


@pytest.mark.parametrize(("age", "days"), [("18Y", 6570), ("60Y", 21900), ("12D", 12), ("2W", 14)])
def test_an_age_in_years_is_that_of_a_birthday(age: str, days: int) -> None:
    assert age_days(datetime(2026, 11, 21, tzinfo=UTC), name="测试甲", sex="M", age=age) == days

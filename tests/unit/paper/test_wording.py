from datetime import UTC, date, datetime

import pytest

from shared.paper.qr import qr_svg
from shared.paper.wording import show_age

AT = datetime(2026, 11, 21, 2, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("birth_date", "shown"),
    [
        (date(1960, 1, 31), "66岁"),
        (date(2020, 11, 21), "6岁"),
        (date(2020, 11, 22), "5岁11个月"),
        (date(2024, 11, 21), "2岁"),
        (date(2026, 6, 30), "4个月"),
        (date(2026, 11, 9), "12天"),
        (date(2026, 11, 21), "0天"),
        (date(2026, 11, 22), ""),
    ],
)
def test_ages_are_counted_as_hospitals_print_them(birth_date: date, shown: str) -> None:
    assert show_age(birth_date, None, AT) == shown


@pytest.mark.parametrize(
    ("age", "shown"), [("65Y", "65岁"), ("003M", "3个月"), ("2W", "2周"), ("9D", "9天"), (None, "")]
)
def test_an_age_that_was_told_is_put_in_words(age: str | None, shown: str) -> None:
    assert show_age(None, age, AT) == shown


def test_a_birthday_counts_by_the_clock_of_shanghai() -> None:
    assert show_age(date(2016, 11, 22), None, datetime(2026, 11, 21, 17, 0, tzinfo=UTC)) == "10岁"


def test_a_code_is_an_svg_that_grows_with_its_address() -> None:
    short, long = qr_svg("https://region.example/v"), qr_svg("https://region.example/v?" + "x" * 300)
    assert short.startswith("<svg")
    assert len(long) > len(short)

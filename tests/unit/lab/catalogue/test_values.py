"""What the text of a result says: nothing is guessed, nothing is dropped."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.catalogue.items import Item
from services.lab.catalogue.values import GRADES, NoValue, Number, Unreadable, Words, grade, read_value

CATALOGUE = load_catalogue()


def item(code: str) -> Item:
    found = CATALOGUE.item(code)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.3", Number(Decimal("12.3"))),
        (" 12.30 ", Number(Decimal("12.30"))),
        ("１２．３", Number(Decimal("12.3"))),
        ("<0.5", Number(Decimal("0.5"), "<")),
        ("＜ 0.5", Number(Decimal("0.5"), "<")),
        (">1000", Number(Decimal(1000), ">")),
        ("≥90", Number(Decimal(90), ">=")),
        ("<=5", Number(Decimal(5), "<=")),
        ("12.3 H", Number(Decimal("12.3"), "", ("H",))),
        ("12.3↑", Number(Decimal("12.3"), "", ("↑",))),
        ("12.3 *", Number(Decimal("12.3"), "", ("*",))),
        ("-2.3", Number(Decimal("-2.3"))),
        (".5", Number(Decimal("0.5"))),
        ("2.35E+04", Number(Decimal("23500"))),
        ("12,3", Unreadable("12,3")),
        ("1,234", Unreadable("1,234")),
        ("1，5", Unreadable("1，5")),
        ("1" * 40, Unreadable("1" * 40)),
        ("阳性(+)", Words("阳性(+)")),
        ("3+", Words("3+")),
        ("未检出", Words("未检出")),
        ("1:40", Words("1:40")),
        ("12.3H", Words("12.3H")),
        ("3-5", Words("3-5")),
        ("1E999999999", Words("1E999999999")),
        ("Infinity", Words("Infinity")),
        ("NaN", Words("NaN")),
        ("٣", Words("٣")),  # a digit to Python, not to a laboratory
        *[(text, NoValue(text)) for text in ("", "  ", "-", "----", "****", "--.--", "－－")],
    ],
)
def test_a_text_of_a_quantity(text: str, expected: object) -> None:
    assert read_value(text, item("K")) == expected


def test_an_ordinal_keeps_the_words_as_they_came() -> None:
    assert read_value("1:40", item("RPR")) == Words("1:40")
    assert read_value("0.05", item("HBSAG")) == Words("0.05")
    assert read_value("阳性（＋）", item("HBSAG")) == Words("阳性(+)")
    assert read_value("----", item("HBSAG")) == NoValue("----")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("阴性", "阴性"), ("阴性（-）", "阴性"), ("NEG", "阴性"), ("Negative", "阴性"), ("未检出", "阴性"),
        ("±", "±"), ("+-", "±"), ("弱阳性", "±"), ("+", "1+"), ("1+", "1+"), ("+1", "1+"), ("阳性(+)", "1+"),
        ("＋＋", "2+"), ("3+", "3+"), ("++++", "4+"), ("阳性", "阳性"), ("Positive", "阳性"),
        ("INVALID", None), ("0.05", None), ("1:40", None), ("", None), ("5+", None), ("阳性 0.05", None),
    ],
)  # fmt: skip
def test_words_have_an_order_only_where_they_are_known(text: str, expected: str | None) -> None:
    assert grade(text) == expected


def test_every_grade_reads_as_itself() -> None:
    assert [grade(one) for one in GRADES] == list(GRADES)


@given(st.text(max_size=40))
def test_any_text_is_read_and_none_is_lost(text: str) -> None:
    value = read_value(text, item("K"))
    assert (
        isinstance(value, Number) or value.text.strip() or not text.strip("-*.?_=/# \t\n") or isinstance(value, NoValue)
    )


@given(st.decimals(min_value="-9999999", max_value="9999999", places=3))
def test_a_number_is_read_digit_for_digit(value: Decimal) -> None:
    assert read_value(str(value), item("K")) == Number(value)
    assert str(read_value(str(value), item("K")).value) == str(value)  # type: ignore[union-attr]

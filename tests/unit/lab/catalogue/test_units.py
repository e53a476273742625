"""Units as analyzers write them; conversion is exact, and what is not known is not converted."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.catalogue.items import Item, Kind
from services.lab.catalogue.units import UNITS, UnitUnknown, convert, keeps_digits, read_unit, rounded
from services.lab.rules.facts import Quantity

CATALOGUE = load_catalogue()


def item(code: str) -> Item:
    found = CATALOGUE.item(code)
    assert found is not None
    return found


def converted(value: str, unit: str, code: str) -> Decimal:
    result = convert(Quantity(Decimal(value), unit), item(code))
    assert isinstance(result, Quantity)
    assert result.unit == item(code).unit
    return result.value


@pytest.mark.parametrize(
    ("spelling", "ucum"),
    [
        *[
            (spelling, "10*9/L")
            for spelling in ("10^9/L", "10*9/L", "x10e9/L", "×10^9/L", "X10^9/L", "×10⁹/L", "10e9/l")
        ],
        *[(spelling, "10*3/uL") for spelling in ("K/uL", "10*3/uL", "10^3/µL", "x10*3/uL", "10³/μL")],
        *[(spelling, "umol/L") for spelling in ("umol/l", "µmol/L", "μmol/L", "ＵＭＯＬ／Ｌ", "umol / L")],
        ("10¹²/L", "10*12/L"),
        ("g/dl", "g/dL"),
        ("IU/L", "[IU]/L"),
        ("U/l", "U/L"),
        ("mIU/L", "m[IU]/L"),
        ("uIU/mL", "u[IU]/mL"),
        ("％", "%"),
        ("fl", "fL"),
        ("sec", "s"),
        ("mmHg", "mm[Hg]"),
        ("/HP", "/[HPF]"),
        ("mg/L FEU", "mg/L{FEU}"),
    ],
)
def test_one_unit_has_many_spellings(spelling: str, ucum: str) -> None:
    unit = read_unit(spelling)
    assert unit is not None
    assert unit.ucum == ucum


@pytest.mark.parametrize(
    "spelling", ["", " ", "MMOLL", "giga.l-1", "10^9", "x10", "mmol", "109/L", "1O^9/L", "mg/dL/h"]
)
def test_an_unknown_unit_is_none(spelling: str) -> None:
    assert read_unit(spelling) is None


@pytest.mark.parametrize(
    ("value", "unit", "code", "expected"),
    [
        ("13.2", "g/dL", "HGB", "132"),
        ("6.15", "10*3/uL", "WBC", "6.15"),
        ("0.42", "L/L", "HCT", "42"),
        ("180.156", "mg/dL", "GLU", "10"),
        ("1.1312", "mg/dL", "CREA", "100"),
        ("386.65", "mg/dL", "TC", "10"),
        ("4.2", "meq/L", "K", "4.2"),
        ("4.6", "meq/L", "CA", "2.3"),
        ("35", "[IU]/L", "ALT", "35"),
        ("2.5", "u[IU]/mL", "TSH", "2.5"),
        ("500", "ng/mL{FEU}", "DDIMER", "0.5"),
        ("7.5", "kPa", "PCO2", "56.25461819"),
    ],
)
def test_known_conversions(value: str, unit: str, code: str, expected: str) -> None:
    assert round(converted(value, unit, code), 8) == Decimal(expected)


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("mg/dL", "UREA"),  # of urea, or of its nitrogen
        ("mg/L", "DDIMER"),  # of which units
        ("U/mL", "TPOAB"),  # an arbitrary unit is not an activity
        ("g/L", "WBC"),  # giga, or gram
        ("%", "INR"),
        ("meq/L", "P"),  # the valence depends on the pH
        ("mmol/L", "ALB"),
        ("", "K"),
        ("furlong", "K"),
    ],
)
def test_what_is_not_certain_is_not_converted(unit: str, code: str) -> None:
    assert convert(Quantity(Decimal(5), unit), item(code)) == UnitUnknown(unit, code)


def test_a_comparator_goes_with_its_value() -> None:
    assert convert(Quantity(Decimal("5"), "g/dL", "<"), item("HGB")) == Quantity(Decimal(50), "g/L", "<")


def test_moving_the_point_keeps_the_analyzers_digits_and_a_molar_mass_does_not() -> None:
    assert keeps_digits("g/dL", item("HGB"))
    assert str(converted("13.20", "g/dL", "HGB")) == "132.0"
    assert not keeps_digits("mg/dL", item("GLU"))
    exact = convert(Quantity(Decimal(100), "mg/dL"), item("GLU"))
    assert isinstance(exact, Quantity)
    assert rounded(exact, item("GLU")).value == Decimal("5.55")


numbers = st.decimals(min_value="-99999", max_value="99999", places=4, allow_nan=False)
quantities = st.sampled_from([one for one in CATALOGUE.items if one.kind is Kind.quantity])


@given(value=numbers, one=quantities)
def test_the_items_own_unit_changes_nothing(value: Decimal, one: Item) -> None:
    quantity = Quantity(value, one.unit)
    assert convert(quantity, one) == quantity


@given(value=numbers, one=quantities, unit=st.sampled_from(sorted(UNITS)))
def test_there_and_back_is_the_same_value(value: Decimal, one: Item, unit: str) -> None:
    there = convert(Quantity(value, unit), one)
    if isinstance(there, UnitUnknown):
        return
    back = convert(there, one.model_copy(update={"unit": unit}))
    if isinstance(back, UnitUnknown):  # an enzyme's IU is a U; a U of something else is no IU
        assert read_unit(unit).dimension in {"arbitrary", "equivalents"}  # type: ignore[union-attr]
        return
    assert abs(Fraction(back.value) - Fraction(value)) <= abs(Fraction(value)) * Fraction(1, 10**25)


@given(pair=st.tuples(numbers, numbers), one=quantities, unit=st.sampled_from(sorted(UNITS)))
def test_conversion_keeps_the_order(pair: tuple[Decimal, Decimal], one: Item, unit: str) -> None:
    low, high = (convert(Quantity(value, unit), one) for value in sorted(pair))
    if isinstance(low, Quantity) and isinstance(high, Quantity):
        assert low.value <= high.value


@given(st.text(max_size=20))
def test_any_text_is_a_unit_or_none(text: str) -> None:
    unit = read_unit(text)
    assert unit is None or unit.ucum in UNITS

import random
import string

import pytest

from services.lab.label.barcode import barcode
from services.lab.label.code128 import _PATTERNS, QUIET_MODULES, modules, symbol_values
from tests.unit.lab.label.scanner import scan


def lit(text: str) -> list[bool]:
    quiet = "0" * QUIET_MODULES
    return [each == "1" for each in quiet + modules(text) + quiet]


def test_the_table_is_the_standards() -> None:
    """Eleven modules a symbol, an even number of them black, no two alike."""
    assert len(set(_PATTERNS)) == len(_PATTERNS) == 106
    for pattern in _PATTERNS:
        widths = [int(width) for width in pattern]
        assert sum(widths) == 11
        assert sum(widths[::2]) % 2 == 0
        assert all(1 <= width <= 4 for width in widths)


def test_a_number_has_the_bars_that_another_encoder_gives_it() -> None:
    """``AB1234`` as zxing-cpp writes it."""
    assert (
        modules("AB1234")
        == "110100100001010001100010001011000101110111101011001110010001011000111101011101100011101011"
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A", [104, 33]),
        ("12", [104, 17, 18]),
        ("1234", [105, 12, 34]),
        ("12345", [105, 12, 34, 100, 21]),
        ("L12345", [104, 44, 17, 99, 23, 45]),
        ("A1234B", [104, 33, 17, 18, 19, 20, 34]),
        ("A123456B", [104, 33, 99, 12, 34, 56, 100, 34]),
        ("1234-5678", [105, 12, 34, 100, 13, 99, 56, 78]),
    ],
)
def test_digits_go_two_to_a_symbol_where_that_is_shorter(text: str, values: list[int]) -> None:
    assert symbol_values(text) == values


def test_whatever_is_printable_scans_back() -> None:
    chance = random.Random(128)
    letters = string.digits * 6 + "".join(map(chr, range(32, 127)))
    for _ in range(500):
        text = "".join(chance.choices(letters, k=chance.randint(1, 24)))
        assert scan(lit(text)) == text


@pytest.mark.parametrize("text", ["", "标本1", "A\n1", "é"])
def test_what_has_no_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        modules(text)


def test_bars_are_whole_printer_dots_and_never_too_narrow() -> None:
    assert barcode("L1", 50).module_mm == 0.375
    assert barcode("L2611210000123", 50).module_mm == 0.25
    with pytest.raises(ValueError, match="does not fit"):
        barcode("L" * 14, 50)

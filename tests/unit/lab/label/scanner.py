"""Reads Code 128 as a scanner does: from the dark and light of one line across a page."""

from itertools import groupby

import pypdfium2

from services.lab.label.code128 import _PATTERNS, _STOP

PIXELS_PER_MM = 16
_VALUES = {pattern: value for value, pattern in enumerate(_PATTERNS)}


def pixel_row(pdf: bytes, page: int, from_top_mm: float) -> list[bool]:
    """Whether each pixel is dark."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[page].render(scale=PIXELS_PER_MM * 25.4 / 72, grayscale=True).to_numpy()
    finally:
        document.close()
    return [bool(each < 128) for each in image[round(from_top_mm * PIXELS_PER_MM)].ravel()]


def runs(row: list[bool]) -> list[tuple[bool, int]]:
    return [(is_dark, sum(1 for _ in run)) for is_dark, run in groupby(row)]


def scan(row: list[bool]) -> str:
    """Raises AssertionError for a bad quiet zone or check symbol, KeyError for bars that are no symbol."""
    found = runs(row)
    lengths = [length for _dark, length in found]
    assert not found[0][0]
    assert not found[-1][0]
    module = sum(lengths[1:7]) / 11
    assert min(lengths[0], lengths[-1]) >= 9.9 * module
    widths = "".join(str(round(length / module)) for length in lengths[1:-1])
    assert widths.endswith(_STOP)
    values = [_VALUES[widths[at : at + 6]] for at in range(0, len(widths) - len(_STOP), 6)]
    *data, check = values
    assert (data[0] + sum(place * value for place, value in enumerate(data))) % 103 == check
    return _text(data)


def _text(values: list[int]) -> str:
    assert values[0] in (104, 105)
    in_c, text = values[0] == 105, ""
    for value in values[1:]:
        if value == (100 if in_c else 99):
            in_c = not in_c
        else:
            text += f"{value:02d}" if in_c else chr(value + 32)
    return text

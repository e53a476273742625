"""Plain tables for a terminal: a Chinese character takes two columns (Unicode Standard Annex 11)."""

import unicodedata
from collections.abc import Sequence

_GAP = "  "


def sheet(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Left-aligned columns under their headings; ``None`` is an empty cell, lists are joined by commas."""
    lines = [list(headings), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        _GAP.join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, list | tuple):
        return ",".join(str(item) for item in cell)
    return str(cell)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

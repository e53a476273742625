"""Rows, columns and pages of results, as a Chinese laboratory sheet sets them."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from services.lab.report_form.content import FLAG_SIGNS, ItemSaid
from shared.clock import to_shanghai

TWO_COLUMNS_ABOVE = 16
_FIRST_PAGE_ROWS = 36
_NEXT_PAGE_ROWS = 46
_NARROW_VALUE = 8  # halves of a Chinese character that a cell of the two-column table has
_NARROW_INTERVAL = 12
CORRECTED, RECOGNISED, PRELIMINARY = "▲", "★", "初"


@dataclass(frozen=True, slots=True)
class Row:
    """``number`` is 0 of a subheading, which has nothing but its name."""

    number: int
    name: str
    value: str = ""
    sign: str = ""
    is_abnormal: bool = False
    is_critical: bool = False
    unit: str = ""
    interval: str = ""
    previous: str = ""
    method: str = ""


def rows_of(items: Sequence[ItemSaid], starred: frozenset[str]) -> list[Row]:
    """In order, a subheading before each group. ``starred``: the items that are marked 互认."""
    found, group = [], ""
    for number, item in enumerate(items, start=1):
        if item.group != group:
            group = item.group
            if group:
                found.append(Row(0, group))
        found.append(_row(number, item, item.item in starred))
    return found


def is_narrow(items: Sequence[ItemSaid]) -> bool:
    """Whether the results stand in two columns: many, and none that would not fit into half a page."""
    return len(items) > TWO_COLUMNS_ABOVE and all(
        _width(item.value) <= _NARROW_VALUE and _width(item.interval) <= _NARROW_INTERVAL for item in items
    )


def side_by_side(rows: Sequence[Row]) -> list[list[tuple[Row | None, Row | None]]]:
    """Tables of two columns, read down the left one, then down the right one. A table is what a page holds, so
    that a reader does not turn the page within a column."""
    tables, at, room = [], 0, _FIRST_PAGE_ROWS
    while at < len(rows):
        part = rows[at : at + 2 * room]
        half = _halfway(part)
        left, right = part[:half], part[half:]
        tables.append([(_at(left, line), _at(right, line)) for line in range(max(len(left), len(right)))])
        at += len(part)
        room = _NEXT_PAGE_ROWS
    return tables


def _halfway(rows: Sequence[Row]) -> int:
    """A subheading does not stay behind at the foot of the left column."""
    half = (len(rows) + 1) // 2
    return half - 1 if half > 1 and rows[half - 1].number == 0 else half


def _at(rows: Sequence[Row], line: int) -> Row | None:
    return rows[line] if line < len(rows) else None


def _row(number: int, item: ItemSaid, is_starred: bool) -> Row:
    name = f"{item.name} {item.name_en}" if item.name_en and item.name_en != item.name else item.name
    marks = (CORRECTED if item.correction else "") + (f"（{PRELIMINARY}）" if item.status == "preliminary" else "")
    sign = FLAG_SIGNS[item.flag]
    previous = item.previous
    return Row(
        number=number,
        name=(RECOGNISED if is_starred else "") + name,
        value=item.value + marks,
        sign=sign,
        is_abnormal=bool(sign) or item.is_critical,
        is_critical=item.is_critical,
        unit=item.unit,
        interval=item.interval,
        previous=f"{previous.value}（{to_shanghai(previous.at):%y-%m-%d}）" if previous else "",
        method=item.method,
    )


def _width(text: str) -> int:
    """In halves of a Chinese character."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)

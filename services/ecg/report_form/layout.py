"""Which lead stands where: rows of segments on a strip of paper ten seconds long, cut into pages where 50 mm/s make it
longer than a page is wide."""

from dataclasses import dataclass

from services.ecg.parse.leads import CHEST, LIMB, STANDARD
from services.ecg.report_form.form import Layout

STRIP_S = 10.0
STRIP_MM = 250.0
_COLUMNS: dict[Layout, tuple[tuple[str, ...], ...]] = {
    "3x4+1": (LIMB[:3], LIMB[3:], CHEST[:3], CHEST[3:]),
    "6x2": (LIMB, CHEST),
    "12x1": (STANDARD,),
}
_PITCH_MM: dict[Layout, float] = {"3x4+1": 22.5, "6x2": 16.0, "12x1": 11.5}
_EXTRA_PITCH_MM = 20.0
_EXTRA_ROWS = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """``lead`` from ``start_s`` of the recording on, set at ``strip_s`` of the strip, ``length_s`` long."""

    lead: str
    start_s: float
    strip_s: float
    length_s: float


Row = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TracePage:
    """``strip_s``: which second of the strip the left edge is. ``rows`` from above; ``pitch_mm`` from one row's middle
    to the next one's."""

    rows: tuple[Row, ...]
    strip_s: float
    pitch_mm: float


def trace_pages(layout: Layout, leads: tuple[str, ...], duration_s: float, speed_mm_s: int) -> list[TracePage]:
    """Leads beyond the twelve follow on further pages, a row each. Of a longer recording the first ten seconds; a
    shorter one is shown from as late a start as its columns need, so that no lead is left out."""
    shown_s = min(duration_s, STRIP_S)
    rows = _rows(_COLUMNS[layout], shown_s)
    if layout == "3x4+1":
        rows.append((Segment("II" if "II" in leads else leads[0], 0.0, 0.0, STRIP_S),))
    pages = _cut(rows, _PITCH_MM[layout], shown_s, speed_mm_s)
    extra = [lead for lead in leads if lead not in STANDARD]
    for first in range(0, len(extra), _EXTRA_ROWS):
        further: list[Row] = [(Segment(lead, 0.0, 0.0, STRIP_S),) for lead in extra[first : first + _EXTRA_ROWS]]
        pages.extend(_cut(further, _EXTRA_PITCH_MM, shown_s, speed_mm_s))
    return pages


def is_simultaneous(layout: Layout, duration_s: float) -> bool:
    """Whether what stands under one another was recorded at the same instant, and the columns follow one another."""
    return layout == "12x1" or duration_s >= STRIP_S


def _rows(columns: tuple[tuple[str, ...], ...], shown_s: float) -> list[Row]:
    length_s = STRIP_S / len(columns)
    starts_s = [
        number * length_s if shown_s >= STRIP_S else number * max(0.0, shown_s - length_s) / max(1, len(columns) - 1)
        for number in range(len(columns))
    ]
    return [
        tuple(
            Segment(column[row], starts_s[number], number * length_s, length_s) for number, column in enumerate(columns)
        )
        for row in range(len(columns[0]))
    ]


def _cut(rows: list[Row], pitch_mm: float, shown_s: float, speed_mm_s: int) -> list[TracePage]:
    page_s = STRIP_MM / speed_mm_s
    pages = []
    for number in range(round(STRIP_S / page_s)):
        left_s = number * page_s
        cut = tuple(tuple(part for segment in row if (part := _within(segment, left_s, page_s))) for row in rows)
        if any(segment.start_s < shown_s for row in cut for segment in row):
            pages.append(TracePage(cut, left_s, pitch_mm))
    return pages


def _within(segment: Segment, left_s: float, page_s: float) -> Segment | None:
    first = max(segment.strip_s, left_s)
    last = min(segment.strip_s + segment.length_s, left_s + page_s)
    if first >= last:
        return None
    return Segment(segment.lead, segment.start_s + first - segment.strip_s, first, last - first)

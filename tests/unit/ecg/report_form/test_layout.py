import pytest

from services.ecg.parse.leads import CHEST, LIMB, STANDARD
from services.ecg.report_form.layout import Segment, trace_pages


def leads_of(rows: tuple[tuple[Segment, ...], ...]) -> list[list[str]]:
    return [[segment.lead for segment in row] for row in rows]


def test_three_rows_of_four_and_the_rhythm() -> None:
    (page,) = trace_pages("3x4+1", STANDARD, 10.0, 25)
    assert leads_of(page.rows) == [
        ["I", "aVR", "V1", "V4"],
        ["II", "aVL", "V2", "V5"],
        ["III", "aVF", "V3", "V6"],
        ["II"],
    ]
    assert [(segment.start_s, segment.strip_s, segment.length_s) for segment in page.rows[0]] == [
        (0.0, 0.0, 2.5),
        (2.5, 2.5, 2.5),
        (5.0, 5.0, 2.5),
        (7.5, 7.5, 2.5),
    ]


def test_six_rows_of_two_and_twelve_of_one() -> None:
    (six,) = trace_pages("6x2", STANDARD, 10.0, 25)
    assert leads_of(six.rows) == [list(pair) for pair in zip(LIMB, CHEST, strict=True)]
    (twelve,) = trace_pages("12x1", STANDARD, 10.0, 25)
    assert leads_of(twelve.rows) == [[lead] for lead in STANDARD]


def test_twice_the_speed_takes_twice_the_paper() -> None:
    first, second = trace_pages("3x4+1", STANDARD, 10.0, 50)
    assert (first.strip_s, second.strip_s) == (0.0, 5.0)
    assert leads_of(first.rows)[0] == ["I", "aVR"]
    assert leads_of(second.rows)[0] == ["V1", "V4"]
    assert second.rows[3] == (Segment("II", 5.0, 5.0, 5.0),)


def test_paper_on_which_nothing_would_stand_is_left_out() -> None:
    assert len(trace_pages("12x1", STANDARD, 4.0, 50)) == 1


@pytest.mark.parametrize("extra", [("V3R", "V4R", "V5R"), ("V3R", "V4R", "V5R", "V7", "V8", "V9")])
def test_further_leads_follow_each_with_a_row_of_its_own(extra: tuple[str, ...]) -> None:
    _standard, further = trace_pages("3x4+1", STANDARD + extra, 10.0, 25)
    assert leads_of(further.rows) == [[lead] for lead in extra]


def test_a_short_recording_shows_something_of_every_lead() -> None:
    (page,) = trace_pages("3x4+1", STANDARD, 6.0, 25)
    assert all(segment.start_s + 2.5 <= 6.0 for row in page.rows[:3] for segment in row)
    assert page.rows[0][3].start_s == 3.5


def test_the_rhythm_is_of_the_first_lead_where_ii_is_missing() -> None:
    (page,) = trace_pages("3x4+1", ("V1", "V2"), 10.0, 25)
    assert leads_of(page.rows)[3] == ["V1"]

"""The table of the comparison: which way a ratio goes, and when an aim is met."""

import pytest

from bench.orthanc.rows import DIRECT, FRONT, NO_AIM, NO_SLOWER, ORTHANC, Aim, Better, Row, table


def row(front: float, orthanc: float, better: Better, aim: Aim = NO_AIM) -> Row:
    return Row("figure", "ms", {FRONT: [front], ORTHANC: [orthanc]}, better, aim)


@pytest.mark.parametrize(("better", "times"), [(Better.more, 4.0), (Better.less, 0.25)])
def test_above_one_is_faster_whichever_way_the_unit_counts(better: Better, times: float) -> None:
    assert row(40, 10, better).times(FRONT) == times


def test_medians_are_compared() -> None:
    rounds = Row("figure", "/s", {FRONT: [90.0, 100.0, 1.0], ORTHANC: [45.0, 44.0, 900.0]})
    assert rounds.times(FRONT) == 2.0


@pytest.mark.parametrize(
    ("aim", "met"),
    [
        (NO_AIM, None),
        (NO_SLOWER, True),
        (Aim(times=2), True),
        (Aim(times=2.1), False),
        (Aim(most=10), True),
        (Aim(most=9.9), False),
        (Aim(times=1, most=9.9), False),
    ],
)
def test_every_part_of_an_aim_counts(aim: Aim, met: bool | None) -> None:
    assert row(10, 20, Better.less, aim).is_met() is met


def test_a_side_that_was_not_measured_is_left_empty() -> None:
    line = table([row(10, 20, Better.less, Aim(times=2, most=20))]).splitlines()[-1]
    assert line == "| figure | 10.0 ms |  | 20.0 ms | 2.00 |  | ≥ 2 ×, ≤ 20 ms | yes |"


def test_nothing_is_compared_with_a_server_that_did_nothing() -> None:
    alone = Row("figure", "ms", {FRONT: [3.0], DIRECT: [2.0]}, Better.less, NO_SLOWER)
    assert alone.times(DIRECT) is None
    assert alone.is_met() is None

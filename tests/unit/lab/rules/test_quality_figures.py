"""Levey-Jennings data, cumulative statistics, external assessment and recognition."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.rules.eqa import EqaResult, EqaVerdict, eqa_score, recognisable
from services.lab.rules.levey_jennings import Target, chart, cumulative

AT = datetime(2026, 6, 1, tzinfo=UTC)
D = Decimal


def test_a_chart_is_in_order_of_time_with_seven_lines() -> None:
    drawn = chart(Target(D(100), D(2)), [("b", AT + timedelta(1), D(106)), ("a", AT, D(97))])
    assert [(point.run_id, point.z) for point in drawn.points] == [("a", D("-1.5")), ("b", D(3))]
    assert drawn.limits == (94, 96, 98, 100, 102, 104, 106)


def test_a_target_without_spread_is_refused() -> None:
    with pytest.raises(ValueError, match="SD"):
        Target(D(100), D(0))


def test_cumulative_statistics() -> None:
    found = cumulative([D("4.0"), D("4.2"), D("4.4")])
    assert found is not None
    assert (found.n, found.mean, found.sd) == (3, D("4.2"), D("0.2"))
    assert found.cv_percent is not None
    assert round(found.cv_percent, 3) == D("4.762")
    one = cumulative([D("4.0")])
    assert one is not None
    assert one.sd is None
    assert cumulative([]) is None


@given(value=st.decimals(min_value=50, max_value=150, places=2))
def test_z_falls_between_the_lines_it_says(value: Decimal) -> None:
    target = Target(D(100), D("2.5"))
    z = target.z(value)
    if abs(z) <= 2:
        assert target.limit(-2) - D("0.01") <= value <= target.limit(2) + D("0.01")
    else:
        assert value < target.limit(-2) + D("0.01") or value > target.limit(2) - D("0.01")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [("104", "passed"), ("96", "passed"), ("104.1", "questionable"), ("105.9", "questionable"), ("94", "failed")],
)
def test_a_score_by_sd(value: str, verdict: str) -> None:
    assert eqa_score(D(value), D(100), sd=D(2)).verdict == verdict


def test_a_score_by_allowable_error() -> None:
    assert eqa_score(D("4.2"), D("4.0"), allowable=D("0.2")).verdict is EqaVerdict.passed
    failed = eqa_score(D("4.21"), D("4.0"), allowable=D("0.2"))
    assert (failed.verdict, failed.z, failed.deviation_percent) == (EqaVerdict.failed, None, D("5.25"))


@pytest.mark.parametrize("by", [{}, {"sd": D(1), "allowable": D(1)}, {"sd": D(0)}, {"allowable": D(-1)}])
def test_a_score_needs_one_measure(by: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match="one of"):
        eqa_score(D(1), D(1), **by)


def result(verdict: EqaVerdict, start: int, days: int = 180, scheme: str = "NCCL", item: str = "K") -> EqaResult:
    return EqaResult(item, scheme, verdict, AT + timedelta(days=start), AT + timedelta(days=start + days))


@pytest.mark.parametrize(
    ("results", "is_recognised"),
    [
        ([], False),
        ([result(EqaVerdict.passed, -10)], True),
        ([result(EqaVerdict.passed, 0)], True),
        ([result(EqaVerdict.passed, 1)], False),
        ([result(EqaVerdict.passed, -180)], False),
        ([result(EqaVerdict.questionable, -10)], False),
        ([result(EqaVerdict.passed, -10), result(EqaVerdict.failed, -5)], False),
        ([result(EqaVerdict.failed, -10), result(EqaVerdict.passed, -5)], True),
        ([result(EqaVerdict.passed, -10), result(EqaVerdict.failed, -5, scheme="省临检")], False),
        ([result(EqaVerdict.passed, -10, item="NA")], False),
    ],
)
def test_recognition_follows_the_newest_valid_round(results: list[EqaResult], is_recognised: bool) -> None:
    assert recognisable("K", results, AT) is is_recognised

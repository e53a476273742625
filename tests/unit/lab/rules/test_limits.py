"""At the limit, just beyond it, and where a limit does not apply: each kind of row by itself."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.lab.rules.facts import Measured, Quantity, Subject
from services.lab.rules.judge import judge
from services.lab.rules.rule_set import RuleSet
from services.lab.rules.scope import Scope
from services.lab.rules.span import Span, span_of

AT = datetime(2026, 6, 1, 2, tzinfo=UTC)
D = Decimal


def rules(**parts: Any) -> RuleSet:
    wide = {"item": "X", "low": D(-1000), "high": D(1000), "unit": "1", "source": "测试"}
    given: dict[str, Any] = {"intervals": (wide,), **parts}
    return RuleSet(name="test", version="1", title="测试", source="测试", valid_from=date(2026, 1, 1), **given)


def row(**parts: Any) -> dict[str, Any]:
    return {"item": "X", "unit": "1", "source": "测试", **parts}


def held(rule_set: RuleSet, value: str, comparator: str = "", **facts: Any) -> list[str]:
    previous = facts.pop("previous", {})
    measured = Measured("X", Quantity(D(value), "1", comparator), **facts)  # type: ignore[arg-type]
    (found,) = judge([measured], Subject(), previous, rule_set, at=AT)
    return [reason.code for reason in found.held_by]


@pytest.mark.parametrize(("index", "codes"), [("89", []), ("90", ["hil"]), ("91", ["hil"])])
def test_an_index_at_the_limit_holds(index: str, codes: list[str]) -> None:
    hil = {"item": "X", "index": "haemolysis", "limit": D(90), "source": "测试"}
    assert held(rules(hil=(hil,)), "5", indices={"haemolysis": D(index)}) == codes


@pytest.mark.parametrize(
    ("value", "comparator", "codes"),
    [
        ("2", "", []), ("1.99", "", ["below_range"]), ("2", "<", []), ("1", "<", []), ("2.01", "<", ["below_range"]),
        ("9", "", []), ("9.01", "", ["above_range"]), ("9", ">", ["above_range"]), ("5", ">=", ["above_range"]),
    ],
)  # fmt: skip
def test_the_ends_of_the_reportable_range_may_be_reported(value: str, comparator: str, codes: list[str]) -> None:
    # The wide interval keeps its negative side, so only the range is asked here.
    found = held(rules(reportable=(row(low=D(2), high=D(9)),)), value, comparator)
    assert [code for code in found if code != "undecided"] == codes


def test_an_analyzers_own_range_goes_before_the_general_one() -> None:
    both = rules(reportable=(row(high=D(9)), row(high=D(20), analyzer="C1")))
    assert held(both, "15", analyzer="C1") == []
    assert held(both, "15", analyzer="C2") == ["above_range"]


def test_a_quantity_with_values_below_zero_keeps_them_open() -> None:
    excess = rules(intervals=(row(low=D(-3), high=D(3)),))
    assert held(excess, "2", "<") == ["undecided"], "it may be -10"
    concentration = rules(intervals=(row(high=D(3)),))
    assert held(concentration, "2", "<") == []


@pytest.mark.parametrize(
    ("value", "days", "codes"),
    [("10", 7, []), ("10.1", 7, ["delta"]), ("10.1", 8, []), ("-0.1", 7, ["delta"]), ("10.1", -1, [])],
)
def test_a_delta_counts_beyond_its_limit_within_its_window(value: str, days: int, codes: list[str]) -> None:
    delta = {"item": "X", "kind": "absolute", "limit": D(5), "window_days": 7, "source": "测试"}
    past = {"X": [(AT - timedelta(days=days), Measured("X", Quantity(D(5), "1")))]}
    assert held(rules(deltas=(delta,)), value, previous=past) == codes


@pytest.mark.parametrize(
    ("kind", "limit", "codes"),
    [("percent", "100", []), ("percent", "99", ["delta"]), ("rate", "2.5", []), ("rate", "2.4", ["delta"])],
)
def test_percent_is_of_the_earlier_value_and_rate_is_a_day(kind: str, limit: str, codes: list[str]) -> None:
    delta = {"item": "X", "kind": kind, "limit": D(limit), "window_days": 7, "source": "测试"}
    past = {"X": [(AT - timedelta(days=2), Measured("X", Quantity(D(5), "1")))]}
    assert held(rules(deltas=(delta,)), "10", previous=past) == codes


def test_an_earlier_value_in_words_or_another_unit_is_not_compared() -> None:
    delta = {"item": "X", "kind": "absolute", "limit": D(5), "window_days": 7, "source": "测试"}
    yesterday = AT - timedelta(days=1)
    past = {"X": [(yesterday, Measured("X", text="溶血")), (yesterday, Measured("X", Quantity(D(500), "%")))]}
    assert held(rules(deltas=(delta,)), "10", previous=past) == []


def test_a_value_with_a_comparator_is_not_put_into_a_sum() -> None:
    linear = {"name": "sum", "text": "和", "terms": ({"item": "X"}, {"item": "Y"}), "high": D(10), "source": "测试"}
    wide = {"low": D(0), "high": D(1000), "unit": "1", "source": "测试"}
    both = rules(intervals=({"item": "X", **wide}, {"item": "Y", **wide}), linear=(linear,))

    def of(comparator: str) -> list[str]:
        x, y = Quantity(D(8), "1", comparator), Quantity(D(3), "1")  # type: ignore[arg-type]
        found = judge([Measured("X", x), Measured("Y", y)], Subject(), {}, both, at=AT)
        return [reason.code for reason in found[1].held_by]

    assert of("") == ["same_sample"]
    assert of("<") == []


@pytest.mark.parametrize(("day", "covers"), [(1, False), (2, True), (3, True), (4, False)])
def test_a_row_holds_from_its_first_day_until_before_its_last(day: int, covers: bool) -> None:
    scope = Scope(valid_from=date(2026, 1, 2), valid_to=date(2026, 1, 4))
    assert scope.covers(Subject(), date(2026, 1, day)) is covers


def test_a_floor_above_the_value_is_no_floor() -> None:
    assert span_of(Quantity(D(-5), "1", "<"), floor=D(0)) == Span(None, D(-5), high_open=True)
    assert span_of(Quantity(D(5), "1", "<="), floor=D(0)) == Span(D(0), D(5))


@pytest.mark.parametrize(
    ("one", "two", "distance"),
    [
        (Span(D(1), D(1)), Span(D(4), D(4)), 3),
        (Span(D(0), D(2)), Span(D(5), None), 3),
        (Span(D(0), D(5)), Span(D(2), D(2)), 0),
        (Span(None, D(2)), Span(None, D(9)), 0),
    ],
)
def test_the_distance_of_two_spans_is_the_least(one: Span, two: Span, distance: int) -> None:
    assert one.distance(two) == two.distance(one) == distance

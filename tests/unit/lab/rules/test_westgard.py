"""Westgard rules by hand: what each is, what it is not, and which runs count."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.lab.rules.westgard import (
    CLASSIC,
    FOUR_LEVELS_8X,
    FOUR_LEVELS_12X,
    THREE_LEVELS_6X,
    THREE_LEVELS_9X,
    Multirule,
    Outcome,
    Point,
    Run,
    Verdict,
    evaluate,
    evaluate_all,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int, *zs: str, restarts: bool = False) -> Run:
    """One value a level; "" leaves the level out."""
    points = tuple(Point(f"L{level}", Decimal(z)) for level, z in enumerate(zs, 1) if z)
    return Run(f"r{number}", START + timedelta(days=number), "C1", "K", points, restarts)


def along(*zs: str) -> list[Run]:
    return [run(number, z) for number, z in enumerate(zs)]


def judged(runs: list[Run], levels: int = 1, rules: Multirule = CLASSIC) -> Verdict:
    return evaluate(runs, [f"L{level}" for level in range(1, levels + 1)], rules)


def rules_of(verdict: Verdict) -> set[str]:
    return {hit.rule for hit in verdict.hits}


@pytest.mark.parametrize(
    ("zs", "outcome", "rules"),
    [
        (("0.2", "-0.5", "3.2"), Outcome.reject, {"1-3s"}),
        (("0.1", "2.2", "2.4"), Outcome.reject, {"1-2s", "2-2s"}),
        (("0.2", "1.2", "1.3", "1.1", "1.4"), Outcome.reject, {"4-1s"}),
        (("-0.2", *["0.3"] * 10), Outcome.reject, {"10-x"}),
        (("-0.2", *["0.3"] * 9), Outcome.accept, set()),
        (("0.1", "-0.3", "2.1"), Outcome.warning, {"1-2s"}),
        (("0", "2.2", "-2.3"), Outcome.warning, {"1-2s"}),  # two days: no R-4s
        (("2.0",), Outcome.accept, set()),  # at the limit is inside
        (("-3.0",), Outcome.warning, {"1-2s"}),
        (("1.0", "1.0", "1.0", "1.0"), Outcome.accept, set()),
        (("0.3", "0.3", "0.3", "0.3", "0", "0.3", "0.3", "0.3", "0.3", "0.3"), Outcome.accept, set()),  # 0 has no side
    ],
)
def test_the_rules_along_one_level(zs: tuple[str, ...], outcome: Outcome, rules: set[str]) -> None:
    verdict = judged(along(*zs))
    assert (verdict.outcome, rules_of(verdict)) == (outcome, rules)


def test_two_levels_of_one_run_beyond_two_sds_on_opposite_sides_are_r_4s() -> None:
    verdict = judged([run(0, "2.3", "-2.1")], levels=2)
    assert verdict.outcome is Outcome.reject
    (hit,) = [hit for hit in verdict.hits if hit.rule == "R-4s"]
    assert [(point.level, point.z) for point in hit.points] == [("L1", Decimal("2.3")), ("L2", Decimal("-2.1"))]


def test_four_sds_apart_without_both_beyond_two_is_no_r_4s() -> None:
    assert "R-4s" not in rules_of(judged([run(0, "2.9", "-1.9")], levels=2))


def test_two_levels_of_one_run_on_the_same_side_are_2_2s_and_of_two_runs_are_not() -> None:
    assert "2-2s" in rules_of(judged([run(0, "2.3", "2.1")], levels=2))
    assert "2-2s" not in rules_of(judged([run(0, "0.1", "2.3"), run(1, "2.1", "0.2")], levels=2))


def test_4_1s_runs_across_levels_and_names_its_points() -> None:
    verdict = judged([run(0, "1.1", "1.2"), run(1, "1.3", "1.4")], levels=2)
    (hit,) = [hit for hit in verdict.hits if hit.rule == "4-1s"]
    assert [(point.run_id, point.level) for point in hit.points] == [
        ("r0", "L1"), ("r0", "L2"), ("r1", "L1"), ("r1", "L2"),
    ]  # fmt: skip


def test_ten_on_one_side_over_two_levels_take_five_runs() -> None:
    runs = [run(number, "0.4", "0.2") for number in range(5)]
    assert judged(runs[:4], levels=2).outcome is Outcome.accept
    assert rules_of(judged(runs, levels=2)) == {"10-x"}


def test_a_level_that_is_not_in_this_run_cannot_reject_it() -> None:
    runs = [run(0, "0.1", "1.2"), run(1, "0.1", "1.2"), run(2, "0.1", "1.2"), run(3, "-0.1", "1.2"), run(4, "0.1", "")]
    assert judged(runs[:-1], levels=2).outcome is Outcome.reject
    assert judged(runs, levels=2).outcome is Outcome.accept


def test_a_rejected_run_does_not_enter_later_windows() -> None:
    # Nine positive, a tenth rejected by 10-x: the next positive one meets the nine, not the ten.
    runs = along("-0.1", *["0.3"] * 9, "3.5", "-0.2", "0.2")
    verdicts = evaluate_all(runs, ["L1"])
    assert verdicts[10].outcome is Outcome.reject
    assert verdicts[11].outcome is Outcome.accept
    counted = evaluate_all(along("2.1", "-3.2", "2.2"), ["L1"])
    assert "2-2s" in rules_of(counted[-1]), "the rejected run between the two is skipped, not a break"


def test_repeating_a_control_until_it_passes_does_not_pass() -> None:
    verdicts = evaluate_all(along("2.1", "2.2", "2.3", "2.4"), ["L1"])
    assert [verdict.outcome for verdict in verdicts] == [Outcome.warning, *[Outcome.reject] * 3]


def test_only_a_restart_begins_the_windows_anew() -> None:
    runs = [*along("2.1", "2.2"), run(2, "2.3", restarts=True)]
    assert judged(runs).outcome is Outcome.warning


def test_n_x_variants_by_configuration() -> None:
    zs = along(*["0.2"] * 8)
    assert rules_of(judged(zs, rules=FOUR_LEVELS_8X)) == {"8-x"}
    assert judged(zs, rules=FOUR_LEVELS_12X).outcome is Outcome.accept
    assert rules_of(judged(along(*["0.2"] * 12), rules=FOUR_LEVELS_12X)) == {"12-x"}


def test_two_of_three_is_named_by_the_run_that_makes_the_second() -> None:
    counting = THREE_LEVELS_6X.counting_rejected()
    assert "2of3-2s" in rules_of(judged(along("2.1", "2.2"), rules=counting))
    assert "2of3-2s" not in rules_of(judged(along("2.1", "2.2", "0.1"), rules=counting))


def test_three_level_variants() -> None:
    assert "2of3-2s" in rules_of(judged([run(0, "2.1", "0.1", "2.2")], levels=3, rules=THREE_LEVELS_6X))
    assert "2of3-2s" in rules_of(judged(along("2.1", "0.1", "2.2"), rules=THREE_LEVELS_6X))
    assert "2of3-2s" in rules_of(judged(along("2.1", "2.2"), rules=THREE_LEVELS_6X))
    assert "2of3-2s" not in rules_of(judged(along("2.1", "0.1", "0.3", "2.2"), rules=THREE_LEVELS_6X))
    assert "3-1s" in rules_of(judged([run(0, "1.1", "1.2", "1.3")], levels=3, rules=THREE_LEVELS_6X))
    two = [run(0, "0.1", "0.2", "0.3"), run(1, "0.1", "0.2", "0.3")]
    assert rules_of(judged(two, levels=3, rules=THREE_LEVELS_6X)) == {"6-x"}
    assert judged(two, levels=3, rules=THREE_LEVELS_9X).outcome is Outcome.accept


@pytest.mark.parametrize(
    "runs",
    [
        [],
        [run(1, "0.1"), run(0, "0.1")],
        [run(0, "0.1", "0.2")],
        [Run("r", START, "C1", "K", ())],
        [Run("r", START, "C1", "K", (Point("L1", Decimal(0)), Point("L1", Decimal(1))))],
        [run(0, "0.1"), Run("r", START + timedelta(days=1), "C2", "K", (Point("L1", Decimal(0)),))],
    ],
)
def test_runs_that_are_no_history_of_one_control_are_refused(runs: list[Run]) -> None:
    with pytest.raises(ValueError, match="run"):
        evaluate(runs, ["L1"])

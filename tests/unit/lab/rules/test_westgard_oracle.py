"""westgard-python (Apache-2.0) as the second opinion on random runs; each class of disagreement is named and explained.

It counts rejected runs, so ``counting_rejected()`` is compared; what leaving them out changes is the last test.
"""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.lab.rules.westgard import CLASSIC, THREE_LEVELS_6X, Multirule, Outcome, Point, Run, evaluate, evaluate_all

westgard = pytest.importorskip("westgard")
models = pytest.importorskip("westgard.models")
engine = pytest.importorskip("westgard.engine")

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = {"1_3s": "1-3s", "2_2s": "2-2s", "R_4s": "R-4s", "4_1s": "4-1s", "10_x": "10-x", "2of3_2s": "2of3-2s",
         "3_1s": "3-1s", "6_x": "6-x"}  # fmt: skip
Hits = set[tuple[str, str]]


def sequences(count: int, levels: tuple[str, ...], seed: int, *, gaps: bool = False) -> Iterator[list[Run]]:
    """Drifting, wide and quiet processes to one decimal, so that exact limits occur."""
    dice = random.Random(seed)
    for _ in range(count):
        shift, spread = dice.choice((0, 0, 0.6, -0.8, 1.4, -1.6, 2.2)), dice.choice((0.3, 0.7, 1.0, 1.6))
        runs = []
        for number in range(dice.randint(1, 16)):
            present = [level for level in levels if not gaps or dice.random() < 0.6] or [dice.choice(levels)]
            points = tuple(Point(level, Decimal(f"{dice.gauss(shift, spread):.1f}")) for level in present)
            runs.append(Run(f"r{number}", START + timedelta(days=number), "C1", "K", points))
        yield runs


def theirs(runs: list[Run], preset: str) -> Hits:
    observations, latest, sequence = [], [], 0
    for run in runs:
        latest = []
        for point in run.points:
            latest.append(models.ControlObservation("K", point.level, models.RunIdentifier(run.run_id), sequence,
                                                    float(point.z)))  # fmt: skip
            sequence += 1
        observations += latest
    streams = {level: tuple(one for one in observations if one.material == level)
               for level in dict.fromkeys(one.material for one in observations)}  # fmt: skip
    context = models.MultiruleContext(tuple(latest), streams, tuple(observations))
    result = engine.evaluate_multirule(context=context, preset=models.MultiruleVariant(preset))
    found: Hits = set()
    for violation in result.violations:
        within_run = violation.stream_name.startswith("current_run")
        reach = "within_run" if within_run else violation.scope.value.replace("material", "level")
        found.add((NAMES[violation.rule.value], "across_levels" if reach == "across_level" else reach))
    return found


def ours(runs: list[Run], levels: tuple[str, ...], rules: Multirule) -> Hits:
    verdict = evaluate(runs, levels, rules)
    return {(hit.rule, hit.reach.value) for hit in verdict.hits if not hit.is_warning}


def test_one_and_two_levels_agree_but_for_windows_that_end_before_the_last_level() -> None:
    compared, agreed, earlier_end = 0, 0, 0
    for levels in (("L1",), ("L1", "L2")):
        for runs in sequences(5100, levels, seed=len(levels)):
            mine, other = ours(runs, levels, CLASSIC.counting_rejected()), theirs(runs, "modern_2_control_legacy_10x")
            if levels == ("L1",):
                # One level has no "across": its stream of all levels is the level itself, named once here, twice there.
                other = {(rule, reach) for rule, reach in other if reach != "across_levels"}
            else:
                # 2-2s across levels is asked within the run; theirs asks the same two points again as history.
                other = {hit for hit in other if hit != ("2-2s", "across_levels")} | (
                    {("2-2s", "within_run")} if ("2-2s", "across_levels") in other else set()
                )
            compared += 1
            agreed += mine == other
            for rule, reach in mine ^ other:
                # Four consecutive points of L1, L2, L1 may end with this run's L1 while its L2 is quiet: consecutive
                # all the same. westgard-python looks only at windows that end with the last point of the run.
                assert (rule, reach) in mine and reach == "across_levels" and rule in {"4-1s", "10-x"}
                ended = [hit for hit in evaluate(runs, levels, CLASSIC.counting_rejected()).hits
                         if (hit.rule, hit.reach.value) == (rule, reach)]  # fmt: skip
                assert ended[0].points[-1].level == "L1"
                earlier_end += 1
    assert compared == 10_200
    assert agreed > 9_500
    assert earlier_end > 0


def test_runs_that_lack_a_level_disagree_in_two_named_ways_only() -> None:
    reasons: Counter[str] = Counter()
    levels = ("L1", "L2")
    for runs in sequences(1200, levels, seed=7, gaps=True):
        mine, other = ours(runs, levels, CLASSIC.counting_rejected()), theirs(runs, "modern_2_control_legacy_10x")
        present = {point.level for point in runs[-1].points}
        for rule, reach in mine ^ other:
            if rule == "2-2s" and reach == "across_levels":
                # L2 of one run and L1 of the next (or the pair of one run, asked again as history).
                reasons["2-2s over two runs and two levels" if len(present) == 1 else "2-2s asked twice"] += 1
            elif (rule, reach) in other and reach == "within_level":
                # It judges again the history of a level that this run did not measure.
                assert len(present) == 1
                reasons["level not in this run"] += 1
            else:
                assert (rule, reach) in mine and reach == "across_levels"
                reasons["window ends before the last level"] += 1
    assert set(reasons) == {
        "2-2s over two runs and two levels",
        "2-2s asked twice",
        "level not in this run",
        "window ends before the last level",
    }


def test_three_levels_agree_along_each_level() -> None:
    levels = ("L1", "L2", "L3")
    hits = 0
    for runs in sequences(1200, levels, seed=3):
        mine, other = ours(runs, levels, THREE_LEVELS_6X.counting_rejected()), theirs(runs, "modern_3_control")
        along = {hit for hit in mine if hit[1] == "within_level" or hit[0] in {"1-3s", "R-4s"}}
        expected = {hit for hit in other if hit[1] == "within_level" or hit[0] in {"1-3s", "R-4s"}}
        for hit in along ^ expected:
            assert hit == ("2of3-2s", "within_level")
            if hit in along:
                # Two points, both beyond 2 SD: theirs waits for a third before it counts two of three.
                assert len(runs) == 2
            else:
                # Theirs hits again while the newest point is back inside; ours named the run that made the second.
                assert any(abs(point.z) <= 2 for point in runs[-1].points)
        hits += len(along)
    assert hits > 300


def test_leaving_rejected_runs_out_changes_a_verdict_only_after_a_rejection() -> None:
    levels = ("L1", "L2")
    changed = 0
    for runs in sequences(1200, levels, seed=11):
        counting, leaving = CLASSIC.counting_rejected(), CLASSIC
        if ours(runs, levels, counting) != ours(runs, levels, leaving):
            earlier = evaluate_all(runs, levels, leaving)[:-1]
            assert any(verdict.outcome is Outcome.reject for verdict in earlier)
            changed += 1
    assert changed > 0

"""``python -m bench.lab_rules``: autoverification of 1,000 values, and a Westgard verdict. Pure code, no server."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from time import perf_counter

from bench.figures import Figure, spread, table
from services.lab.rules.facts import Judgement, Measured, Quantity, Subject
from services.lab.rules.judge import judge
from services.lab.rules.rule_set import RuleSet, load_rule_set
from services.lab.rules.westgard import Point, Run, evaluate

AT = datetime(2026, 6, 1, tzinfo=UTC)
VALUES = 1000
A_SPECIMEN = 20


def specimens(rules: RuleSet, dice: Random) -> list[tuple[list[Measured], dict[str, list[tuple[datetime, Measured]]]]]:
    """Twenty values each, about the middle of their intervals, each with a value of last week."""
    rows = [row for row in rules.intervals if row.low is not None and row.high is not None and row.scope.sex != "F"]
    rows = list({row.item: row for row in rows if row.scope.age_to is None}.values())
    made = []
    for _ in range(VALUES // A_SPECIMEN):
        values, previous = [], {}
        for row in dice.sample(rows, A_SPECIMEN):
            low, high = float(row.low or 0), float(row.high or 0)
            shown = Decimal(f"{dice.gauss((low + high) / 2, (high - low) / 4):.2f}")
            measured = Measured(row.item, Quantity(shown, row.unit), analyzer="C1", measured_at=AT)
            values.append(measured)
            previous[row.item] = [(AT - timedelta(days=7), measured)]
        made.append((values, previous))
    return made


def autoverification() -> list[Figure]:
    rules, subject = load_rule_set(), Subject(sex="M", age_days=65 * 365)
    made = specimens(rules, Random(1))
    rounds, judged = [], list[Judgement]()
    for _ in range(11):
        start = perf_counter()
        judged = [one for values, previous in made for one in judge(values, subject, previous, rules, at=AT)]
        rounds.append(perf_counter() - start)
    passed = sum(one.passes for one in judged)
    note = f"{passed} passed, {len(judged) - passed} held; rule set {rules.key}"
    return [Figure(f"autoverify {len(judged)} values", spread(rounds), "≤ 1 s", note)]


def westgard() -> list[Figure]:
    dice = Random(2)
    runs = [
        Run(f"r{day}", AT + timedelta(days=day), "C1", "K",
            tuple(Point(level, Decimal(f"{dice.gauss(0, 1):.2f}")) for level in ("L1", "L2")))
        for day in range(120)
    ]  # fmt: skip
    times = []
    for _ in range(30):
        start = perf_counter()
        evaluate(runs, ("L1", "L2"))
        times.append((perf_counter() - start) / len(runs))
    return [Figure("Westgard, one run of two levels", spread(times, "µs", 1e6), "", "with its history of 120 runs")]


if __name__ == "__main__":
    print(table(autoverification() + westgard()))

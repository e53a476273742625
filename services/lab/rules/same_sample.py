"""What the values of one specimen must be to each other. A rule that fails holds every value it names."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import prod

from services.lab.rules.facts import Measured, Reason
from services.lab.rules.rows import LinearRow, ProductRow
from services.lab.rules.rule_set import RuleSet


def same_sample(values: Mapping[str, Measured], rule_set: RuleSet) -> dict[str, list[Reason]]:
    """Item → reasons. A rule with a value missing, in words or with a comparator is not asked."""
    plain = {
        item: measured.quantity.value
        for item, measured in values.items()
        if measured.quantity is not None and not measured.quantity.comparator
    }
    held: dict[str, list[Reason]] = {}
    for items, reason in (*_linear(plain, rule_set), *_products(plain, rule_set)):
        for item in items:
            held.setdefault(item, []).append(reason)
    return held


def _linear(plain: Mapping[str, Decimal], rule_set: RuleSet) -> Iterator[tuple[list[str], Reason]]:
    for row in rule_set.linear:
        items = [term.item for term in row.terms]
        if not all(item in plain for item in items):
            continue
        total = sum((term.factor * plain[term.item] for term in row.terms), Decimal(0))
        if (row.low is not None and total < row.low) or (row.high is not None and total > row.high):
            limits = {"low": str(row.low), "high": str(row.high)}
            yield items, _reason(row, items, plain, f"得 {total:f}", {"result": f"{total:f}", **limits}, rule_set)


def _products(plain: Mapping[str, Decimal], rule_set: RuleSet) -> Iterator[tuple[list[str], Reason]]:
    for row in rule_set.products:
        items = [*row.factors, row.equals]
        if not all(item in plain for item in items):
            continue
        expected = row.scale * prod((plain[item] for item in row.factors), start=Decimal(1))
        if abs(expected - plain[row.equals]) * 100 > row.percent * abs(expected):
            numbers = {"expected": f"{expected:.2f}", "percent": str(row.percent)}
            text = f"应约为 {expected:.2f}（允许 {row.percent} %）"
            yield items, _reason(row, items, plain, text, numbers, rule_set)


def _reason(
    row: LinearRow | ProductRow,
    items: list[str],
    plain: Mapping[str, Decimal],
    found: str,
    numbers: dict[str, str],
    rule_set: RuleSet,
) -> Reason:
    shown = "，".join(f"{item} {plain[item]:f}" for item in items)
    return Reason(
        code="same_sample",
        text=f"{row.text}不成立：{shown}，{found}",
        rule=f"{rule_set.key}/same_sample/{row.name}",
        numbers={**{item: f"{plain[item]:f}" for item in items}, **numbers},
    )

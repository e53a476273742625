"""Autoverification: every value of one specimen passes, or is held with each rule that held it.

The order and kinds of rules follow WS/T 616-2018 (intervals, reportable range, criticals, values of the same specimen,
earlier values, instrument flags, interference, quality control) and CLSI AUTO10. What cannot be decided is held.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.lab.catalogue.values import grade
from services.lab.rules.checks import (
    absurd,
    against_interval,
    critical_reason,
    critical_side,
    instrument_flags,
    interference,
    may_be_critical,
    reportable,
)
from services.lab.rules.delta import Earlier, deltas
from services.lab.rules.facts import Interval, Judgement, Measured, Quantity, Reason, Subject
from services.lab.rules.rule_set import RuleSet
from services.lab.rules.same_sample import same_sample
from services.lab.rules.span import span_of, written
from shared.clock import to_shanghai

FirstCritical = Callable[[str], bool] | AbstractSet[str] | None
"""Whether a critical of this item is the first of the stay; a set: the items for which it is; None: of all."""


@dataclass(slots=True)
class _Finding:
    """What is known of one value so far."""

    flag: Literal["L", "H", "LL", "HH", "A", "N", ""] = ""
    interval: Interval | None = None
    critical: Reason | None = None


def judge(
    values: Sequence[Measured],
    subject: Subject,
    previous: Mapping[str, Earlier],
    rule_set: RuleSet,
    *,
    at: datetime,
    qc_blocked: AbstractSet[tuple[str, str]] = frozenset(),
    is_first_critical: FirstCritical = None,
) -> tuple[Judgement, ...]:
    """In the order of ``values``, which are of one specimen, one an item (ValueError), in the catalogue's units.

    ``at``: when the specimen was measured, for effective dates and deltas (a value's own ``measured_at`` goes first).
    ``qc_blocked``: (analyzer, item) pairs whose control was rejected.
    A critical is always held; it is reported in ``critical`` unless its row rings only for the first one and this is
    not the first.
    """
    by_item = {measured.item: measured for measured in values}
    if len(by_item) != len(values):
        raise ValueError("one item is judged once: choose between the runs first")
    together = same_sample(by_item, rule_set)
    carried: dict[str, set[str]] = {}
    for measured in values:
        for flag in measured.flags:
            carried.setdefault(flag, set()).add(measured.item)
    judgements = []
    for measured in values:
        moment = measured.measured_at or at
        held: list[Reason] = []
        if (measured.analyzer, measured.item) in qc_blocked:
            text = f"{measured.analyzer} 的该项目室内质控失控，未处理前不得发出"
            held.append(Reason("qc", text, "qc", {"analyzer": measured.analyzer}))
        finding = _find(measured, subject, to_shanghai(moment).date(), rule_set, is_first_critical, held)
        held += instrument_flags(measured, carried, rule_set)
        held += interference(measured, rule_set)
        held += together.get(measured.item, [])
        held += deltas(measured, moment, previous.get(measured.item, ()), rule_set)
        judgements.append(
            Judgement(
                item=measured.item,
                flag=finding.flag,
                interval=finding.interval,
                held_by=tuple(held),
                critical=finding.critical,
                rule_set=rule_set.key,
            )
        )
    return tuple(judgements)


def _find(
    measured: Measured,
    subject: Subject,
    on: date,
    rule_set: RuleSet,
    first: FirstCritical,
    held: list[Reason],
) -> _Finding:
    if measured.quantity is not None:
        return _quantity(measured, measured.quantity, subject, on, rule_set, first, held)
    return _words(measured, subject, on, rule_set, held)


def _quantity(
    measured: Measured,
    quantity: Quantity,
    subject: Subject,
    on: date,
    rule_set: RuleSet,
    first: FirstCritical,
    held: list[Reason],
) -> _Finding:
    finding = _Finding()
    item, rule = measured.item, rule_set.key
    row = rule_set.interval_of(item, subject, on)
    critical = rule_set.critical_of(item, subject, on)
    impossible = rule_set.absurd_of(item, subject, on)
    wrong = sorted({known.unit for known in (row, critical, impossible) if known and known.unit != quantity.unit})
    if wrong:
        text = f"单位 {quantity.unit} 与规则的单位 {'、'.join(wrong)} 不同，不能判断"
        held.append(Reason("unit_unknown", text, f"{rule}/unit/{item}", {"unit": quantity.unit}))
        return finding
    if row is None:
        text = "没有适用于此人的参考区间（年龄、性别或科室），请人工审核"
        held.append(Reason("no_interval", text, f"{rule}/interval/{item}"))
    else:
        finding.interval = row.interval()
        finding.flag = against_interval(quantity, row)
        if not finding.flag:
            text = f"结果 {written(quantity)} 不能判断是否在参考区间 {finding.interval.text} 内"
            held.append(Reason("undecided", text, f"{rule}/interval/{item}", {"value": written(quantity)}))
    if critical is not None:
        span = span_of(quantity)
        side = critical_side(span, critical)
        if side is not None:
            reason = critical_reason(quantity, critical, side, rule_set)
            finding.flag = "LL" if side == "low" else "HH"
            held.append(reason)
            if not critical.first_only or _is_first(first, item):
                finding.critical = reason
        elif may_be_critical(span, critical):
            text = f"结果 {written(quantity)} 可能达到危急值，请稀释或复查"
            held.append(Reason("critical_undecided", text, f"{rule}/critical/{item}", {"value": written(quantity)}))
    held += [reason for reason in (
        absurd(quantity, impossible, rule_set), reportable(measured, quantity, subject, on, rule_set)
    ) if reason is not None]  # fmt: skip
    return finding


def _words(measured: Measured, subject: Subject, on: date, rule_set: RuleSet, held: list[Reason]) -> _Finding:
    text, rule = measured.text or "", f"{rule_set.key}/expected/{measured.item}"
    row = rule_set.expected_of(measured.item, subject, on)
    if row is None:
        held.append(Reason("no_interval", f"“{text}”没有可比的正常值，请人工审核", rule, {"value": text}))
        return _Finding()
    finding = _Finding(interval=Interval(None, None, "", "、".join(row.words), row.source))
    found = grade(text)
    normal = {grade(word) for word in row.words} - {None}
    if text in row.words or (found is not None and found in normal):
        finding.flag = "N"
    elif found is None and normal:
        # Words that are no grade (INVALID, 0.05, 溶血) must not become a result by being unlike 阴性.
        held.append(Reason("text_unknown", f"“{text}”不是可识别的定性结果，请人工判断", rule, {"value": text}))
    else:
        finding.flag = "A"
        if row.hold:
            held.append(Reason("unexpected", f"结果“{text}”须人工复核后发出", rule, {"value": text}))
    return finding


def _is_first(first: FirstCritical, item: str) -> bool:
    if first is None:
        return True
    return first(item) if callable(first) else item in first

"""The checks of one value on its own: each answers the reason it holds, or None."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

from services.lab.rules.facts import Measured, Quantity, Reason, Subject
from services.lab.rules.rows import AbsurdRow, CriticalRow, IntervalRow
from services.lab.rules.rule_set import RuleSet
from services.lab.rules.span import Span, span_of, written

_ZERO = Decimal(0)
Side = Literal["low", "high"]


def against_interval(quantity: Quantity, row: IntervalRow) -> Literal["L", "H", "N", ""]:
    """ "" where a comparator leaves it open: "<5" against 3～8 may be low or normal."""
    # A limit at or above 0 belongs to a quantity that has no values below 0; a base excess keeps its negative side.
    floor = _ZERO if row.low is None or row.low >= 0 else None
    span = span_of(quantity, floor=floor)
    if row.low is not None and span.all_below(row.low):
        return "L"
    if row.high is not None and span.all_above(row.high):
        return "H"
    inside_low = row.low is None or span.all_above(row.low, or_equal=True)
    inside_high = row.high is None or span.all_below(row.high, or_equal=True)
    return "N" if inside_low and inside_high else ""


def critical_side(span: Span, row: CriticalRow) -> Side | None:
    if row.low is not None and span.all_below(row.low, or_equal=not row.beyond):
        return "low"
    if row.high is not None and span.all_above(row.high, or_equal=not row.beyond):
        return "high"
    return None


def may_be_critical(span: Span, row: CriticalRow) -> bool:
    """Not certainly critical, and not certainly uncritical: ">5.0" where 6.2 is critical."""
    clear_low = row.low is None or span.all_above(row.low, or_equal=row.beyond)
    clear_high = row.high is None or span.all_below(row.high, or_equal=row.beyond)
    return not (clear_low and clear_high)


def critical_reason(quantity: Quantity, row: CriticalRow, side: Side, rule_set: RuleSet) -> Reason:
    limit = row.low if side == "low" else row.high
    sign = {("low", False): "≤", ("low", True): "<", ("high", False): "≥", ("high", True): ">"}[side, row.beyond]
    return Reason(
        code="critical",
        text=f"危急值：{written(quantity)} {quantity.unit}，界限 {sign}{limit}",
        rule=f"{rule_set.key}/critical/{row.item}",
        numbers={"value": written(quantity), "unit": quantity.unit, "limit": f"{sign}{limit}", "source": row.source},
    )


def absurd(quantity: Quantity, row: AbsurdRow | None, rule_set: RuleSet) -> Reason | None:
    if row is None:
        return None
    span = span_of(quantity)
    for limit, is_beyond, sign in (
        (row.low, row.low is not None and span.all_below(row.low), "<"),
        (row.high, row.high is not None and span.all_above(row.high), ">"),
    ):
        if is_beyond:
            return Reason(
                code="absurd",
                text=f"结果 {written(quantity)} {quantity.unit} 超出可信范围（{sign}{limit}），请核对标本与检测过程",
                rule=f"{rule_set.key}/absurd/{row.item}",
                numbers={"value": written(quantity), "limit": f"{sign}{limit}"},
            )
    return None


def reportable(measured: Measured, quantity: Quantity, subject: Subject, on: date, rule_set: RuleSet) -> Reason | None:
    """Beyond what the analyzer may report as a number; ">x" always asks whether to dilute, "<x" passes at the limit."""
    row = rule_set.reportable_of(measured.item, measured.analyzer, subject, on)
    rule = f"{rule_set.key}/reportable/{measured.item}"
    numbers = {"value": written(quantity)}
    if quantity.comparator in {">", ">="}:
        return Reason("above_range", f"结果 {written(quantity)} 高于检测上限，请稀释复查或由人审核", rule, numbers)
    if row is None or row.unit != quantity.unit:
        return None
    below = row.low is not None and (quantity.value > row.low if quantity.comparator else quantity.value < row.low)
    if below:
        text = f"结果 {written(quantity)} 与可报告范围下限 {row.low} 不符，应报告为 <{row.low}"
        return Reason("below_range", text, rule, {**numbers, "limit": str(row.low)})
    if row.high is not None and quantity.value > row.high:
        text = f"结果 {written(quantity)} 高于可报告范围上限 {row.high}，请稀释复查"
        return Reason("above_range", text, rule, {**numbers, "limit": str(row.high)})
    return None


def interference(measured: Measured, rule_set: RuleSet) -> Iterator[Reason]:
    names = {"haemolysis": "溶血", "icterus": "黄疸", "lipaemia": "脂血"}
    for row in rule_set.hil_of(measured.item):
        index = measured.indices.get(row.index)
        if index is not None and index >= row.limit:
            yield Reason(
                code="hil",
                text=f"{names[row.index]}指数 {index} 达到或超过 {row.limit}，结果可能受干扰",
                rule=f"{rule_set.key}/hil/{row.item}/{row.index}",
                numbers={"index": str(index), "limit": str(row.limit)},
            )


def instrument_flags(measured: Measured, carried: dict[str, set[str]], rule_set: RuleSet) -> Iterator[Reason]:
    """``carried``: flag → items of this specimen that carry it; one flag may hold others (platelet clumps)."""
    for row in rule_set.flags:
        carriers = carried.get(row.flag, set())
        is_meant = measured.item in row.items if row.items else measured.item in carriers
        if carriers and is_meant and row.analyzer in (None, measured.analyzer):
            text = f"仪器报警：{row.text or row.flag}"
            yield Reason("flag", text, f"{rule_set.key}/flag/{row.flag}", {"flag": row.flag})
    known = {row.flag for row in rule_set.flags if row.analyzer in (None, measured.analyzer)} | rule_set.harmless_flags
    for flag in measured.flags:
        if flag not in known:
            yield Reason(
                "flag_unknown", f"仪器报警“{flag}”没有规则，请人工判断", f"{rule_set.key}/flag", {"flag": flag}
            )

"""Delta check: how far a value is from the last one of the same person within the window."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from services.lab.rules.facts import Measured, Quantity, Reason
from services.lab.rules.rows import DeltaRow
from services.lab.rules.rule_set import RuleSet
from services.lab.rules.span import span_of, written

Earlier = Sequence[tuple[datetime, Measured]]
_ZERO = Decimal(0)
_SECONDS_A_DAY = Decimal(86_400)
_SHORTEST_DAYS = Decimal(1) / 24  # two tubes of one hour: a rate over minutes would hold every value


def deltas(measured: Measured, at: datetime, earlier: Earlier, rule_set: RuleSet) -> Iterator[Reason]:
    """Only what is certain counts: of "<0.5" against 20 the change is at least 19.5."""
    rows = rule_set.deltas_of(measured.item)
    if not rows or measured.quantity is None:
        return
    quantity = measured.quantity
    past = sorted(
        ((when, old.quantity) for when, old in earlier if when < at and _is_like(old.quantity, quantity)),
        key=lambda pair: pair[0],
    )
    if not past:
        return
    when, last = past[-1]
    for row in rows:
        if last is not None and at - when <= timedelta(days=row.window_days):
            reason = _delta(row, quantity, last, at - when, rule_set)
            if reason is not None:
                yield reason


def _is_like(old: Quantity | None, new: Quantity) -> bool:
    return old is not None and old.unit == new.unit


def _delta(row: DeltaRow, new: Quantity, old: Quantity, gap: timedelta, rule_set: RuleSet) -> Reason | None:
    change = span_of(new, floor=_ZERO).distance(span_of(old, floor=_ZERO))
    days = max(Decimal(gap.total_seconds()) / _SECONDS_A_DAY, _SHORTEST_DAYS)
    match row.kind:
        case "absolute":
            size, shown = change, f"{change:f} {new.unit}"
        case "percent":
            if old.value == 0:
                return None
            size = change / abs(old.value) * 100
            shown = f"{size:.1f} %"
        case "rate":
            size = change / days
            shown = f"{size:.2f} {new.unit}/天"
    if size <= row.limit:
        return None
    return Reason(
        code="delta",
        text=f"与 {days:.1f} 天前的 {written(old)} 相比变化 {shown}，超过 {row.limit}，请核对标本身份",
        rule=f"{rule_set.key}/delta/{row.item}/{row.kind}",
        numbers={"value": written(new), "previous": written(old), "change": f"{size:.2f}", "limit": str(row.limit)},
    )

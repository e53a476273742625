"""Where the true value of a quantity can lie: one point, or all that "<0.5" leaves open."""

from dataclasses import dataclass
from decimal import Decimal

from services.lab.rules.facts import Quantity


@dataclass(frozen=True, slots=True)
class Span:
    """None: unbounded. A point is closed at both ends; ``<`` and ``>`` leave their limit out."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False

    def all_below(self, limit: Decimal, *, or_equal: bool = False) -> bool:
        if self.high is None:
            return False
        return self.high < limit or (self.high == limit and (or_equal or self.high_open))

    def all_above(self, limit: Decimal, *, or_equal: bool = False) -> bool:
        if self.low is None:
            return False
        return self.low > limit or (self.low == limit and (or_equal or self.low_open))

    def distance(self, other: "Span") -> Decimal:
        """The change that is certain: the least distance of any two points; 0 where the spans touch."""
        if self.low is not None and other.high is not None and self.low > other.high:
            return self.low - other.high
        if other.low is not None and self.high is not None and other.low > self.high:
            return other.low - self.high
        return Decimal(0)


def span_of(quantity: Quantity, *, floor: Decimal | None = None) -> Span:
    """``floor``: the least value there is (0 for a concentration), so that "<0.5" is 0 up to 0.5."""
    value = quantity.value
    match quantity.comparator:
        case "<" | "<=":
            low = floor if floor is not None and floor < value else None
            return Span(low, value, high_open=quantity.comparator == "<")
        case ">" | ">=":
            return Span(value, None, low_open=quantity.comparator == ">")
        case _:
            return Span(value, value)


def written(quantity: Quantity) -> str:
    """As the report prints it, without the unit: "<0.5"."""
    sign = {"<=": "≤", ">=": "≥"}.get(quantity.comparator, quantity.comparator)
    return f"{sign}{quantity.value:f}"

"""Values, subjects and judgements: what the rules take and answer. Plain frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Quantity:
    """``comparator`` as in ``<0.5``; ``unit`` is UCUM. Decimal: what the analyzer printed is what the report prints."""

    value: Decimal
    unit: str
    comparator: Literal["", "<", "<=", ">", ">="] = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of one catalogue item. Exactly one of ``quantity`` and ``text`` is given (阳性, 3+, 未见)."""

    item: str
    quantity: Quantity | None = None
    text: str | None = None
    flags: tuple[str, ...] = ()
    analyzer: str = ""
    measured_at: datetime | None = None
    indices: dict[str, Decimal] = field(default_factory=dict)  # haemolysis, icterus, lipaemia of the specimen


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose value it is. ``age_days`` at collection; ``department`` as the order says; ``site`` is the laboratory."""

    sex: Literal["M", "F", ""] = ""
    age_days: int | None = None
    department: str = ""
    site: str = ""
    pregnant: bool | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A reference interval; ``text`` is how the report prints it."""

    low: Decimal | None
    high: Decimal | None
    unit: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that held a value. ``code``: critical, absurd, delta, same_sample, flag, hil, qc, below_range,
    no_interval, unit_unknown …; ``text`` is Chinese with the numbers in it."""

    code: str
    text: str
    rule: str
    numbers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of one value: its interval and flag, the rules that held it (none: it passes), the critical it is.

    ``flag``: L, H, LL, HH, A (abnormal text), N, or empty where there is no interval.
    """

    item: str
    flag: Literal["L", "H", "LL", "HH", "A", "N", ""]
    interval: Interval | None
    held_by: tuple[Reason, ...] = ()
    critical: Reason | None = None
    rule_set: str = ""

    @property
    def passes(self) -> bool:
        return not self.held_by

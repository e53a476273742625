"""The rows of a rule set. Every row names its source; ``verify`` marks one taken from memory or a second hand."""

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from services.lab.rules.facts import Interval
from services.lab.rules.scope import Row, Scope


class ItemRow(Row):
    item: str = Field(min_length=1)
    source: str = Field(min_length=1)
    verify: bool = False
    note: str = ""


class ScopedRow(ItemRow):
    scope: Scope = Scope()


class Limits(ScopedRow):
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str

    @model_validator(mode="after")
    def _a_limit(self) -> "Limits":
        if self.low is None and self.high is None:
            raise ValueError("a row of limits without a limit")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be below high")
        return self


class IntervalRow(Limits):
    """Reference interval, both ends normal."""

    def interval(self) -> Interval:
        if self.low is None:
            text = f"≤{self.high}"
        elif self.high is None:
            text = f"≥{self.low}"
        else:
            text = f"{self.low}～{self.high}"
        return Interval(self.low, self.high, self.unit, text, self.source)


class ExpectedRow(ScopedRow):
    """Words of a qualitative item that are normal. ``hold``: any other answer waits for a person."""

    words: tuple[str, ...] = Field(min_length=1)
    hold: bool = False


class CriticalRow(Limits):
    """At the limit is critical, or only beyond it where ``beyond`` (the source says < and >).

    ``first_only``: the loop opens for the first one of a stay; later ones are flagged and held, and do not ring again.
    """

    beyond: bool = False
    first_only: bool = False


class AbsurdRow(Limits):
    """Beyond these nobody lives, or the specimen is not blood: interference, dilution, drip arm, exchange."""


class ReportableRow(Limits):
    """What this analyzer (or any) may report as a plain number."""

    analyzer: str | None = None


class DeltaRow(ItemRow):
    """A change against the last value within the window. ``rate``: absolute change a day."""

    kind: Literal["absolute", "percent", "rate"]
    limit: Decimal = Field(gt=0)
    window_days: int = Field(gt=0, le=3650)


class FlagRow(Row):
    """An instrument's flag that holds ``items``; none named: the value that carries it."""

    flag: str = Field(min_length=1)
    analyzer: str | None = None
    items: tuple[str, ...] = ()
    text: str = ""
    source: str = Field(min_length=1)
    verify: bool = False


class HilRow(ItemRow):
    """At this index the interference is more than the laboratory allows."""

    index: Literal["haemolysis", "icterus", "lipaemia"]
    limit: Decimal = Field(gt=0)


class Term(Row):
    item: str
    factor: Decimal = Decimal(1)


class LinearRow(Row):
    """``low`` ≤ Σ factor·value ≤ ``high``, where every term is there as a plain number: TC - HDL - LDL ≥ 0."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    text: str = Field(min_length=1)
    terms: tuple[Term, ...] = Field(min_length=2)
    low: Decimal | None = None
    high: Decimal | None = None
    source: str = Field(min_length=1)
    verify: bool = False


class ProductRow(Row):
    """``scale`` · product of ``factors`` agrees with ``equals`` within ``percent``: HCT = MCV · RBC / 10."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    text: str = Field(min_length=1)
    factors: tuple[str, ...] = Field(min_length=2)
    equals: str
    scale: Decimal = Decimal(1)
    percent: Decimal = Field(gt=0)
    source: str = Field(min_length=1)
    verify: bool = False

"""A rule set of one version: all rows, its own test cases, and what may not stand in it.

A changed set is a new one, built and checked again: ``model_copy`` would keep the index of the old rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from services.lab.catalogue.catalogue import Catalogue
from services.lab.catalogue.items import Kind
from services.lab.rules.cases import OwnCase
from services.lab.rules.facts import Subject
from services.lab.rules.rows import (
    AbsurdRow,
    CriticalRow,
    DeltaRow,
    ExpectedRow,
    FlagRow,
    HilRow,
    IntervalRow,
    LinearRow,
    ProductRow,
    ReportableRow,
    ScopedRow,
)
from services.lab.rules.scope import Row

DATA = Path(__file__).parent / "data"
CURRENT = "county_2026_1"

AnyScoped = TypeVar("AnyScoped", bound=ScopedRow)


class RuleSet(Row):
    """``harmless_flags`` hold nothing (a sender's own H and L); a flag named neither there nor in ``flags`` holds."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    version: str = Field(pattern=r"^[0-9]+(\.[0-9]+)*$")
    title: str = Field(min_length=1)
    site: str | None = None
    source: str = Field(min_length=1)
    valid_from: date
    intervals: tuple[IntervalRow, ...] = ()
    expected: tuple[ExpectedRow, ...] = ()
    criticals: tuple[CriticalRow, ...] = ()
    absurd: tuple[AbsurdRow, ...] = ()
    reportable: tuple[ReportableRow, ...] = ()
    deltas: tuple[DeltaRow, ...] = ()
    linear: tuple[LinearRow, ...] = ()
    products: tuple[ProductRow, ...] = ()
    flags: tuple[FlagRow, ...] = ()
    harmless_flags: frozenset[str] = frozenset()
    hil: tuple[HilRow, ...] = ()
    cases: tuple[OwnCase, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.name}@{self.version}"

    @model_validator(mode="after")
    def _decided(self) -> "RuleSet":
        problems = [problem for name, rows in self._scoped().items() for problem in _meeting(name, rows)]
        names = [row.name for row in self.linear] + [row.name for row in self.products]
        problems += [f"same-sample rule {name} twice" for name in sorted({n for n in names if names.count(n) > 1})]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _scoped(self) -> dict[str, Sequence[ScopedRow]]:
        return {
            "interval": self.intervals,
            "expected": self.expected,
            "critical": self.criticals,
            "absurd": self.absurd,
            "reportable": self.reportable,
        }

    @cached_property
    def _index(self) -> dict[tuple[str, str], tuple[ScopedRow, ...]]:
        index: dict[tuple[str, str], list[ScopedRow]] = {}
        for name, rows in self._scoped().items():
            for row in rows:
                index.setdefault((name, row.item), []).append(row)
        return {key: tuple(sorted(rows, key=lambda row: row.scope.shape)) for key, rows in index.items()}

    def interval_of(self, item: str, subject: Subject, on: date) -> IntervalRow | None:
        return self._select("interval", IntervalRow, item, subject, on)

    def expected_of(self, item: str, subject: Subject, on: date) -> ExpectedRow | None:
        return self._select("expected", ExpectedRow, item, subject, on)

    def critical_of(self, item: str, subject: Subject, on: date) -> CriticalRow | None:
        return self._select("critical", CriticalRow, item, subject, on)

    def absurd_of(self, item: str, subject: Subject, on: date) -> AbsurdRow | None:
        return self._select("absurd", AbsurdRow, item, subject, on)

    def reportable_of(self, item: str, analyzer: str, subject: Subject, on: date) -> ReportableRow | None:
        """The analyzer's own row before the one for any."""
        rows = [row for row in self._index.get(("reportable", item), ()) if isinstance(row, ReportableRow)]
        for wanted in (analyzer, None):
            found = [row for row in rows if row.analyzer == wanted and row.scope.covers(subject, on)]
            if found:
                return found[-1]
        return None

    def deltas_of(self, item: str) -> tuple[DeltaRow, ...]:
        return tuple(row for row in self.deltas if row.item == item)

    def hil_of(self, item: str) -> tuple[HilRow, ...]:
        return tuple(row for row in self.hil if row.item == item)

    def _select(
        self,
        name: Literal["interval", "expected", "critical", "absurd"],
        kind: type[AnyScoped],
        item: str,
        subject: Subject,
        on: date,
    ) -> AnyScoped | None:
        """The most specific that covers; two of one shape cannot both cover (``_decided``)."""
        for row in reversed(self._index.get((name, item), ())):
            if isinstance(row, kind) and row.scope.covers(subject, on):
                return row
        return None

    def problems_with(self, catalogue: Catalogue) -> tuple[str, ...]:
        """Rows of items that are not in the catalogue, or in another unit than the item's. None: they fit together."""
        items = sorted(set(self._items()))
        problems = [f"item {item} is not in the catalogue" for item in items if catalogue.item(item) is None]
        for rows in (self.intervals, self.criticals, self.absurd, self.reportable):
            for row in rows:
                known = catalogue.item(row.item)
                if known is not None and (known.kind is not Kind.quantity or known.unit != row.unit):
                    problems.append(f"{row.item}: unit {row.unit} is not the item's {known.unit}")
        return tuple(problems)

    def _items(self) -> Iterator[str]:
        for rows in (*self._scoped().values(), self.deltas, self.hil):
            yield from (row.item for row in rows)
        for linear in self.linear:
            yield from (term.item for term in linear.terms)
        for product in self.products:
            yield from (*product.factors, product.equals)
        for flag in self.flags:
            yield from flag.items


def _meeting(name: str, rows: Iterable[ScopedRow]) -> Iterator[str]:
    by_item: dict[tuple[str, str | None], list[ScopedRow]] = {}
    for row in rows:
        analyzer = row.analyzer if isinstance(row, ReportableRow) else None
        by_item.setdefault((row.item, analyzer), []).append(row)
    for (item, _), same in by_item.items():
        for one, two in combinations(same, 2):
            if one.scope.shape == two.scope.shape and one.scope.meets(two.scope):
                yield f"{name} rows of {item} overlap: {one.scope!r} and {two.scope!r}"


def load_rule_set(name: str = CURRENT) -> RuleSet:
    """A file of ``data/``. Raises FileNotFoundError and pydantic's ValidationError (an overlap among them)."""
    return RuleSet.model_validate_json((DATA / f"{name}.json").read_bytes())

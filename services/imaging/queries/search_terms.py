"""What a search may ask of one attribute, and the condition it becomes (PS3.4 C.2.2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from services.imaging.models import Study
from services.imaging.parse.name_search import plain, terms_of_pattern

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class OneOf:
    """Single value and list matching; a value with ``*`` or ``?`` is a pattern."""

    values: Sequence[str]

    def on(self, column: Column) -> ColumnElement[bool]:
        exact = [value for value in self.values if not is_pattern(value)]
        ways = [column.in_(exact)] if exact else []
        return or_(*ways, *(column.like(_like(value), escape="\\") for value in self.values if is_pattern(value)))


@dataclass(frozen=True, slots=True)
class Numbers:
    values: Sequence[int]

    def on(self, column: Column) -> ColumnElement[bool]:
        return column.in_(self.values)


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends included; None leaves an end open."""

    first: date | time | None
    last: date | time | None

    def on(self, column: Column) -> ColumnElement[bool]:
        ends = []
        if self.first is not None:
            ends.append(column >= self.first)
        if self.last is not None:
            ends.append(column <= self.last)
        return and_(*ends)


@dataclass(frozen=True, slots=True)
class Name:
    """Of the patient, in any of the groups of the name; ``fuzzy``: any part of it, by sound too."""

    pattern: str
    fuzzy: bool

    def on(self, _: Column) -> ColumnElement[bool]:
        """The terms find it through the index, the pattern decides."""
        conditions = [Study.name_terms.contains(terms_of_pattern(self.pattern))]
        if not self.fuzzy:
            return and_(*conditions, Study.name_key.op("~")(f"(^|=){_regex(self.pattern)}(=|$)"))
        words = _regex(f"*{self.pattern.strip('*')}*")
        searched = func.concat(Study.name_key, "=", Study.name_sounds)
        return and_(*conditions, searched.op("~")(f"(^|=){words}(=|$)"))


Term = OneOf | Numbers | Between | Name


def is_pattern(value: str) -> bool:
    return "*" in value or "?" in value


def _like(value: str) -> str:
    for special in ("\\", "%", "_"):
        value = value.replace(special, "\\" + special)
    return value.replace("*", "%").replace("?", "_")


def _regex(pattern: str) -> str:
    """Each character stands for itself: none of a client's is an operator. ``\\U`` takes eight digits, ``\\x`` all that
    follow."""
    wild = {"*": "[^=]*", "?": "[^=]"}
    return "".join(wild.get(c) or (c if c.isalnum() else f"\\U{ord(c):08x}") for c in plain(pattern))

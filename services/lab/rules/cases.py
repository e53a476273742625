"""The test cases a rule set carries in its data: types of the JSON."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from services.lab.rules.facts import Measured, Quantity, Subject
from services.lab.rules.scope import Row


class CaseValue(Row):
    item: str
    number: Decimal | None = None
    comparator: Literal["", "<", "<=", ">", ">="] = ""
    unit: str = ""
    text: str | None = None
    flags: tuple[str, ...] = ()
    analyzer: str = ""
    indices: dict[str, Decimal] = {}

    @model_validator(mode="after")
    def _one_of_both(self) -> "CaseValue":
        if (self.number is None) == (self.text is None):
            raise ValueError("a value has a number or a text")
        return self

    def measured(self) -> Measured:
        quantity = None if self.number is None else Quantity(self.number, self.unit, self.comparator)
        return Measured(self.item, quantity, self.text, self.flags, self.analyzer, indices=dict(self.indices))


class CasePrevious(Row):
    at: datetime
    value: CaseValue


class CaseSubject(Row):
    sex: Literal["M", "F", ""] = ""
    age_days: int | None = None
    department: str = ""
    site: str = ""
    pregnant: bool | None = None

    def subject(self) -> Subject:
        return Subject(self.sex, self.age_days, self.department, self.site, self.pregnant)


class Expectation(Row):
    """``held``: the codes of the reasons, in any order; none: it passes."""

    item: str
    flag: Literal["L", "H", "LL", "HH", "A", "N", ""]
    held: tuple[str, ...] = ()
    critical: bool = False


class OwnCase(Row):
    name: str = Field(min_length=1)
    at: datetime
    subject: CaseSubject = CaseSubject()
    values: tuple[CaseValue, ...] = Field(min_length=1)
    previous: tuple[CasePrevious, ...] = ()
    qc_blocked: tuple[tuple[str, str], ...] = ()
    known_criticals: tuple[str, ...] = ()
    expect: tuple[Expectation, ...] = Field(min_length=1)

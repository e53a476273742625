"""Whom a row is for. The most specific row wins; two rows of one shape that meet are an error of the data."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.lab.rules.facts import Subject


class Row(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Scope(Row):
    """Ages in days at collection, a full year of age being 365, ``[age_from, age_to)``; dates
    ``[valid_from, valid_to)``; what is not given is open.

    A row that names a sex, an age or a department is not for a subject of whom that is not known.
    """

    site: str | None = None
    department: str | None = None
    pregnant: bool | None = None
    sex: Literal["M", "F"] | None = None
    age_from: int | None = Field(default=None, ge=0)
    age_to: int | None = Field(default=None, gt=0)
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "Scope":
        if self.age_from is not None and self.age_to is not None and self.age_from >= self.age_to:
            raise ValueError("age_from must be below age_to")
        if self.valid_from is not None and self.valid_to is not None and self.valid_from >= self.valid_to:
            raise ValueError("valid_from must be before valid_to")
        return self

    @property
    def shape(self) -> tuple[bool, ...]:
        """What it names, the most telling first; compared as a tuple it orders rows by how specific they are."""
        return (
            self.site is not None,
            self.department is not None,
            self.pregnant is not None,
            self.age_from is not None or self.age_to is not None,
            self.sex is not None,
        )

    def covers(self, subject: Subject, on: date) -> bool:
        return (
            (self.site is None or self.site == subject.site)
            and (self.department is None or self.department == subject.department)
            and (self.pregnant is None or self.pregnant is subject.pregnant)
            and (self.sex is None or self.sex == subject.sex)
            and self._covers_age(subject.age_days)
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on < self.valid_to)
        )

    def _covers_age(self, age_days: int | None) -> bool:
        if self.age_from is None and self.age_to is None:
            return True
        return age_days is not None and (self.age_from or 0) <= age_days < (self.age_to or age_days + 1)

    def meets(self, other: "Scope") -> bool:
        """Some subject on some day is covered by both."""
        return (
            (self.site is None or other.site is None or self.site == other.site)
            and (self.department is None or other.department is None or self.department == other.department)
            and (self.pregnant is None or other.pregnant is None or self.pregnant is other.pregnant)
            and (self.sex is None or other.sex is None or self.sex == other.sex)
            and (self.age_to is None or (other.age_from or 0) < self.age_to)
            and (other.age_to is None or (self.age_from or 0) < other.age_to)
            and (self.valid_to is None or (other.valid_from or date.min) < self.valid_to)
            and (other.valid_to is None or (self.valid_from or date.min) < other.valid_to)
        )

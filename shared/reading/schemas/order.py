"""A clinic's order, as CONTRACT.md words it. Unknown fields are passed over."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from shared.events.case import CaseWarning, Encounter, Exam, Patient, Requester
from shared.events.part import Part

_EARLIEST, _LATEST = datetime(1850, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _if_possible(moment: datetime) -> datetime | None:
    """0001-01-01 and 9999-12-31 are what software writes for "not known"; in UTC they may not even exist."""
    return moment if _EARLIEST <= moment <= _LATEST else None


Moment = Annotated[AwareDatetime, AfterValidator(_if_possible)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Passage = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
Age = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}[YMWD]$")]
AccessionNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Priority = Literal["stat", "urgent", "routine"]


class OrderPatient(Patient):
    id: Short | None = Field(default=None, description="the clinic's own number of the patient")
    name: Line = ""
    national_id: Short | None = None
    birth_date: date | None = None
    age: Age | None = Field(default=None, description="65Y, 8M, 3W or 12D, instead of birth_date")
    unknown: bool = Field(default=False, description="true: nobody knows yet who it is")


class OrderExam(Exam):
    code: Short | None = None
    name: Line = ""
    modality: Short | None = None
    body_part: Short | None = None
    performed_at: Moment | None = None


class OrderEncounter(Encounter):
    number: Short | None = None
    department: Line | None = None
    ward: Short | None = None
    bed: Short | None = None


class OrderRequester(Requester):
    name: Line | None = None
    phone: Short | None = None


class Order(Part):
    """``accession_number`` is made when absent. What is given wins over what the files say of the patient."""

    accession_number: AccessionNumber | None = None
    priority: Priority = "routine"
    exam: OrderExam = OrderExam()
    performed_at: Moment | None = None
    patient: OrderPatient = OrderPatient()
    encounter: OrderEncounter | None = None
    clinical_info: Passage | None = None
    requester: OrderRequester | None = None


__all__ = ["CaseWarning", "Exam", "Order", "OrderExam", "OrderPatient", "Patient", "Priority"]

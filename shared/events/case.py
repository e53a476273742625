"""case.*: the full snapshot of a case, so that a consumer that missed one event is right again at the next."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from shared.events.part import Part


class CaseEventKind(StrEnum):
    ordered = "case.ordered"
    received = "case.received"
    queued = "case.queued"
    claimed = "case.claimed"
    released = "case.released"
    reassigned = "case.reassigned"
    reprioritized = "case.reprioritized"
    content_changed = "case.content_changed"
    rejected = "case.rejected"
    canceled = "case.canceled"
    cancel_requested = "case.cancel_requested"  # the clinic asks; the reader who holds it decides
    half_way = "case.half_way"
    overdue = "case.overdue"
    amending = "case.amending"
    resulted = "case.resulted"  # every result passed its rules
    held = "case.held"  # a rule kept results for a person to look at
    settled = "case.settled"  # an amendment was discarded or expired: signed again


class Patient(Part):
    """As the worklist shows it. ``id`` is the clinic's own number and means nothing outside that clinic."""

    id: str | None = None
    name: str = ""
    national_id: str | None = None
    sex: Literal["M", "F", "O", "U"] = "U"
    birth_date: date | None = None
    age: str | None = None
    unknown: bool = False


class Exam(Part):
    code: str | None = None
    name: str = ""
    laterality: Literal["L", "R", "B"] | None = None
    modality: str | None = None
    body_part: str | None = None
    performed_at: datetime | None = None


class Encounter(Part):
    type: Literal["outpatient", "inpatient", "emergency", "checkup"] | None = None
    number: str | None = None
    department: str | None = None
    ward: str | None = None
    bed: str | None = None


class Requester(Part):
    name: str | None = None
    phone: str | None = None


class CaseWarning(Part):
    """``code`` is stable (docs/errors.md); ``detail`` is Chinese and shown to the reader as it is."""

    code: str
    detail: str


class Holder(Part):
    account_id: str
    name: str
    stage: Literal["report", "review", "amendment"]
    until: datetime


class Person(Part):
    account_id: str
    name: str
    org_id: str | None = None


class Card(Part):
    patient: Patient
    exam: Exam
    encounter: Encounter | None = None
    clinical_info: str | None = None
    requester: Requester | None = None


class CaseSnapshot(Part):
    case_id: str
    case_version: int
    center: Literal["imaging", "ecg", "lab"]
    accession_number: str
    state: str
    priority: Literal["stat", "urgent", "routine"]
    clinic_id: str
    reading_site_id: str | None = None
    received_at: datetime | None = Field(default=None, description="first byte of the upload: the clock's start")
    completed_at: datetime | None = Field(default=None, description="last byte durable")
    due_at: datetime | None = None
    overdue: bool = False
    holder: Holder | None = None
    author: Person | None = Field(default=None, description="who submitted the version that waits for review")
    kept_for: Person | None = Field(default=None, description="a returned case is this author's first")
    kept_until: datetime | None = None
    warnings: list[CaseWarning] = []
    card: Card
    content_count: int = 0
    study_uids: list[str] = []
    repeats: str | None = None
    repeated_by: str | None = None
    cancel_requested: bool = False
    reason: str | None = Field(default=None, description="of the rejection, cancellation or return")
    comment: str | None = None
    report_id: str | None = None
    report_version: int | None = None


class CaseEvent(Part):
    """Data of every case.* event: what happened is in the type, who did it in ``actor`` (None: the system)."""

    case: CaseSnapshot
    actor: Person | None = None
    detail: dict[str, Any] = {}

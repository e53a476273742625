"""What callers get."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from shared.events.case import CaseWarning, Encounter, Exam, Patient, Person, Requester


class ShownOrganization(BaseModel):
    org_id: str
    name: str


class ShownHolder(BaseModel):
    account_id: str
    name: str
    stage: str


class TimelineEntry(BaseModel):
    """``action`` is a word of docs/lifecycle.md. ``by`` is None for what the system did."""

    at: datetime
    action: str
    from_state: str | None
    state: str
    by: Person | None
    detail: dict[str, Any] = {}


class ReportLink(BaseModel):
    """``version``: the released one, or the one that waits for review. ``href``: this centre's report;
    ``released``: the region's, once there is one."""

    report_id: str
    status: str
    version: int | None
    href: str
    released: str | None


class ShownCase(BaseModel):
    case_id: str
    center: str
    accession_number: str
    state: str
    version: int = Field(description="grows with every step; events carry it as case_version")
    priority: str
    received_at: datetime | None = Field(description="first byte of the upload")
    completed_at: datetime | None
    due_at: datetime | None
    seconds_left: int | None = Field(description="until due_at; negative when overdue; None once it is closed")
    overdue: bool
    clinic: ShownOrganization
    reading_site: ShownOrganization | None
    patient: Patient
    exam: Exam
    encounter: Encounter | None
    clinical_info: str | None
    requester: Requester | None
    warnings: list[CaseWarning]
    content_count: int
    content_version: int
    content_unseen: bool = Field(description="content came since you last looked: look before you submit or sign")
    study_uids: list[str]
    claimed_by: ShownHolder | None
    claim_until: datetime | None
    author: Person | None
    kept_for: Person | None
    kept_until: datetime | None
    cancel_requested: bool
    repeats: str | None
    repeated_by: str | None
    reason: str | None
    comment: str | None
    signed_at: datetime | None
    report: ReportLink | None
    links: dict[str, str]


class CaseAnswer(ShownCase):
    timeline: list[TimelineEntry]


class ClaimAnswer(ShownCase):
    claim_token: str = Field(description="show as header Claim-Token on every write")
    stage: str
    expires_at: datetime


class HeartbeatAnswer(BaseModel):
    case_id: str
    state: str
    expires_at: datetime
    content_version: int
    content_unseen: bool
    cancel_requested: bool


class DraftMeta(BaseModel):
    """Beside the form's own fields. ``version`` counts saves and is what If-Match names (0: nothing saved yet)."""

    case_id: str
    report_id: str | None
    state: str
    status: str
    version: int
    report_version: int | None = Field(description="released, or waiting for review")
    saved_at: datetime | None
    saved_by: str | None
    kind: str | None = Field(
        description="draft, revised (by the reviewer), opened (an amendment), preliminary, released"
    )


class SavedAnswer(BaseModel):
    case_id: str
    report_id: str
    version: int
    saved_at: datetime
    expires_at: datetime


class RecoveredDraft(BaseModel):
    draft_id: int
    saved_at: datetime
    form: dict[str, Any]


class RecoveredDrafts(BaseModel):
    drafts: list[RecoveredDraft]


class ShownVersion(BaseModel):
    """``revises``: the author's version a reviewer changed. ``amends``: the released version it replaces."""

    report_id: str
    version: int
    status: str
    form: dict[str, Any]
    author: Person
    reviewer: Person | None
    submitted_at: datetime
    signed_at: datetime | None
    turnaround_seconds: int | None
    positive: bool | None
    revises: int | None
    amends: int | None
    reason: str | None
    comment: str | None
    payload_sha256: str | None
    is_signed: bool


class ShownVersions(BaseModel):
    case_id: str
    versions: list[ShownVersion]


class SignedAnswer(BaseModel):
    case_id: str
    state: str
    report_id: str
    version: int
    status: str
    payload_sha256: str | None
    signed_at: datetime | None
    turnaround_seconds: int | None
    links: dict[str, str]


class UnlockAnswer(BaseModel):
    signing_grant: str = Field(description="show as header Signing-Grant; every use answers a fresh one there")
    expires_in: int


class Problem(BaseModel):
    """RFC 9457; further members by ``code``: docs/errors.md."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: list[dict[str, str]] = []

"""report.*: facts about one version of a report. The report itself lies in the region's blob store under its digest."""

from datetime import datetime
from enum import StrEnum

from shared.events.case import CaseSnapshot, Person
from shared.events.part import Part


class ReportEventKind(StrEnum):
    preliminary = "report.preliminary"
    submitted = "report.submitted"
    revised = "report.revised"
    recalled = "report.recalled"
    returned = "report.returned"
    signed = "report.signed"
    amended = "report.amended"
    voided = "report.voided"


class StoredFile(Part):
    """A blob of the store ``region``: fields of shared.blobs.BlobRef."""

    store: str
    key: str
    offset: int = 0
    length: int
    sha256: str


class ReportFacts(Part):
    """``payload_sha256`` is the digest of the canonical JSON that the signatures stand under (RFC 8785)."""

    report_id: str
    version: int
    payload_sha256: str | None = None
    jws: StoredFile | None = None
    pdf: StoredFile | None = None
    author: Person | None = None
    reviewer: Person | None = None
    signed_at: datetime | None = None
    turnaround_s: int | None = None
    positive: bool | None = None
    reason: str | None = None
    comment: str | None = None


class ReportEvent(Part):
    """Data of every report.* event: the case as it stands after it, and the version it speaks of."""

    case: CaseSnapshot
    report: ReportFacts
    actor: Person | None = None

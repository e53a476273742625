"""Schema ``reading``: cases and their contents, claims, reports with every version, critical results, history. No
relationships: each query says what it reads, so nothing is loaded behind anybody's back."""

from shared.reading.models.case import Case, CaseContent, CaseHistory, ContentSeen
from shared.reading.models.claim import Claim
from shared.reading.models.critical import CriticalHistory, CriticalResult
from shared.reading.models.intake import IdempotencyKey
from shared.reading.models.quarantine import QuarantinedFile
from shared.reading.models.report import Report, ReportDraft, ReportVersion

__all__ = [
    "Case",
    "CaseContent",
    "CaseHistory",
    "Claim",
    "ContentSeen",
    "CriticalHistory",
    "CriticalResult",
    "IdempotencyKey",
    "QuarantinedFile",
    "Report",
    "ReportDraft",
    "ReportVersion",
]

"""Pieces of answers that several routes give."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from shared.events.case import CaseWarning, Encounter, Exam, Patient
from shared.events.directory import Center, Priority

STATE_NAMES = {
    "ordered": "已开单",
    "received": "已接收",
    "queued": "待书写",
    "claimed": "书写中",
    "in_review": "待审核",
    "signed": "已签发",
    "amending": "修订中",
    "amend_review": "修订待审核",
    "rejected": "已退回",
    "canceled": "已取消",
    "voided": "已作废",
    "resulted": "待审核结果",
    "held": "被规则拦截",
    "verified": "已检验",
    "released": "已发布",
}


class Named(BaseModel):
    """An organization."""

    id: str
    name: str


class Claimer(BaseModel):
    account_id: str
    name: str
    stage: str


class WorklistItem(BaseModel):
    """``seconds_left`` until due by the database's clock; negative when overdue. ``claim_until`` is None once a
    heartbeat has prolonged the claim: the centre knows until when."""

    case_id: str
    center: Center
    state: str
    state_name: str
    priority: Priority
    due_at: datetime | None
    seconds_left: int | None
    accession_number: str
    received_at: datetime | None
    patient: Patient
    exam: Exam
    encounter: Encounter | None
    clinical_info: str | None
    clinic: Named
    reading_site: Named | None
    claimed_by: Claimer | None
    claim_until: datetime | None
    author: Claimer | None
    warnings: list[CaseWarning]
    content_count: int
    study_uids: list[str]
    repeats: str | None
    cancel_requested: bool
    report_id: str | None
    links: dict[str, str]


class WorklistPage(BaseModel):
    items: list[WorklistItem]
    next_cursor: str | None


def state_name(state: str) -> str:
    return STATE_NAMES.get(state, state)


def iso(moment: datetime) -> str:
    """UTC with the microseconds, as a cursor keeps it."""
    return moment.astimezone(UTC).isoformat()


def case_links(center: str, case_id: str, report_id: str | None) -> dict[str, str]:
    base = f"/{center}/v1/cases/{case_id}"
    links = {
        "self": base,
        "claim": f"{base}/claim",
        "review_claim": f"{base}/review-claim",
        "report": f"{base}/report",
        "prior": f"/v1/cases/{case_id}/prior",
    }
    return links if report_id is None else links | {"signed_report": f"/v1/reports/{report_id}"}


def report_links(report_id: str, version: int, *, has_pdf: bool = True) -> dict[str, str]:
    base = f"/v1/reports/{report_id}"
    links = {
        "self": f"{base}?version={version}",
        "jws": f"{base}.jws?version={version}",
        "versions": f"{base}/versions",
    }
    return links | {"pdf": f"{base}.pdf?version={version}"} if has_pdf else links


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}

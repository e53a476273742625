"""case.* and the cases inside report.*: the highest case_version wins."""

from datetime import UTC, datetime
from typing import Any

from services.gateway import search
from services.gateway.person import usable_national_id, usable_patient_id
from services.gateway.queries import cases, feed
from shared.db import Session
from shared.events.case import CaseSnapshot
from shared.events.envelope import Envelope

PRIORITY_RANK = {"stat": 0, "urgent": 1, "routine": 2}
CLOSED_STATES = frozenset({"signed", "released", "rejected", "canceled", "voided"})
RESTATED = "restated"
"""A replay tells a case as it stands: nothing happened that a screen would have to show."""
_OF_TIME = frozenset({"half_way", "overdue"})
"""They happen to a case without changing it; any other event of a version already known is a repetition."""
FAR_AWAY = datetime(9999, 1, 1, tzinfo=UTC)


async def project_case(session: Session, event: Envelope) -> None:
    """Take the snapshot unless it is old, and note the change for who reads or read the case."""
    snapshot = CaseSnapshot.model_validate(event.data["case"])
    before = await cases.lock_case(session, snapshot.case_id)
    if not await cases.put_case(session, case_values(snapshot, event.time)):
        return
    kind = event.type.split(".")[-2]
    if kind == RESTATED or (snapshot.case_version == before.version and kind not in _OF_TIME):
        return
    sites = [(snapshot.reading_site_id, kind)]
    if before.version and before.reading_site_id != snapshot.reading_site_id:
        sites.append((before.reading_site_id, "reassigned"))
    await feed.append_live(session, [_live(snapshot, site, kind) for site, kind in sites if site is not None])


def case_values(snapshot: CaseSnapshot, event_time: datetime) -> dict[str, Any]:
    """The columns of WorklistCase."""
    patient = snapshot.card.patient
    exam = snapshot.card.exam
    text = search.search_text(patient.name, [patient.id, snapshot.accession_number, exam.name])
    holder = snapshot.holder
    return {
        "case_id": snapshot.case_id,
        "case_version": snapshot.case_version,
        "event_time": event_time,
        "center": snapshot.center,
        "state": snapshot.state,
        "is_open": snapshot.state not in CLOSED_STATES,
        "priority": snapshot.priority,
        "priority_rank": PRIORITY_RANK[snapshot.priority],
        "due_at": snapshot.due_at,
        "due_order": snapshot.due_at or FAR_AWAY,
        "clinic_id": snapshot.clinic_id,
        "reading_site_id": snapshot.reading_site_id,
        "accession_number": snapshot.accession_number,
        "modality": exam.modality,
        "opened_at": snapshot.received_at or event_time,
        "holder_id": holder.account_id if holder else None,
        "holder_stage": holder.stage if holder else None,
        "holder_until": holder.until if holder else None,
        "author_id": snapshot.author.account_id if snapshot.author else None,
        "kept_for_id": snapshot.kept_for.account_id if snapshot.kept_for else None,
        "kept_until": snapshot.kept_until,
        "patient_id": usable_patient_id(patient.id, is_unknown=patient.unknown),
        "national_id": None if patient.unknown else usable_national_id(patient.national_id),
        "report_id": snapshot.report_id,
        "snapshot": snapshot.model_dump(mode="json"),
        "search_text": text,
        "search_grams": search.grams(text),
    }


def _live(snapshot: CaseSnapshot, site: str, kind: str) -> dict[str, Any]:
    return {
        "org_id": site,
        "center": snapshot.center,
        "kind": kind,
        "case_id": snapshot.case_id,
        "state": snapshot.state,
        "priority": snapshot.priority,
        "due_at": snapshot.due_at,
    }

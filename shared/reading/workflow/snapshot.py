"""A case as every event carries it, and a report version's facts: the only place where either is put together."""

from shared.auth import SYSTEM, Actor
from shared.blobs import BlobRef
from shared.events.case import Card, CaseSnapshot, CaseWarning, Holder, Person
from shared.events.report import ReportFacts, StoredFile
from shared.reading.models import Case, Claim, Report, ReportVersion


def snapshot(case: Case, claim: Claim | None, report: Report | None) -> CaseSnapshot:
    """``claim`` is the live one, if any."""
    return CaseSnapshot.model_validate(
        {
            "case_id": case.case_id,
            "case_version": case.version,
            "center": case.center,
            "accession_number": case.accession_number,
            "state": case.state,
            "priority": case.priority,
            "clinic_id": case.clinic_id,
            "reading_site_id": case.reading_site_id,
            "received_at": case.received_at,
            "completed_at": case.completed_at,
            "due_at": case.due_at,
            "overdue": case.overdue,
            "holder": holder_of(claim),
            "author": _person(case.author_id, case.author_name, case.author_org_id),
            "kept_for": _person(case.kept_for_id, case.kept_for_name, None),
            "kept_until": case.kept_until,
            "warnings": warnings_of(case),
            "card": Card.model_validate(case.card),
            "content_count": case.content_count,
            "study_uids": case.study_uids,
            "repeats": case.repeats,
            "repeated_by": case.repeated_by,
            "cancel_requested": case.cancel_requested,
            "reason": case.reason,
            "comment": case.comment,
            "report_id": report.report_id if report else None,
            "report_version": (report.released_version or report.waiting_version) if report else None,
        }
    )


def warnings_of(case: Case) -> list[CaseWarning]:
    """What the reader has to know; a case that finds no reading site says so here."""
    found = [CaseWarning.model_validate(warning) for warning in case.warnings]
    if case.unassigned_reason:
        found.append(CaseWarning(code="no_reading_site", detail=case.unassigned_reason))
    return found


def holder_of(claim: Claim | None) -> Holder | None:
    if claim is None:
        return None
    return Holder.model_validate(
        {
            "account_id": claim.account_id,
            "name": claim.account_name,
            "stage": claim.stage,
            "until": claim.lease_until,
        }
    )


def facts_of(version: ReportVersion) -> ReportFacts:
    return ReportFacts(
        report_id=version.report_id,
        version=version.version,
        payload_sha256=version.payload_sha256,
        jws=StoredFile.model_validate(version.jws) if version.jws else None,
        pdf=StoredFile.model_validate(version.pdf) if version.pdf else None,
        author=_person(version.author_id, version.author_name, version.author_org_id),
        reviewer=_person(version.reviewer_id, version.reviewer_name, version.reviewer_org_id),
        signed_at=version.signed_at,
        turnaround_s=version.turnaround_s,
        positive=version.positive,
        reason=version.reason,
        comment=version.comment,
    )


def person(actor: Actor) -> Person | None:
    """None for the system: nobody in particular did it."""
    return None if actor == SYSTEM else Person(account_id=actor.account_id, name=actor.name, org_id=actor.org_id)


def stored(ref: BlobRef) -> dict[str, str | int]:
    return ref.to_dict()


def _person(account_id: str | None, name: str | None, org_id: str | None) -> Person | None:
    return None if account_id is None else Person(account_id=account_id, name=name or "", org_id=org_id)

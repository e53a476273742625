"""report.signed, report.amended, report.voided: facts, each taken once, in whatever order they come."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.gateway.person import usable_national_id, usable_patient_id
from services.gateway.projections.files import VerifiedReport
from services.gateway.queries import feed, names, reports
from shared.blobs import BlobRef
from shared.db import Session
from shared.events.case import Patient
from shared.events.envelope import Envelope
from shared.events.report import ReportEvent
from shared.signing.document import SignerRole
from shared.signing.signer import SignerFact
from shared.signing.trust import Trust

RELEASES = frozenset({"signed", "amended"})


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """The gateway's own copies."""

    jws: BlobRef
    pdf: BlobRef | None


async def project_release(
    session: Session,
    event: Envelope,
    data: ReportEvent,
    verified: VerifiedReport,
    kept: KeptFiles,
) -> None:
    document, kind = verified.document, kind_of(event)
    signed_at = data.report.signed_at or max(signer.signed_at for signer in verified.signers if signer.signed_at)
    await reports.drop_refusal(session, event.id)
    if not await reports.add_fact(session, document.report_id, document.version, kind, event_id=event.id, at=signed_at):
        return
    await reports.put_head(
        session,
        document.report_id,
        case_id=document.case_id,
        center=document.center,
        latest_version=document.version,
    )
    patient = document.patient
    patient_id = usable_patient_id(patient.id, is_unknown=patient.unknown)
    await reports.put_version(
        session,
        {
            "report_id": document.report_id,
            "version": document.version,
            "kind": kind,
            "center": document.center,
            "case_id": document.case_id,
            "accession_number": document.accession_number,
            "clinic_id": document.clinic.id,
            "reading_site_id": document.reading_site.id,
            "patient_id": patient_id,
            "national_id": None if patient.unknown else usable_national_id(patient.national_id),
            "signed_at": signed_at,
            "turnaround_s": data.report.turnaround_s,
            "is_development": any(signer.trust is Trust.DEVELOPMENT for signer in verified.signers),
            "payload_sha256": verified.payload_sha256,
            "document": document.model_dump(mode="json"),
            "signers": [_signer(signer) for signer in verified.signers],
            "jws": kept.jws.to_dict(),
            "pdf": kept.pdf.to_dict() if kept.pdf else None,
        },
    )
    item = {
        "center": document.center,
        "case_id": document.case_id,
        "accession_number": document.accession_number,
        "clinic": document.clinic.model_dump(mode="json"),
        "reading_site": document.reading_site.model_dump(mode="json"),
        "patient": patient.model_dump(mode="json", include={"id", "name", "sex", "birth_date", "age"}),
        "exam": document.exam.model_dump(mode="json", include={"code", "name", "modality", "laterality"}),
        "critical": bool(document.critical),
        "signed_at": _moment(signed_at),
        "reason": document.amends.reason if document.amends else None,
    }
    await feed.append_line(
        session,
        feed.NewLine(
            report_id=document.report_id,
            version=document.version,
            kind=kind,
            center=document.center,
            clinic_id=document.clinic.id,
            patient_id=patient_id,
            org_ids=[document.clinic.id, document.reading_site.id],
            item=item,
        ),
    )


async def project_void(session: Session, event: Envelope, data: ReportEvent) -> None:
    """A void needs no file. It may come before the version it voids, which is then voided as it arrives."""
    case, report = data.case, data.report
    reason = report.reason or case.reason
    if not await reports.add_fact(
        session, report.report_id, report.version, "voided", event_id=event.id, at=event.time
    ):
        return
    await reports.put_head(
        session,
        report.report_id,
        case_id=case.case_id,
        center=case.center,
        voided_version=report.version,
        voided_at=event.time,
        void_reason=reason,
    )
    orgs = [org for org in (case.clinic_id, case.reading_site_id) if org is not None]
    named = await names.organization_names(session, orgs)
    patient = case.card.patient
    site = case.reading_site_id
    item = {
        "center": case.center,
        "case_id": case.case_id,
        "accession_number": case.accession_number,
        "clinic": {"id": case.clinic_id, "name": named[case.clinic_id]},
        "reading_site": {"id": site, "name": named[site]} if site is not None else None,
        "patient": _shown(patient),
        "exam": case.card.exam.model_dump(mode="json", include={"code", "name", "modality", "laterality"}),
        "critical": False,
        "signed_at": _moment(report.signed_at) if report.signed_at else None,
        "voided_at": _moment(event.time),
        "reason": reason,
    }
    await feed.append_line(
        session,
        feed.NewLine(
            report_id=report.report_id,
            version=report.version,
            kind="voided",
            center=case.center,
            clinic_id=case.clinic_id,
            patient_id=usable_patient_id(patient.id, is_unknown=patient.unknown),
            org_ids=orgs,
            item=item,
        ),
    )


def kind_of(event: Envelope) -> str:
    """``signed`` of ``imaging.report.signed.v1``."""
    return event.type.split(".")[-2]


def _shown(patient: Patient) -> dict[str, Any]:
    return patient.model_dump(mode="json", include={"id", "name", "sex", "birth_date", "age"})


def _signer(fact: SignerFact) -> dict[str, Any]:
    return {
        "role": str(fact.role or SignerRole.AUTHOR),
        "account_id": fact.account_id,
        "name": fact.name,
        "signed_at": _moment(fact.signed_at) if fact.signed_at else None,
        "certificate_serial": fact.certificate_serial,
        "trust": str(fact.trust),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

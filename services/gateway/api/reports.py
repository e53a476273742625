"""One signed report: what it says, the signed files, its versions."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from services.gateway.api.patient_copy import PatientCopy, patient_copy_of
from services.gateway.api.rights import require_reports
from services.gateway.api.shapes import report_links
from services.gateway.queries import reports
from services.gateway.queries.reports import ServedReport
from shared import audit
from shared.auth import Actor
from shared.blobs import BlobRef
from shared.errors import NotFound
from shared.resources import Resources
from shared.web import CurrentActor, CurrentResources, client_address

router = APIRouter(tags=["reports"])

_Version = Annotated[int | None, Query(ge=1, le=1_000_000, description="省略则为最新版本")]
_IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


# Before the plain route: its {report_id} would swallow the suffix.
@router.get("/v1/reports/{report_id}.pdf", responses={200: {"content": {"application/pdf": {}}}})
async def get_pdf(
    report_id: str,
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    version: _Version = None,
    copy: Annotated[Literal["clinic", "patient"], Query(description="patient：发给患者的一份")] = "clinic",
    if_none_match: _IfNoneMatch = None,
) -> Response:
    """The signed sheet (PDF/A, PAdES), from the gateway's own store: byte for byte as signed. The patient's copy waits
    until the clinic has confirmed every critical result: 409 `critical_unacknowledged`."""
    found = await _find(request, resources, actor, report_id, version, "report.download")
    if copy == "patient":
        (await patient_copy_of(resources, found)).require_released()
    if found.version.pdf is None:
        raise NotFound("该报告没有 PDF 文件", code="no_pdf")
    return await _file(resources, found, found.version.pdf, "application/pdf", "pdf", if_none_match)


@router.get("/v1/reports/{report_id}.jws", responses={200: {"content": {"application/jose+json": {}}}})
async def get_jws(
    report_id: str,
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    version: _Version = None,
    if_none_match: _IfNoneMatch = None,
) -> Response:
    """The signed statement: JWS JSON general serialization (RFC 7515) over canonical JSON (RFC 8785)."""
    found = await _find(request, resources, actor, report_id, version, "report.download")
    return await _file(resources, found, found.version.jws, "application/jose+json", "jws", if_none_match)


@router.get("/v1/reports/{report_id}/versions")
async def get_versions(
    report_id: str, request: Request, actor: CurrentActor, resources: CurrentResources
) -> dict[str, list[dict[str, Any]]]:
    """Every released version, the first one first: an amended report's old text stays readable."""
    async with resources.db.transaction() as session:
        found = await reports.find_versions(session, actor, report_id)
        if not found:
            raise NotFound()
        require_reports(actor)
        await audit.record(
            session,
            actor,
            "report.read",
            "report",
            report_id,
            address=client_address(request),
            detail={"versions": True},
        )
    return {"versions": [summary(each) for each in found]}


@router.get("/v1/reports/{report_id}")
async def get_report(
    report_id: str,
    request: Request,
    actor: CurrentActor,
    resources: CurrentResources,
    version: _Version = None,
    if_none_match: _IfNoneMatch = None,
) -> Response:
    """patient, exam, the fields of the centre's form (findings, impression; heart_rate_bpm …), author, reviewer,
    signed_at, version, status (final, amended, voided), superseded_by, critical, patient_copy, recognition,
    turnaround_seconds."""
    found = await _find(request, resources, actor, report_id, version, "report.read")
    answer = JSONResponse(report_body(found, await patient_copy_of(resources, found)))
    etag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    return _not_modified(etag, if_none_match) or _tagged(answer, etag)


def report_body(found: ServedReport, patient_copy: PatientCopy) -> dict[str, Any]:
    """The form's fields stand beside the fixed ones, which win where a name is taken."""
    row = found.version
    document = row.document
    return {
        **document["content"],
        **summary(found),
        "case_id": row.case_id,
        "accession_number": row.accession_number,
        "patient": document["patient"],
        "encounter": document["encounter"],
        "clinical_info": document["clinical_info"],
        "requester": document["requester"],
        "positive": document["positive"],
        "critical": document["critical"],
        "patient_copy": {"released": patient_copy.released, "held_by": patient_copy.held_by},
        "warnings": document["warnings"],
        "study_uids": document["study_uids"],
        "recognition": {"mark": document["recognition_mark"]} if document["recognition_mark"] else None,
        "received_at": document["received_at"],
        "turnaround_seconds": _turnaround_s(found),
        "content": document["content"],
        "signers": row.signers,
        "development": row.is_development,
        "verification_url": document["verification_url"],
        "sha256": row.payload_sha256,
    }


def summary(found: ServedReport) -> dict[str, Any]:
    """What lists of versions and of priors show."""
    row, document = found.version, found.version.document
    return {
        "report_id": row.report_id,
        "version": row.version,
        "status": found.status,
        "superseded_by": found.superseded_by,
        "center": row.center,
        "exam": document["exam"],
        "impression": document["content"].get("impression"),
        "clinic": document["clinic"],
        "reading_site": document["reading_site"],
        "author": document["author"],
        "reviewer": _reviewer(found),
        "signed_at": _iso(row.signed_at),
        "amends": document["amends"],
        "voided": {"at": _iso(found.head.voided_at), "reason": found.head.void_reason} if found.is_voided else None,
        "links": report_links(row.report_id, row.version, has_pdf=row.pdf is not None),
    }


def _reviewer(found: ServedReport) -> dict[str, str] | None:
    """Who added the reviewer's signature; the document names him only where he changed the text."""
    for signer in found.version.signers:
        if signer["role"] == "reviewer":
            return {"id": signer["account_id"], "name": signer["name"]}
    return None


def _turnaround_s(found: ServedReport) -> int:
    if found.version.turnaround_s is not None:
        return found.version.turnaround_s
    received_at = datetime.fromisoformat(found.version.document["received_at"])
    return int((found.version.signed_at - received_at).total_seconds())


async def _find(
    request: Request, resources: Resources, actor: Actor, report_id: str, version: int | None, action: str
) -> ServedReport:
    async with resources.db.transaction() as session:
        found = await reports.find_report(session, actor, report_id, version)
        if found is None:
            raise NotFound()
        require_reports(actor)
        await audit.record(
            session,
            actor,
            action,
            "report",
            report_id,
            address=client_address(request),
            detail={"version": found.version.version},
        )
    return found


async def _file(
    resources: Resources,
    found: ServedReport,
    kept: dict[str, Any],
    media_type: str,
    suffix: str,
    if_none_match: str | None,
) -> Response:
    ref = BlobRef.from_dict(kept)
    etag = f'"{ref.sha256[:32]}"'
    unchanged = _not_modified(etag, if_none_match)
    if unchanged is not None:
        return unchanged
    answer = Response(await resources.blobs.read(ref), media_type=media_type)
    answer.headers["Content-Disposition"] = _disposition(found, suffix)
    return _tagged(answer, etag)


def _disposition(found: ServedReport, suffix: str) -> str:
    """RFC 6266 with an RFC 8187 name. Downloads folders are seen by many: the name holds no patient's name."""
    row = found.version
    word = "已作废报告" if found.is_voided else "检查报告"
    name = f"{word}_{row.accession_number}_v{row.version}.{suffix}"
    return f"inline; filename=\"report_v{row.version}.{suffix}\"; filename*=UTF-8''{quote(name, safe='')}"


def _not_modified(etag: str, if_none_match: str | None) -> Response | None:
    held = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    return _tagged(Response(status_code=304), etag) if etag in held else None


def _tagged(answer: Response, etag: str) -> Response:
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

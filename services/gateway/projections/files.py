"""A signed report as its centre left it in the region's store: fetched, and believed only when it verifies."""

import asyncio
from dataclasses import dataclass
from typing import Any

from shared.blobs import BlobCorrupt, BlobMissing, BlobRef, BlobStore
from shared.bus import RetryLater
from shared.errors import GongzhenError
from shared.events.report import ReportEvent, StoredFile
from shared.signing.document import ReportDocument
from shared.signing.jws import load_jws, payload_of
from shared.signing.signer import SignerFact
from shared.signing.trust import TrustRoots
from shared.signing.verification import FileKind, Verification, verify_file

_LONGEST_BACKOFF_S = 300.0


class ReportRefused(GongzhenError):
    """A centre released what does not verify. ``code`` is the first problem found."""

    default_code = "report_refused"
    title = "签名报告未通过验证"


@dataclass(frozen=True, slots=True)
class VerifiedReport:
    document: ReportDocument
    payload_sha256: str
    signers: tuple[SignerFact, ...]
    jws: bytes
    pdf: bytes | None


async def fetch_and_verify(event: ReportEvent, store: BlobStore, roots: TrustRoots, *, attempt: int) -> VerifiedReport:
    """Raises RetryLater while the files cannot be had, ReportRefused when they are not what they should be."""
    if not roots.certificates:
        raise RetryLater(_backoff_s(attempt))  # the directory has not brought the anchors yet
    if event.report.jws is None:
        raise ReportRefused(code="jws_missing")
    jws = await _fetch(store, event.report.jws, attempt)
    pdf = None if event.report.pdf is None else await _fetch(store, event.report.pdf, attempt)
    return await asyncio.to_thread(verify, event, jws, pdf, roots)


def verify(event: ReportEvent, jws: bytes, pdf: bytes | None, roots: TrustRoots) -> VerifiedReport:
    """Blocking, tens of milliseconds. Raises ReportRefused."""
    statement = _require_valid(jws, FileKind.JWS, roots)
    document = ReportDocument.model_validate_json(payload_of(load_jws(jws)))
    if statement.digest is None or event.report.payload_sha256 not in (None, statement.digest):
        raise ReportRefused(code="payload_mismatch")
    if _identity(event) != _statement(document):
        raise ReportRefused(code="statement_mismatch")
    if pdf is not None and _require_valid(pdf, FileKind.PDF, roots).digest != statement.digest:
        raise ReportRefused(code="pdf_mismatch")
    return VerifiedReport(document, statement.digest, statement.signers, jws, pdf)


def _require_valid(data: bytes, kind: FileKind, roots: TrustRoots) -> Verification:
    try:
        found = verify_file(data, roots)
    except GongzhenError as error:
        raise ReportRefused(error.detail, code=f"{kind}_{error.code}") from error
    if found.kind is not kind:
        raise ReportRefused(code=f"{kind}_missing")
    if not found.valid:
        raise ReportRefused(found.problems[0].detail, code=f"{kind}_{found.problems[0].code}")
    return found


def _identity(event: ReportEvent) -> tuple[Any, ...]:
    """What the event says the report is: an event must not pass one report off as another."""
    return (
        event.report.report_id,
        event.report.version,
        event.case.case_id,
        event.case.center,
        event.case.clinic_id,
    )


def _statement(document: ReportDocument) -> tuple[Any, ...]:
    return (document.report_id, document.version, document.case_id, document.center, document.clinic.id)


async def _fetch(store: BlobStore, file: StoredFile, attempt: int) -> bytes:
    try:
        return await store.read(BlobRef.from_dict(file.model_dump()))
    except BlobMissing as error:
        raise RetryLater(_backoff_s(attempt)) from error
    except BlobCorrupt as error:
        raise ReportRefused(code="blob_corrupt") from error
    except ValueError as error:
        raise ReportRefused(code="blob_reference_invalid") from error


def _backoff_s(attempt: int) -> float:
    return min(2.0 ** min(attempt, 10) / 2, _LONGEST_BACKOFF_S)

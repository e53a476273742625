"""A signed report as its centre left it in the region's store: fetched, and believed only when it verifies."""

import asyncio
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.blobs import BlobCorrupt, BlobMissing, BlobRef, BlobStore
from shared.bus import RetryLater
from shared.errors import GongzhenError, Unreadable
from shared.events.report import ReportEvent, StoredFile
from shared.signing.canonical import digest
from shared.signing.document import ReportDocument
from shared.signing.inspection import verify_pdf
from shared.signing.jws import load_jws, payload_of, verify_jws
from shared.signing.signer import SignerFact, agreement_problems
from shared.signing.trust import TrustRoots

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


def verify(event: ReportEvent, jws_bytes: bytes, pdf: bytes | None, roots: TrustRoots) -> VerifiedReport:
    """Blocking, tens of milliseconds. Raises ReportRefused."""
    try:
        jws = load_jws(jws_bytes)
        signers = verify_jws(jws, roots)
        payload = payload_of(jws)
        document = ReportDocument.model_validate_json(payload)
    except (Unreadable, ValidationError) as error:
        raise ReportRefused(code="jws_unreadable") from error
    payload_sha256 = digest(payload)
    _require_good(signers, document)
    if event.report.payload_sha256 not in (None, payload_sha256):
        raise ReportRefused(code="payload_mismatch")
    if _identity(event) != _statement(document):
        raise ReportRefused(code="statement_mismatch")
    if pdf is not None:
        _require_same_sheet(pdf, payload_sha256, document, roots)
    return VerifiedReport(document, payload_sha256, tuple(signers), jws_bytes, pdf)


def _require_good(signers: list[SignerFact], document: ReportDocument) -> None:
    problems = [problem for signer in signers for problem in signer.problems]
    problems += agreement_problems(signers, document.signature_roles)
    if problems:
        raise ReportRefused(problems[0].detail, code=problems[0].code)


def _require_same_sheet(pdf: bytes, payload_sha256: str, document: ReportDocument, roots: TrustRoots) -> None:
    """The sheet is signed by the same rules and says that it shows this very statement."""
    try:
        verdict = verify_pdf(pdf, roots)
    except Unreadable as error:
        raise ReportRefused(code="pdf_unreadable") from error
    if verdict.problems:
        raise ReportRefused(verdict.problems[0].detail, code=f"pdf_{verdict.problems[0].code}")
    _require_good(list(verdict.signers), document)
    if verdict.statement is None or verdict.statement.sha256 != payload_sha256:
        raise ReportRefused(code="pdf_mismatch")


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

"""The verdict on a file that somebody hands in: a sheet (PDF) or a statement (JWS).

It says what the file proves by itself, against the region's roots only. Whether the region ever released it, and
whether something newer replaced it, only the gateway's register knows.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import ValidationError

from shared.errors import Unreadable, UnsupportedKind
from shared.signing.canonical import canonical_bytes, digest
from shared.signing.document import ReportDocument
from shared.signing.inspection import verify_pdf
from shared.signing.jws import load_jws, payload_of, verify_jws
from shared.signing.signer import Problem, SignerFact, agreement_problems
from shared.signing.trust import Trust, TrustRoots


class FileKind(StrEnum):
    PDF = "pdf"
    JWS = "jws"


@dataclass(frozen=True, slots=True)
class Verification:
    """``signed_at``: the last signature's time, which is when the report was whole. ``digest``: the SHA-256 of the
    signed statement, equal in sheet and JWS; ``file_sha256``: of the file itself, to compare with the register."""

    valid: bool
    trust: Trust
    kind: FileKind
    signers: tuple[SignerFact, ...]
    signed_at: datetime | None
    report_id: str | None
    version: int | None
    digest: str | None
    file_sha256: str
    problems: tuple[Problem, ...]


def verify_file(data: bytes, roots: TrustRoots, at: datetime | None = None) -> Verification:
    """Blocking, 20-60 ms. Raises UnsupportedKind for neither PDF nor JSON.

    A PDF or JWS too damaged to be read is a verdict as well, not an error: that is how most tampering looks.
    """
    if b"%PDF-" in data[:1024]:
        kind, verify = FileKind.PDF, _verify_sheet
    elif data.lstrip()[:1] == b"{":
        kind, verify = FileKind.JWS, _verify_statement
    else:
        raise UnsupportedKind("只能验证 PDF 报告或 JWS 签名文件")
    try:
        return verify(data, roots, at)
    except Unreadable as error:
        return _verification(kind, data, [], [Problem(error.code, error.detail)], named=None)


def _verify_sheet(data: bytes, roots: TrustRoots, at: datetime | None) -> Verification:
    verdict = verify_pdf(data, roots, at)
    statement = verdict.statement
    problems = list(verdict.problems)
    if statement is not None:
        problems.extend(agreement_problems(verdict.signers, statement.roles))
    return _verification(
        FileKind.PDF,
        data,
        verdict.signers,
        problems,
        named=(statement.report_id, statement.version, statement.sha256) if statement else None,
    )


def _verify_statement(data: bytes, roots: TrustRoots, at: datetime | None) -> Verification:
    jws = load_jws(data)
    signers = verify_jws(jws, roots, at)
    payload = payload_of(jws)
    problems = []
    named = None
    try:
        if canonical_bytes(json.loads(payload)) != payload:
            problems.append(Problem("not_canonical", "签名内容不是规范 JSON"))
        document = ReportDocument.model_validate_json(payload)
    except (ValidationError, ValueError, TypeError, RecursionError):
        problems.append(Problem("not_a_report", "文件不是共诊签发的报告"))
    else:
        named = (document.report_id, document.version, digest(payload))
        problems.extend(agreement_problems(signers, document.signature_roles))
    return _verification(FileKind.JWS, data, signers, problems, named=named)


def _verification(
    kind: FileKind,
    data: bytes,
    signers: Sequence[SignerFact],
    own_problems: Sequence[Problem],
    *,
    named: tuple[str, int, str] | None,
) -> Verification:
    problems = [*(problem for signer in signers for problem in signer.problems), *own_problems]
    times = [signer.signed_at for signer in signers if signer.signed_at is not None]
    report_id, version, sha256 = named or (None, None, None)
    return Verification(
        valid=bool(signers) and not problems,
        trust=_least([signer.trust for signer in signers]),
        kind=kind,
        signers=tuple(signers),
        signed_at=max(times, default=None),
        report_id=report_id,
        version=version,
        digest=sha256,
        file_sha256=hashlib.sha256(data).hexdigest(),
        problems=tuple(dict.fromkeys(problems)),
    )


def _least(trusts: Sequence[Trust]) -> Trust:
    """A report is trusted as far as its least trusted signature."""
    for trust in (Trust.NONE, Trust.DEVELOPMENT):
        if trust in trusts:
            return trust
    return Trust.REGION if trusts else Trust.NONE

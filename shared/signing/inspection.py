"""What a signed sheet proves. Blocking: call it in a thread, and a stranger's file in a process with limits."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.general import CMSExtractionError, CMSStructuralError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from shared.clock import utc_now
from shared.errors import Unreadable
from shared.signing.container import has_our_frame
from shared.signing.document import SignerRole
from shared.signing.pades import FIELD_OF
from shared.signing.signer import Problem, SignerFact, signer_fact
from shared.signing.trust import BROKEN_CERTIFICATE, Trust, TrustRoots

_ROLE_OF_FIELD = {field: role for role, field in FIELD_OF.items()}
_STATEMENT = re.compile(
    r"report_id=(?P<report_id>[a-z0-9_]{1,64})\b.*?\bversion=(?P<version>[0-9]{1,6})\b"
    r".*?\bsha256=(?P<sha256>[0-9a-f]{64})\b.*?\bsignatures=(?P<roles>[a-z+]{1,40})",
    re.DOTALL,
)
# What pyHanko and asn1crypto raise over a file that was made to break them.
_BROKEN = (
    PdfError,
    CMSExtractionError,
    CMSStructuralError,
    SignatureValidationError,
    *BROKEN_CERTIFICATE,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class SheetStatement:
    """What the signed bytes of the sheet say it is: the statement's id, version and digest, and who has to sign."""

    report_id: str
    version: int
    sha256: str
    roles: tuple[SignerRole, ...]


@dataclass(frozen=True, slots=True)
class PdfVerdict:
    """``modification``: the most that was changed after a signature; ``form_filling`` is the second signature."""

    signers: tuple[SignerFact, ...]
    intact: bool
    trusted: bool
    modification: str
    statement: SheetStatement | None
    problems: tuple[Problem, ...]


def verify_pdf(pdf: bytes, roots: TrustRoots, at: datetime | None = None) -> PdfVerdict:
    """Raises Unreadable for what is not a PDF, or one that is broken beyond reading its signatures.

    A PDF without a signature is readable: its verdict says so.
    """
    moment = at or utc_now()
    try:
        embedded = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        statuses = [_status(each) for each in embedded]
        signers = [
            _signer(signature, status, roots, moment) for signature, status in zip(embedded, statuses, strict=True)
        ]
        statement = _statement(pdf, embedded[0]) if embedded else None
        problems = _problems(pdf, embedded, statuses, statement)
    except _BROKEN as error:
        raise Unreadable("PDF 或其签名无法读取", code="pdf_unreadable") from error
    levels = [status.modification_level or ModificationLevel.OTHER for status in statuses]
    return PdfVerdict(
        signers=tuple(signers),
        intact=bool(signers) and all(signer.intact for signer in signers),
        trusted=bool(signers) and all(signer.trust is not Trust.NONE for signer in signers),
        modification=max(levels, default=ModificationLevel.NONE).name.lower(),
        statement=statement,
        problems=tuple(problems),
    )


def _status(signature: EmbeddedPdfSignature) -> PdfSignatureStatus:
    """The bytes and the signature only, with the signer's own certificate as its anchor and nothing fetched:
    ``TrustRoots`` judges certificates, in the same way as for a JWS."""
    context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    return validate_pdf_signature(signature, context)


def _signer(signature: EmbeddedPdfSignature, status: PdfSignatureStatus, roots: TrustRoots, at: datetime) -> SignerFact:
    chain = [signature.signer_cert, *signature.other_embedded_certs]
    return signer_fact(
        role=_ROLE_OF_FIELD.get(signature.field_name),
        chain=[x509.load_der_x509_certificate(each.dump()) for each in chain],
        signed_at=status.signer_reported_dt,
        intact=status.intact and status.valid,
        roots=roots,
        at=at,
    )


def _problems(
    pdf: bytes,
    embedded: Sequence[EmbeddedPdfSignature],
    statuses: Sequence[PdfSignatureStatus],
    statement: SheetStatement | None,
) -> list[Problem]:
    if not embedded:
        return [Problem("not_signed", "文件没有电子签名")]
    problems = []
    if any(
        status.modification_level is None or status.modification_level > ModificationLevel.FORM_FILLING
        for status in statuses
    ) or not all(status.docmdp_ok for status in statuses):
        problems.append(Problem("modified_after_signing", "文件在签名后被改动，超出允许的范围"))
    if any(status.coverage < SignatureCoverageLevel.ENTIRE_REVISION for status in statuses):
        problems.append(Problem("revision_not_covered", "签名没有覆盖其所在的版本"))
    if not _covers(embedded[-1], pdf):
        problems.append(Problem("not_covered", "最后的签名没有覆盖整个文件"))
    if statement is None:
        problems.append(Problem("not_a_report", "文件不是共诊签发的报告"))
    return problems


def _covers(last: EmbeddedPdfSignature, pdf: bytes) -> bool:
    """Every byte of the file is under the last signature, or is that signature in the one form we write it."""
    start, gap, tail, length = (int(each) for each in last.byte_range)
    contents = bytes(last.pkcs7_content)
    written = b"<" + contents.hex().upper().encode() + b">"
    return start == 0 and tail + length == len(pdf) and pdf[gap:tail] == written and has_our_frame(contents)


def _statement(pdf: bytes, first: EmbeddedPdfSignature) -> SheetStatement | None:
    """From the bytes that the first signature covers: later revisions may write other document properties, which
    the rules for form filling tolerate."""
    start, _gap, tail, length = (int(each) for each in first.byte_range)
    covered = PdfFileReader(io.BytesIO(pdf[start : tail + length]))
    info = covered.trailer_view.get("/Info")
    found = _STATEMENT.search(str(info.get_object().get("/Keywords", ""))) if info is not None else None
    if found is None:
        return None
    roles = tuple(SignerRole(role) for role in found["roles"].split("+"))
    return SheetStatement(found["report_id"], int(found["version"]), found["sha256"], roles)

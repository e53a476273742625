"""The sheet under PAdES (ETSI.CAdES.detached, SHA-256, ECDSA P-256).

The author certifies the sheet and allows forms to be filled; the reviewer fills the second field, which then locks the
whole (ISO 32000-2 §12.8.2.2 and §12.8.2.4). All functions block, 50-150 ms, and must be called in a thread:
pyHanko runs an event loop of its own inside. Nothing is fetched from the network.
"""

import io
from datetime import datetime

from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from shared.errors import Conflict
from shared.signing.document import SignerRole
from shared.signing.place import Place
from shared.signing.signatory import Signatory
from shared.signing.trust import to_pem

FIELD_OF = {SignerRole.AUTHOR: "Author", SignerRole.REVIEWER: "Reviewer"}
_FILLING = SimpleBoxLayoutRule(
    x_align=AxisAlignment.ALIGN_MIN,
    y_align=AxisAlignment.ALIGN_MID,
    margins=Margins(0, 0, 0, 0),
    inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
)
_REASON = {SignerRole.AUTHOR: "书写报告", SignerRole.REVIEWER: "审核签发"}


def certify_as_author(pdf: bytes, author: Signatory, signed_at: datetime, *, own: Place, reviewer: Place) -> bytes:
    """The author's signature over a new sheet that already prints his name; the reviewer's field waits, empty."""
    out = IncrementalPdfFileWriter(io.BytesIO(pdf))
    _add_field(out, SignerRole.AUTHOR, own)
    _add_field(out, SignerRole.REVIEWER, reviewer)
    return _sign(out, SignerRole.AUTHOR, author, signed_at, certifies=MDPPerm.FILL_FORMS, appearance=None)


def countersign_as_reviewer(pdf: bytes, reviewer: Signatory, signed_at: datetime, *, appearance: bytes) -> bytes:
    """The reviewer's signature in the field that the author left. ``appearance``: a PDF page of the field's size.

    Raises Conflict (``sheet_not_countersignable``) for a sheet without an empty field of the reviewer.
    """
    try:
        out = IncrementalPdfFileWriter(io.BytesIO(pdf))
        return _sign(out, SignerRole.REVIEWER, reviewer, signed_at, certifies=None, appearance=appearance)
    except (PdfError, SigningError) as error:
        raise Conflict("报告页没有待签的审核签名域", code="sheet_not_countersignable") from error


def sign_single(
    pdf: bytes,
    signatory: Signatory,
    role: SignerRole,
    signed_at: datetime,
    *,
    own: Place,
    appearance: bytes | None = None,
) -> bytes:
    """The only signature of a sheet: one-signature policy, a preliminary report, or a text that the reviewer revised.

    ``appearance`` is left out where the sheet prints the name already. Nothing may be changed afterwards.
    """
    out = IncrementalPdfFileWriter(io.BytesIO(pdf))
    _add_field(out, role, own)
    return _sign(out, role, signatory, signed_at, certifies=MDPPerm.NO_CHANGES, appearance=appearance)


def _add_field(out: IncrementalPdfFileWriter, role: SignerRole, place: Place) -> None:
    last = role is SignerRole.REVIEWER
    append_signature_field(
        out,
        SigFieldSpec(
            sig_field_name=FIELD_OF[role],
            on_page=place.page,
            box=(round(place.left), round(place.bottom), round(place.right), round(place.top)),
            field_mdp_spec=FieldMDPSpec(FieldMDPAction.ALL) if last else None,
            doc_mdp_update_value=MDPPerm.NO_CHANGES if last else None,
            readable_field_name=_REASON[role],
        ),
    )


def _sign(
    out: IncrementalPdfFileWriter,
    role: SignerRole,
    signatory: Signatory,
    signed_at: datetime,
    *,
    certifies: MDPPerm | None,
    appearance: bytes | None,
) -> bytes:
    signer = _TimedSigner(
        PdfSignatureMetadata(
            field_name=FIELD_OF[role],
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=certifies is not None,
            docmdp_permissions=certifies or MDPPerm.NO_CHANGES,
            name=signatory.name,
            reason=_REASON[role],
        ),
        signer=_simple_signer(signatory),
        stamp_style=StaticStampStyle(background=_Appearance(appearance), background_layout=_FILLING, border_width=0),
    )
    signer.signed_at = signed_at
    signed = signer.sign_pdf(out, existing_fields_only=True)
    return bytes(signed.getvalue())


class _TimedSigner(PdfSigner):
    """Signs at the moment it is told, so that the sheet, the statement and the record name one time."""

    signed_at: datetime

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        session.system_time = self.signed_at
        return session


class _Appearance(PdfContent):
    """The one page of a small PDF as the look of a field; without one, nothing is drawn over the sheet."""

    def __init__(self, page: bytes | None) -> None:
        super().__init__(box=BoxConstraints(width=1, height=1))
        self._page = page

    def render(self) -> bytes:
        if self._page is None:
            return b""
        imported = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._page)))
        self.resources.xobject["/Signature"] = imported
        left, bottom, right, top = (float(edge) for edge in imported.get_object()["/BBox"])
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return b"/Signature Do"


def _simple_signer(signatory: Signatory) -> SimpleSigner:
    """The root is left out: who checks must have it already, and nothing protects the copy in the signature."""
    embedded = [each for each in signatory.chain if each.issuer != each.subject]
    certificates = list(load_certs_from_pemder_data(to_pem(embedded).encode()))
    issuers = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    issuers.register_multiple(certificates[1:])
    return SimpleSigner(
        signing_cert=certificates[0],
        signing_key=load_private_key_from_pemder_data(signatory.key.pkcs8(), passphrase=None),
        cert_registry=issuers,
    )

import asyncio
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from services.imaging.report_form.sheet import render_sheet
from shared.errors import Conflict, Unreadable
from shared.signing.authority import Authority, create_development_authority
from shared.signing.document import SignerRole
from shared.signing.inspection import verify_pdf
from shared.signing.pades import countersign_as_reviewer, sign_single
from shared.signing.signatory import Signatory
from shared.signing.trust import Trust, TrustRoots, load_roots, serial_of
from shared.signing.verification import verify_file
from tests.unit.signing.people import now, physician, statement
from tests.unit.signing.sheets import certified, countersigned

DOCUMENT = statement()


@pytest.fixture(scope="module")
def submitted(author: Signatory) -> bytes:
    return certified(DOCUMENT, author, now())


@pytest.fixture(scope="module")
def signed(submitted: bytes, reviewer: Signatory) -> bytes:
    return countersigned(submitted, reviewer, now())


def codes(pdf: bytes, roots: TrustRoots) -> set[str]:
    verdict = verify_file(pdf, roots)
    assert verdict.valid == (not verdict.problems)
    return {problem.code for problem in verdict.problems}


def edited(pdf: bytes, edit: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The file with one more revision, as an editor appends it."""
    out = IncrementalPdfFileWriter(io.BytesIO(pdf))
    edit(out)
    buffer = io.BytesIO()
    out.write(buffer)
    return buffer.getvalue()


def first_page(out: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page: generic.DictionaryObject = out.find_page_for_modification(0)[0].get_object()
    return page


def draw_over(out: IncrementalPdfFileWriter) -> None:
    page = first_page(out)
    page["/Contents"] = out.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    out.update_container(page)


def add_note(out: IncrementalPdfFileWriter) -> None:
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (100, 400, 300, 450))),
            pdf_name("/Contents"): generic.pdf_string("恶性"),
        }
    )
    page = first_page(out)
    page["/Annots"] = generic.ArrayObject([*page.get("/Annots", []), out.add_object(note)])
    out.update_container(page)


def rename(out: IncrementalPdfFileWriter) -> None:
    info = out.trailer_view["/Info"].get_object()
    info["/Keywords"] = generic.pdf_string(
        f"report_id=report_other version=9 sha256={'0' * 64} signatures=author+reviewer"
    )
    out.update_container(info)


def test_author_and_reviewer_both_hold(signed: bytes, roots: TrustRoots) -> None:
    verdict = verify_file(signed, roots)
    assert verdict.valid, verdict.problems
    assert verdict.trust is Trust.DEVELOPMENT
    assert (verdict.report_id, verdict.version, verdict.digest) == ("report_01test", 1, DOCUMENT.sha256())
    assert [(signer.role, signer.account_id) for signer in verdict.signers] == [
        (SignerRole.AUTHOR, "account_author"),
        (SignerRole.REVIEWER, "account_reviewer"),
    ]


def test_pyhanko_trusts_it_by_the_regions_root_alone(signed: bytes, authority: Authority) -> None:
    root = next(iter(load_certs_from_pemder_data(authority.roots_pem.encode())))
    for signature in PdfFileReader(io.BytesIO(signed)).embedded_signatures:
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root], allow_fetching=False))
        assert status.bottom_line


def test_the_authors_signature_certifies_and_the_reviewers_locks(signed: bytes) -> None:
    first, second = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert first.sig_object["/SubFilter"] == second.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert first.docmdp_level is not None
    assert second.docmdp_level is not None
    assert (first.docmdp_level.name, second.docmdp_level.name) == ("FILL_FORMS", "NO_CHANGES")


def test_a_sheet_without_its_second_signature_is_not_valid(submitted: bytes, roots: TrustRoots) -> None:
    assert codes(submitted, roots) == {"reviewer_missing"}


def test_nobody_reviews_what_he_wrote(submitted: bytes, author: Signatory, roots: TrustRoots) -> None:
    assert codes(countersigned(submitted, author, now()), roots) == {"same_person"}


def test_a_flipped_byte_is_never_valid(signed: bytes, roots: TrustRoots) -> None:
    for position in range(17, len(signed), len(signed) // 40):
        changed = bytearray(signed)
        changed[position] ^= 0x01
        assert codes(bytes(changed), roots), f"byte {position}"


@pytest.mark.parametrize("edit", [draw_over, add_note], ids=["page", "annotation"])
@pytest.mark.parametrize("state", ["submitted", "signed"])
def test_a_change_above_form_filling_is_not_valid(
    edit: Callable[[IncrementalPdfFileWriter], None], state: str, roots: TrustRoots, request: pytest.FixtureRequest
) -> None:
    assert "modified_after_signing" in codes(edited(request.getfixturevalue(state), edit), roots)


def test_a_change_between_the_signatures_is_not_valid(submitted: bytes, reviewer: Signatory, roots: TrustRoots) -> None:
    assert "modified_after_signing" in codes(countersigned(edited(submitted, draw_over), reviewer, now()), roots)


def test_properties_written_later_name_no_other_report(signed: bytes, roots: TrustRoots) -> None:
    statement_found = verify_pdf(edited(signed, rename), roots).statement
    assert statement_found is not None
    assert statement_found.report_id == "report_01test"


def test_bytes_after_the_last_signature_are_not_valid(signed: bytes, roots: TrustRoots) -> None:
    assert codes(signed + b"\n% more\n", roots)


def test_a_signer_of_another_root_is_trusted_by_nobody(signed: bytes) -> None:
    other = load_roots(create_development_authority("示例县").roots_pem.encode())
    verdict = verify_file(signed, other)
    assert (verdict.valid, verdict.trust) == (False, Trust.NONE)
    assert {problem.code for problem in verdict.problems} == {"untrusted_signer"}


def test_a_stranger_in_the_second_field_spoils_the_whole(submitted: bytes, roots: TrustRoots) -> None:
    stranger = physician(create_development_authority("别县"), "account_reviewer")
    verdict = verify_file(countersigned(submitted, stranger, now()), roots)
    assert (verdict.valid, verdict.trust) == (False, Trust.NONE)


def test_a_signature_keeps_its_worth_after_its_certificate_ended(signed: bytes, roots: TrustRoots) -> None:
    assert verify_file(signed, roots, at=now() + timedelta(days=3000)).valid


def test_a_revoked_certificate_signs_nothing_more(signed: bytes, authority: Authority, reviewer: Signatory) -> None:
    revoked = load_roots(authority.roots_pem.encode(), {serial_of(reviewer.certificate): now() - timedelta(hours=1)})
    assert codes(signed, revoked) == {"certificate_revoked"}


def test_a_signature_of_tomorrow_is_refused(signed: bytes, roots: TrustRoots) -> None:
    verdict = verify_file(signed, roots, at=now() - timedelta(hours=1))
    assert {problem.code for problem in verdict.problems} == {"signing_time_in_future"}


@pytest.mark.parametrize("role", list(SignerRole))
def test_a_sheet_of_one_signature_is_whole_with_it(
    role: SignerRole, author: Signatory, reviewer: Signatory, roots: TrustRoots
) -> None:
    document = statement(signature_roles=[role])
    sheet = render_sheet(document)
    assert set(sheet.boxes) == {role}
    signer = author if role is SignerRole.AUTHOR else reviewer
    alone = sign_single(sheet.pdf, signer, role, now(), own=sheet.boxes[role])
    assert codes(alone, roots) == set()
    with pytest.raises(Conflict):
        countersigned(alone, reviewer, now())


def test_a_sheet_is_countersigned_once(signed: bytes, reviewer: Signatory) -> None:
    with pytest.raises(Conflict) as refusal:
        countersign_as_reviewer(signed, reviewer, now(), appearance=b"")
    assert refusal.value.code == "sheet_not_countersignable"


def test_an_unsigned_sheet_says_so(roots: TrustRoots) -> None:
    assert codes(render_sheet(DOCUMENT).pdf, roots) == {"not_signed"}


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7\n%%EOF", b"%PDF-" + b"\0" * 5000])
def test_a_broken_pdf_is_unreadable(data: bytes, roots: TrustRoots) -> None:
    with pytest.raises(Unreadable):
        verify_pdf(data, roots)


def test_a_cut_off_pdf_is_never_valid(signed: bytes, roots: TrustRoots) -> None:
    for length in range(2000, len(signed), len(signed) // 12):
        assert codes(signed[:length], roots)


async def test_it_runs_in_threads_beside_an_event_loop(
    submitted: bytes, reviewer: Signatory, roots: TrustRoots
) -> None:
    pdfs = await asyncio.gather(*(asyncio.to_thread(countersigned, submitted, reviewer, now()) for _ in range(3)))
    verdicts = await asyncio.gather(*(asyncio.to_thread(verify_file, pdf, roots) for pdf in pdfs))
    assert all(verdict.valid for verdict in verdicts)

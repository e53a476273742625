import json

import pytest

from shared.errors import UnsupportedKind
from shared.signing.document import SignerRole
from shared.signing.jws import add_signature, dump_jws, sign_as, sign_author
from shared.signing.signatory import Signatory
from shared.signing.trust import TrustRoots
from shared.signing.verification import FileKind, verify_file
from tests.unit.signing.people import now, statement
from tests.unit.signing.sheets import certified, countersigned


def codes(data: bytes, roots: TrustRoots) -> list[str]:
    return [problem.code for problem in verify_file(data, roots).problems]


def test_sheet_and_statement_of_one_report_name_the_same_digest(
    author: Signatory, reviewer: Signatory, roots: TrustRoots
) -> None:
    document = statement()
    jws = add_signature(sign_author(document.canonical(), author, now()), reviewer, SignerRole.REVIEWER, now())
    sheet = verify_file(countersigned(certified(document, author, now()), reviewer, now()), roots)
    text = verify_file(dump_jws(jws), roots)
    assert (sheet.kind, text.kind) == (FileKind.PDF, FileKind.JWS)
    assert sheet.valid
    assert text.valid
    assert sheet.digest == text.digest == document.sha256()
    assert sheet.file_sha256 != text.file_sha256


def test_a_statement_needs_the_signatures_it_asks_for(
    author: Signatory, reviewer: Signatory, roots: TrustRoots
) -> None:
    one = sign_author(statement().canonical(), author, now())
    assert codes(dump_jws(one), roots) == ["reviewer_missing"]
    twice = add_signature(one, reviewer, SignerRole.AUTHOR, now())
    assert codes(dump_jws(twice), roots) == ["reviewer_missing", "signature_unexpected"]
    himself = add_signature(one, author, SignerRole.REVIEWER, now())
    assert codes(dump_jws(himself), roots) == ["same_person"]


def test_a_revised_version_is_whole_with_the_reviewers_signature(reviewer: Signatory, roots: TrustRoots) -> None:
    document = statement(signature_roles=["reviewer"])
    assert codes(dump_jws(sign_as(document.canonical(), reviewer, SignerRole.REVIEWER, now())), roots) == []


def test_a_statement_in_another_byte_form_is_not_valid(author: Signatory, roots: TrustRoots) -> None:
    document = statement(signature_roles=["author"])
    spaced = json.dumps(json.loads(document.canonical())).encode()
    assert codes(dump_jws(sign_author(spaced, author, now())), roots) == ["not_canonical"]


@pytest.mark.parametrize("payload", [b"{}", b"[]", b"text", b'{"schema_name":"gongzhen.report.v1"}'])
def test_what_a_physician_signed_elsewhere_is_no_report(payload: bytes, author: Signatory, roots: TrustRoots) -> None:
    verdict = verify_file(dump_jws(sign_author(payload, author, now())), roots)
    assert not verdict.valid
    assert verdict.report_id is None
    assert "not_a_report" in [problem.code for problem in verdict.problems]


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"PK\x03\x04"])
def test_another_kind_of_file_is_named_as_such(data: bytes, roots: TrustRoots) -> None:
    with pytest.raises(UnsupportedKind):
        verify_file(data, roots)


@pytest.mark.parametrize(("data", "code"), [(b"%PDF-1.7", "pdf_unreadable"), (b'{"payload": ""}', "jws_unreadable")])
def test_a_file_damaged_beyond_reading_is_not_valid(data: bytes, code: str, roots: TrustRoots) -> None:
    assert not verify_file(data, roots).valid
    assert codes(data, roots) == [code]

import io

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from shared.signing.container import has_our_frame
from shared.signing.signatory import Signatory
from shared.signing.trust import TrustRoots
from shared.signing.verification import verify_file
from tests.unit.signing.people import now, statement
from tests.unit.signing.sheets import certified, countersigned


@pytest.fixture(scope="module")
def signed(author: Signatory, reviewer: Signatory) -> bytes:
    return countersigned(certified(statement(), author, now()), reviewer, now())


def test_both_frames_are_ours(signed: bytes) -> None:
    signatures = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert [has_our_frame(bytes(each.pkcs7_content)) for each in signatures] == [True, True]


@pytest.mark.parametrize("place", ["digest algorithm", "padding"])
def test_a_bit_that_no_signature_protects_is_seen(place: str, signed: bytes, roots: TrustRoots) -> None:
    last = PdfFileReader(io.BytesIO(signed)).embedded_signatures[-1]
    _start, gap, tail, _length = (int(each) for each in last.byte_range)
    sha256_null = b"06096086480165030402010500"
    position = signed.index(sha256_null, gap) + len(sha256_null) - 1 if place == "digest algorithm" else tail - 2
    changed = bytearray(signed)
    changed[position] ^= 0x01
    verdict = verify_file(bytes(changed), roots)
    assert [problem.code for problem in verdict.problems] == ["not_covered"]

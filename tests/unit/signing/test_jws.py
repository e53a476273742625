import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from shared.errors import Unreadable
from shared.signing.authority import create_development_authority
from shared.signing.canonical import canonical_bytes
from shared.signing.document import SignerRole
from shared.signing.jws import Jws, add_signature, dump_jws, load_jws, payload_of, sign_author, verify_jws
from shared.signing.signatory import Signatory
from shared.signing.trust import Trust, TrustRoots, load_roots
from shared.signing.verification import verify_file
from tests.unit.signing.people import now, statement


class RoomyRegistry(JWSRegistry):
    """The library's own limit leaves no room for a certificate chain."""

    max_header_length = 8192


BYTES = statement().canonical()


@pytest.fixture
def one(author: Signatory) -> Jws:
    return sign_author(BYTES, author, now())


@pytest.fixture
def both(one: Jws, reviewer: Signatory) -> Jws:
    return add_signature(one, reviewer, SignerRole.REVIEWER, now())


def header(jws: Jws, index: int = 0) -> dict[str, Any]:
    encoded = jws["signatures"][index]["protected"]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(encoded + "=="))
    return found


def with_header(jws: Jws, **changes: Any) -> Jws:
    changed = base64.urlsafe_b64encode(canonical_bytes({**header(jws), **changes})).rstrip(b"=").decode()
    return {"payload": jws["payload"], "signatures": [{**jws["signatures"][0], "protected": changed}]}


def codes(jws: Jws, roots: TrustRoots) -> list[str]:
    return [problem.code for fact in verify_jws(jws, roots) for problem in fact.problems]


def test_both_signatures_hold_and_name_their_makers(both: Jws, roots: TrustRoots) -> None:
    facts = verify_jws(both, roots)
    assert [(fact.role, fact.account_id, fact.trust, fact.is_good) for fact in facts] == [
        (SignerRole.AUTHOR, "account_author", Trust.DEVELOPMENT, True),
        (SignerRole.REVIEWER, "account_reviewer", Trust.DEVELOPMENT, True),
    ]


def test_the_payload_is_the_statement(both: Jws) -> None:
    assert payload_of(load_jws(dump_jws(both))) == BYTES


def test_a_second_signature_leaves_the_first_jws_alone(one: Jws, reviewer: Signatory) -> None:
    before = dump_jws(one)
    add_signature(one, reviewer, SignerRole.REVIEWER, now())
    assert dump_jws(one) == before


def test_another_library_verifies_it(both: Jws, author: Signatory, reviewer: Signatory) -> None:
    for signature, who in zip(both["signatures"], (author, reviewer), strict=True):
        general = {"payload": both["payload"], "signatures": [signature]}
        key = ECKey.import_key(who.key.public_pem)
        registry = RoomyRegistry(algorithms=["ES256"], strict_check_header=False)
        assert joserfc_jws.deserialize_json(general, key, registry=registry).payload == BYTES


def test_a_changed_statement_is_not_intact(both: Jws, roots: TrustRoots) -> None:
    changed = BYTES.replace("未见".encode(), "可见".encode())
    both["payload"] = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
    assert codes(both, roots) == ["not_intact", "not_intact"]


def test_a_changed_header_is_not_intact(one: Jws, roots: TrustRoots) -> None:
    assert "not_intact" in codes(with_header(one, role="reviewer"), roots)
    assert "not_intact" in codes(with_header(one, signed_at="2020-01-01T00:00:00Z"), roots)
    assert "subject_mismatch" in codes(with_header(one, sub="account_other"), roots)


def test_another_regions_roots_trust_nobody(both: Jws) -> None:
    other = load_roots(create_development_authority("别县").roots_pem.encode())
    assert [fact.trust for fact in verify_jws(both, other)] == [Trust.NONE, Trust.NONE]
    assert codes(both, other) == ["untrusted_signer", "untrusted_signer"]


@pytest.mark.parametrize(
    "change",
    [{"alg": "none"}, {"alg": "HS256"}, {"crit": ["b64"], "b64": False}, {"x5c": []}, {"x5c": ["AAAA"]}, {"role": "x"}],
    ids=str,
)
def test_a_header_that_is_not_ours_is_refused(one: Jws, roots: TrustRoots, change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        verify_jws(with_header(one, **change), roots)


def test_a_header_outside_the_signature_is_refused(one: Jws, roots: TrustRoots) -> None:
    one["signatures"][0]["header"] = {"role": "reviewer"}
    with pytest.raises(Unreadable):
        verify_jws(one, roots)


@pytest.mark.parametrize("signature", ["", "AAAA", "A" * 86, "A" * 85 + "=", None, "é"])
def test_a_signature_that_is_none_is_never_good(one: Jws, roots: TrustRoots, signature: object) -> None:
    one["signatures"][0]["signature"] = signature
    try:
        facts = verify_jws(one, roots)
    except Unreadable:
        return
    assert not any(fact.is_good for fact in facts)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"signatures": []}',
        b'{"signatures": 1}',
        b"[" * 100_000,
        b"\xff",
        b'{"signatures":[1,2,3,4,5]}',
    ],
    ids=range(9),
)
def test_what_is_no_jws_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        load_jws(data)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("a003020102", "a003020109"),  # a version of X.509 that there is not
        ("06072a8648ce3d0201", "06072a8648ce3d0209"),  # a kind of key nobody knows
        ("06082a8648ce3d030107", "06082a8648ce3d030177"),  # a curve nobody knows
        ("0603550403", "060355042d"),  # the name as an identifier that must be bits
        ("0603551d13", "0603551d0f"),  # an extension twice
    ],
)
def test_a_certificate_made_to_break_its_reader_is_not_good(
    one: Jws, roots: TrustRoots, author: Signatory, good: str, bad: str
) -> None:
    certificate = author.certificate.public_bytes(serialization.Encoding.DER)
    broken = certificate.replace(bytes.fromhex(good), bytes.fromhex(bad))
    assert broken != certificate
    verdict = verify_file(dump_jws(with_header(one, x5c=[base64.b64encode(broken).decode()])), roots)
    assert not verdict.valid

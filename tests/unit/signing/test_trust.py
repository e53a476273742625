from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.errors import Invalid
from shared.signing.authority import Authority, create_development_authority, private_pem
from shared.signing.signatory import Signatory
from shared.signing.trust import Trust, TrustRoots, load_roots, serial_of
from tests.unit.signing.people import now, physician


def external_authority(*, may_issue: bool = True) -> Authority:
    """A root that is not for development, and an issuing authority under it, as a licensed CA has them."""

    def certificate(
        name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name | None, by: ec.EllipticCurvePrivateKey, ca: bool
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=900))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
            .sign(by, hashes.SHA256())
        )

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("示例电子认证根", root_key, None, root_key, True)
    issuer = certificate("示例电子认证签发", key, root.subject, root_key, may_issue)
    return Authority(key_pem=private_pem(key), chain=(issuer, root))


def judge(who: Signatory, roots: TrustRoots, at: datetime | None = None) -> Trust:
    return roots.judge(who.certificate, who.chain[1:], at or now())


def test_a_development_chain_is_development(author: Signatory, roots: TrustRoots) -> None:
    assert judge(author, roots) is Trust.DEVELOPMENT


def test_an_external_chain_with_an_issuing_authority_is_the_regions() -> None:
    external = external_authority()
    assert judge(physician(external, "a"), load_roots(external.roots_pem.encode())) is Trust.REGION


def test_a_chain_through_a_certificate_that_may_not_issue_is_none() -> None:
    external = external_authority(may_issue=False)
    assert judge(physician(external, "a"), load_roots(external.roots_pem.encode())) is Trust.NONE


def test_another_regions_chain_is_none(author: Signatory) -> None:
    other = create_development_authority("示例县")
    assert judge(author, load_roots(other.roots_pem.encode())) is Trust.NONE


def test_no_roots_trust_nobody(author: Signatory) -> None:
    assert judge(author, TrustRoots(())) is Trust.NONE


def test_a_physician_cannot_issue_for_another(author: Signatory, roots: TrustRoots) -> None:
    rogue = Authority(key_pem=private_pem(author.key.private), chain=author.chain)
    assert judge(physician(rogue, "account_victim"), roots) is Trust.NONE


@pytest.mark.parametrize("days", [-1, 400])
def test_a_certificate_counts_while_it_is_valid_only(author: Signatory, roots: TrustRoots, days: int) -> None:
    assert judge(author, roots, now() + timedelta(days=days)) is Trust.NONE


def test_a_root_is_no_signer(authority: Authority, roots: TrustRoots) -> None:
    assert roots.judge(authority.issuer, [], now()) is Trust.NONE


def test_revocation_counts_from_its_moment(author: Signatory, authority: Authority) -> None:
    revoked = load_roots(authority.roots_pem.encode(), {serial_of(author.certificate): now()})
    assert revoked.is_revoked(author.certificate, now() + timedelta(seconds=1))
    assert not revoked.is_revoked(author.certificate, now() - timedelta(hours=1))


def test_roots_that_are_none_are_refused() -> None:
    with pytest.raises(Invalid):
        load_roots(b"nothing")

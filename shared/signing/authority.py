"""The region's certificate authority. Pure functions over PEM: where the key rests is the caller's matter.

A region that has no authority of its own yet gets a development one at its first start, and every certificate, sheet
and verdict says so. An external authority is configured by its files: ``roots.pem`` alone to check, and
``issuer.pem`` (the issuing certificate, then its chain) with ``issuer.key`` where it lets the region issue.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.errors import Invalid
from shared.signing.trust import DEVELOPMENT_UNIT, to_pem

COUNTRY = "CN"
ROOT_VALIDITY = timedelta(days=3650)
BACKDATED = timedelta(minutes=5)
"""A certificate is valid from a little before its issue: the clocks of two machines of one region differ."""


@dataclass(frozen=True, slots=True)
class Authority:
    """``chain`` goes from the issuing certificate to the root, which is its last."""

    key_pem: str = field(repr=False)
    chain: tuple[x509.Certificate, ...]

    @property
    def issuer(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def roots_pem(self) -> str:
        return to_pem(self.chain[-1:])

    @property
    def chain_pem(self) -> str:
        return to_pem(self.chain)


def create_development_authority(region_name: str) -> Authority:
    """A new P-256 root whose subject says 开发测试: good for trying out, worth nothing before a court."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _fitting(region_name)),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEVELOPMENT_UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, "共诊开发测试根证书"),
        ]
    )
    public_key = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + ROOT_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key_pem=private_pem(key), chain=(certificate,))


def load_authority(key_pem: str, chain_pem: str) -> Authority:
    """From PEM text. Raises Invalid where the key is not the issuing certificate's, or the chain does not hold."""
    try:
        key = serialization.load_pem_private_key(key_pem.encode(), password=None)
        chain = tuple(x509.load_pem_x509_certificates(chain_pem.encode()))
        for issued, issuer in itertools.pairwise(chain):
            issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise Invalid("CA 证书或私钥无法读取", code="authority_unreadable") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != chain[0].public_key():
        raise Invalid("CA 私钥与证书不匹配", code="authority_key_mismatch")
    return Authority(key_pem=key_pem, chain=chain)


def load_authority_folder(folder: Path) -> Authority:
    """``issuer.key`` and ``issuer.pem`` of a folder. Raises Invalid as ``load_authority``, OSError for absent files."""
    return load_authority((folder / "issuer.key").read_text("ascii"), (folder / "issuer.pem").read_text("utf-8"))


def issue_physician_certificate(
    authority: Authority,
    public_key_pem: str,
    *,
    account_id: str,
    name: str,
    org_name: str,
    valid_days: int = 365,
) -> str:
    """The PEM of a certificate that may sign and nothing else. The subject's UID is the account.

    Key usage is digitalSignature and nonRepudiation (contentCommitment), which signing an archived statement is.
    """
    issuer_key = serialization.load_pem_private_key(authority.key_pem.encode(), password=None)
    public_key = serialization.load_pem_public_key(public_key_pem.encode())
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey) or not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise Invalid("仅支持 ECDSA P-256 密钥", code="key_unsupported")
    now = datetime.now(UTC)
    issuer = authority.issuer
    certificate = (
        x509.CertificateBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, _fitting(org_name)),
                    x509.NameAttribute(NameOID.COMMON_NAME, _fitting(name)),
                    x509.NameAttribute(NameOID.USER_ID, account_id),
                ]
            )
        )
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(min(now + timedelta(days=valid_days), issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            ),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )
    return to_pem([certificate])


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _fitting(name: str) -> str:
    """O and CN take 64 characters (RFC 5280), which ``cryptography`` counts in bytes of UTF-8: about 21 hanzi.

    A longer name of a hospital is cut, an empty one becomes a dash: the account in UID is what identifies.
    """
    return name.encode()[:64].decode(errors="ignore") or "-"

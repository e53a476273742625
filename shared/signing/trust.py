"""The region's roots, and the one check of a certificate chain. Nothing here reaches for the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from shared.errors import Invalid

DEVELOPMENT_UNIT = "开发测试 DEVELOPMENT ONLY"
"""The organizational unit of a development root's subject: how a verdict tells it from a real authority."""


# What ``cryptography`` raises over a certificate that was made to break it, when it is read or when it is asked.
BROKEN_CERTIFICATE = (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm)


class Trust(StrEnum):
    REGION = "region"
    DEVELOPMENT = "development"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class TrustRoots:
    """The roots a region accepts. ``revoked``: serial number (hex) of a certificate, and since when it is void."""

    certificates: tuple[x509.Certificate, ...]
    revoked: Mapping[str, datetime] = field(default_factory=dict)

    def judge(self, leaf: x509.Certificate, intermediates: Sequence[x509.Certificate], at: datetime) -> Trust:
        """Whose certificate it was at that moment. A chain that does not hold, then, is ``none``.

        The moment is the signer's own word: a chain alone cannot tell a backdated signature, the gateway's register
        of released reports can. So an expired certificate keeps what it signed while it was valid.
        """
        if not self.certificates or not isinstance(leaf.public_key(), ec.EllipticCurvePublicKey):
            return Trust.NONE
        verifier = (
            PolicyBuilder()
            .store(Store(list(self.certificates)))
            .time(at)
            .max_chain_depth(2)
            .extension_policies(ca_policy=_CA_POLICY, ee_policy=_SIGNER_POLICY)
            .build_client_verifier()
        )
        try:
            root = verifier.verify(leaf, list(intermediates)).chain[-1]
        except VerificationError:
            return Trust.NONE
        units = root.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        return Trust.DEVELOPMENT if any(unit.value == DEVELOPMENT_UNIT for unit in units) else Trust.REGION

    def is_revoked(self, certificate: x509.Certificate, at: datetime) -> bool:
        since = self.revoked.get(serial_of(certificate))
        return since is not None and at >= since


def load_roots(pem: bytes, revoked: Mapping[str, datetime] | None = None) -> TrustRoots:
    """One or more certificates in PEM. Raises Invalid where there is none to read."""
    try:
        return TrustRoots(tuple(x509.load_pem_x509_certificates(pem)), dict(revoked or {}))
    except ValueError as error:
        raise Invalid("根证书文件无法读取", code="roots_unreadable") from error


def to_pem(certificates: Sequence[x509.Certificate]) -> str:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates).decode("ascii")


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number as 40 hexadecimal digits, the form in which the directory keys certificates."""
    return f"{certificate.serial_number:040x}"


def name_of(certificate: x509.Certificate) -> str:
    return _attribute(certificate, NameOID.COMMON_NAME)


def account_of(certificate: x509.Certificate) -> str:
    """The account that the authority bound to the key (the subject's UID); empty in a foreign certificate."""
    return _attribute(certificate, NameOID.USER_ID)


def _attribute(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""


def _may_commit(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.content_commitment:
        raise ValueError("the key may not commit to content")


def _may_issue(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("not an authority's certificate")


# X.509's own rules, not the web's: a physician has no domain name and no extended key usage.
_CA_POLICY = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _may_issue)
_SIGNER_POLICY = ExtensionPolicy.permit_all().require_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_commit)

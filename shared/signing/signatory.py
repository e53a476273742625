"""Whoever is about to sign: an unlocked key and the certificate that names its holder."""

from dataclasses import dataclass

from cryptography import x509

from shared.errors import Conflict, Invalid
from shared.signing.keys import SigningKey
from shared.signing.trust import account_of, name_of


@dataclass(frozen=True, slots=True)
class Signatory:
    """``chain``: the signer's certificate, then the issuing one and so on to the root."""

    key: SigningKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def account_id(self) -> str:
        return account_of(self.certificate)

    @property
    def name(self) -> str:
        return name_of(self.certificate)


def signatory(key: SigningKey, chain_pem: str) -> Signatory:
    """Raises Invalid for a chain that cannot be read, Conflict (``certificate_replaced``) for another key's.

    The second happens where a certificate was renewed on a new key while the old key lay unlocked.
    """
    try:
        chain = tuple(x509.load_pem_x509_certificates(chain_pem.encode()))
    except ValueError as error:
        raise Invalid("签名证书无法读取", code="certificate_unreadable") from error
    if chain[0].public_key() != key.private.public_key():
        raise Conflict("签名证书已更换，请重新输入签名密码", code="certificate_replaced")
    return Signatory(key, chain)

"""Private keys at rest in the gateway's database: sealed by AES-256-GCM where the operator gave a secret."""

import base64
import binascii
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Invalid

_SEALED = "aes256gcm:"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Vault:
    """``key``: 32 bytes, or none: then the database's own protection is all there is."""

    key: bytes | None = field(default=None, repr=False)

    @classmethod
    def of_secret(cls, secret: str) -> "Vault":
        """Raises Invalid for what is not base64 of 32 bytes."""
        if not secret:
            return cls()
        try:
            key = base64.b64decode(secret, validate=True)
        except binascii.Error as error:
            raise Invalid("GONGZHEN_KEYS_SECRET 不是 base64", code="keys_secret_unreadable") from error
        if len(key) != 32:
            raise Invalid("GONGZHEN_KEYS_SECRET 须为 32 字节", code="keys_secret_unreadable")
        return cls(key)

    def seal(self, pem: str, purpose: str) -> str:
        """``purpose`` binds the text to its row: a sealed key copied into another's place does not open."""
        if self.key is None:
            return pem
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(self.key).encrypt(nonce, pem.encode(), purpose.encode())
        return _SEALED + base64.b64encode(sealed).decode("ascii")

    def unseal(self, stored: str, purpose: str) -> str:
        """Raises Invalid (``keys_secret_wrong``). What was stored before there was a secret stays readable."""
        if not stored.startswith(_SEALED):
            return stored
        sealed = base64.b64decode(stored.removeprefix(_SEALED))
        try:
            if self.key is None:
                raise InvalidTag
            return AESGCM(self.key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode()).decode()
        except InvalidTag as error:
            raise Invalid("GONGZHEN_KEYS_SECRET 与数据库中的密钥不符", code="keys_secret_wrong") from error

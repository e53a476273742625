"""A physician's key: made once, kept only wrapped under the signing PIN, in the clear only while it signs."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import FieldProblem, Invalid, Unauthenticated

_PIN = re.compile(r"[0-9]{6,32}")
_ASCENDING = "01234567890123456789"
_VERSION = 1
_MAX_MEMORY_KIB = 1_048_576


@dataclass(frozen=True, slots=True)
class Stretch:
    """argon2id's cost (RFC 9106 §4): about 0.1 s and 64 MiB for each try at a PIN."""

    time_cost: int = 3
    memory_kib: int = 65_536
    lanes: int = 1

    def stretch(self, pin: str, salt: bytes, pepper: bytes) -> bytes:
        raw = hash_secret_raw(
            pin.encode(),
            salt,
            time_cost=self.time_cost,
            memory_cost=self.memory_kib,
            parallelism=self.lanes,
            hash_len=32,
            type=Type.ID,
        )
        return hmac.digest(pepper, raw, hashlib.sha256) if pepper else raw


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An unwrapped ECDSA P-256 key. Its repr shows nothing of it, so no log line can."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def public_pem(self) -> str:
        return (
            self.private.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode("ascii")
        )

    def pkcs8(self) -> bytes:
        return self.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign_es256(self, data: bytes) -> bytes:
        """R and S as 64 bytes, the form of RFC 7518 §3.4."""
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """``wrapped`` is JSON text: argon2id's parameters and salt, then AES-256-GCM's nonce and ciphertext."""

    public_key_pem: str
    wrapped: str = field(repr=False)


def new_wrapped_key(pin: str, *, pepper: bytes = b"") -> WrappedKey:
    """A new key under a PIN. Raises Invalid (``pin_weak``) for fewer than six digits, or 111111 and 123456.

    ``pepper`` is a secret of the region's services that is stored apart from the directory: six digits alone are a
    million tries, which whoever copied the directory could make offline.
    """
    check_pin(pin)
    key = SigningKey(ec.generate_private_key(ec.SECP256R1()))
    return WrappedKey(key.public_pem, _wrap(key, pin, pepper))


def unwrap(wrapped: str, pin: str, *, pepper: bytes = b"") -> SigningKey:
    """Raises Unauthenticated (``wrong_pin``), and Invalid where the stored text is not a wrapped key. About 0.1 s."""
    try:
        parts: dict[str, Any] = json.loads(wrapped)
        cost = Stretch(int(parts["t"]), int(parts["m"]), int(parts["p"]))
        if parts["v"] != _VERSION or not 8 <= cost.memory_kib <= _MAX_MEMORY_KIB:
            raise ValueError("unknown parameters")
        wrapping_key = cost.stretch(pin, _decode(parts["salt"]), pepper)
        nonce, ciphertext = _decode(parts["nonce"]), _decode(parts["ciphertext"])
    except (ValueError, KeyError, TypeError, HashingError) as error:
        raise Invalid("签名私钥的存储内容无法读取", code="wrapped_key_unreadable") from error
    try:
        pkcs8 = AESGCM(wrapping_key).decrypt(nonce, ciphertext, _purpose(parts))
    except InvalidTag as error:
        raise Unauthenticated("签名密码错误", code="wrong_pin") from error
    return load_key(pkcs8)


def rewrap(wrapped: str, old_pin: str, new_pin: str, *, pepper: bytes = b"") -> WrappedKey:
    """The same key under another PIN. Raises as ``unwrap`` and ``new_wrapped_key`` do."""
    check_pin(new_pin)
    key = unwrap(wrapped, old_pin, pepper=pepper)
    return WrappedKey(key.public_pem, _wrap(key, new_pin, pepper))


def check_pin(pin: str) -> None:
    if not _PIN.fullmatch(pin) or len(set(pin)) == 1 or pin in _ASCENDING or pin in _ASCENDING[::-1]:
        detail = "签名密码须为 6 位以上数字，且不能为连续或相同数字"
        raise Invalid(detail, code="pin_weak", errors=[FieldProblem("/pin", "pin_weak", detail)])


def load_key(pkcs8: bytes) -> SigningKey:
    key = serialization.load_der_private_key(pkcs8, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Invalid("仅支持 ECDSA P-256 密钥", code="key_unsupported")
    return SigningKey(key)


def _wrap(key: SigningKey, pin: str, pepper: bytes) -> str:
    cost, salt, nonce = Stretch(), secrets.token_bytes(16), secrets.token_bytes(12)
    parts: dict[str, Any] = {
        "v": _VERSION,
        "kdf": "argon2id",
        "t": cost.time_cost,
        "m": cost.memory_kib,
        "p": cost.lanes,
        "salt": _encode(salt),
        "nonce": _encode(nonce),
    }
    ciphertext = AESGCM(cost.stretch(pin, salt, pepper)).encrypt(nonce, key.pkcs8(), _purpose(parts))
    return json.dumps({**parts, "ciphertext": _encode(ciphertext)})


def _purpose(parts: dict[str, Any]) -> bytes:
    """What the ciphertext is bound to: weaker parameters written over the stored ones do not open it."""
    return f"gongzhen signing key v{parts['v']} {parts['kdf']} {parts['t']} {parts['m']} {parts['p']}".encode()


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

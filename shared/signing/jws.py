"""The statement under JWS: JSON general serialization (RFC 7515 §7.2.1), ES256 (RFC 7518 §3.4).

Each signature's protected header: ``alg, cty, x5c`` (the chain, the signer's first), ``role`` (author, reviewer),
``signed_at`` (UTC), ``sub`` (the account). There is no unprotected header, and one that appears is refused.
"""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from shared.clock import utc_now
from shared.errors import Unreadable
from shared.signing.canonical import canonical_bytes
from shared.signing.document import SignerRole, signed_moment
from shared.signing.signatory import Signatory
from shared.signing.signer import Problem, SignerFact, signer_fact
from shared.signing.trust import BROKEN_CERTIFICATE, TrustRoots, account_of

Jws = dict[str, Any]
CONTENT_TYPE = "vnd.gongzhen.report+json"
_MAX_SIGNATURES = 4
_MAX_CHAIN = 4


def sign_author(document_bytes: bytes, author: Signatory, signed_at: datetime) -> Jws:
    """``{payload, signatures: [one]}`` over the canonical bytes of a ReportDocument."""
    return sign_as(document_bytes, author, SignerRole.AUTHOR, signed_at)


def sign_as(document_bytes: bytes, signatory: Signatory, role: SignerRole, signed_at: datetime) -> Jws:
    """As ``sign_author`` for any role: the reviewer alone signs a version whose text he revised."""
    payload = _encode(document_bytes)
    return {"payload": payload, "signatures": [_signature(payload, signatory, role, signed_at)]}


def add_signature(jws: Jws, signatory: Signatory, role: SignerRole, signed_at: datetime) -> Jws:
    """A new JWS with one signature more over the same payload; the one given is not altered."""
    signature = _signature(jws["payload"], signatory, role, signed_at)
    return {"payload": jws["payload"], "signatures": [*jws["signatures"], signature]}


def payload_of(jws: Jws) -> bytes:
    """The signed bytes. Raises Unreadable."""
    return _decode(jws.get("payload"))


def load_jws(data: bytes) -> Jws:
    """From a file's bytes. Raises Unreadable for what is not a JWS in general serialization."""
    try:
        jws = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable("不是 JWS 文件", code="jws_unreadable") from error
    signatures = jws.get("signatures") if isinstance(jws, dict) else None
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= _MAX_SIGNATURES:
        raise Unreadable("不是 JWS 文件", code="jws_unreadable")
    return {"payload": jws.get("payload"), "signatures": signatures}


def dump_jws(jws: Jws) -> bytes:
    return canonical_bytes(jws)


def verify_jws(jws: Jws, roots: TrustRoots, at: datetime | None = None) -> list[SignerFact]:
    """One fact for each signature, in its order. Raises Unreadable where a signature cannot be taken apart.

    ``at``: the moment of the check, now by default.
    """
    payload_of(jws)
    try:
        return [_check(jws["payload"], signature, roots, at or utc_now()) for signature in jws["signatures"]]
    except BROKEN_CERTIFICATE as error:
        raise Unreadable("签名证书无法读取", code="jws_unreadable") from error


def _signature(payload: str, signatory: Signatory, role: SignerRole, signed_at: datetime) -> dict[str, str]:
    header = {
        "alg": "ES256",
        "cty": CONTENT_TYPE,
        "role": str(role),
        "signed_at": signed_moment(signed_at),
        "sub": signatory.account_id,
        "x5c": [
            base64.b64encode(each.public_bytes(serialization.Encoding.DER)).decode("ascii") for each in signatory.chain
        ],
    }
    protected = _encode(canonical_bytes(header))
    signature = signatory.key.sign_es256(f"{protected}.{payload}".encode("ascii"))
    return {"protected": protected, "signature": _encode(signature)}


def _check(payload: str, signature: object, roots: TrustRoots, at: datetime) -> SignerFact:
    if not isinstance(signature, dict) or set(signature) != {"protected", "signature"}:
        raise Unreadable("JWS 签名格式不符", code="jws_unreadable")
    raw = _decode(signature["signature"])
    try:
        header = json.loads(_decode(signature["protected"]))
        if not 1 <= len(header["x5c"]) <= _MAX_CHAIN:
            raise ValueError("no chain, or an absurd one")
        chain = [x509.load_der_x509_certificate(base64.b64decode(each)) for each in header["x5c"]]
        public_key = chain[0].public_key()
        signed_at = datetime.strptime(header["signed_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        role, subject = SignerRole(header["role"]), header["sub"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable("JWS 签名的头部无法读取", code="jws_unreadable") from error
    if header.get("alg") != "ES256" or "crit" in header or not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise Unreadable("JWS 签名算法须为 ES256", code="jws_unreadable")
    problems = []
    if account_of(chain[0]) != subject:
        problems.append(Problem("subject_mismatch", "签名者与证书不符"))
    return signer_fact(
        role=role,
        chain=chain,
        signed_at=signed_at,
        intact=_is_intact(public_key, raw, f"{signature['protected']}.{payload}".encode("ascii")),
        roots=roots,
        at=at,
        problems=problems,
    )


def _is_intact(public_key: ec.EllipticCurvePublicKey, raw: bytes, signed: bytes) -> bool:
    if len(raw) != 64:
        return False
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        public_key.verify(der, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: object) -> bytes:
    """Strict: one text for one value, so that a changed file is always seen as one."""
    if not isinstance(text, str):
        raise Unreadable("JWS 字段缺失", code="jws_unreadable")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise Unreadable("JWS 编码不符", code="jws_unreadable") from error
    if _encode(data) != text:
        raise Unreadable("JWS 编码不符", code="jws_unreadable")
    return data

"""Signing grants: a key stays usable for five idle minutes after the PIN was typed.

The token *is* the grant: the unwrapped key, sealed by AES-256-GCM under a secret that the processes of one centre
share, so that any of them can open it, none has to remember it, and a restart forgets nobody (where the secret is
configured; without one each process makes its own). It is bound to the account, and alone it opens nothing:
the caller shows an access token of the same account beside it.

Every use gives a fresh token (``OpenGrant.renewed``), good for another five minutes; a client that keeps showing the
first one is carried along by the process that saw it used. Eight hours after the PIN it ends whatever happens.
What is revoked for all processes is revoked through the directory: ``revoked_before`` refuses every older grant.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.clock import utc_now
from shared.errors import Unauthenticated
from shared.signing.keys import SigningKey, load_key

IDLE = timedelta(minutes=5)
LONGEST = timedelta(hours=8)
_PURPOSE = b"gongzhen signing grant v1"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Grant:
    token: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class OpenGrant:
    """``renewed`` goes back to the client in the header ``Signing-Grant`` of the answer."""

    key: SigningKey
    certificate_serial: str
    renewed: Grant


@dataclass(slots=True)
class SigningGrants:
    """``secret``: any bytes that all processes of the centre are given, and nobody else."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    now: Callable[[], datetime] = utc_now
    _last_use: dict[str, datetime] = field(default_factory=dict, init=False, repr=False)
    _revoked: dict[str, datetime] = field(default_factory=dict, init=False, repr=False)

    def unlock(self, account_id: str, key: SigningKey, certificate_serial: str) -> Grant:
        moment = self.now()
        return self._seal(_Sealed(secrets.token_hex(8), account_id, key, certificate_serial, moment, moment))

    def open(self, token: str, account_id: str, *, revoked_before: datetime | None = None) -> OpenGrant:
        """The key, and a fresh token. Raises Unauthenticated (``signing_grant_invalid``) for a token that is
        forged, another's, idle for too long or revoked: the client asks for the PIN again."""
        sealed = self._unseal(token)
        moment = self.now()
        self._forget_old(moment)
        used_at = max(sealed.used_at, self._last_use.get(sealed.grant_id, sealed.used_at))
        if (
            not hmac.compare_digest(sealed.account_id.encode(), account_id.encode())
            or moment >= used_at + IDLE
            or moment >= sealed.unlocked_at + LONGEST
            or (revoked_before is not None and sealed.unlocked_at < revoked_before)
            or sealed.grant_id in self._revoked
        ):
            raise _refused()
        self._last_use[sealed.grant_id] = moment
        return OpenGrant(sealed.key, sealed.certificate_serial, self._seal(replace(sealed, used_at=moment)))

    def revoke(self, token: str) -> None:
        """Forget a grant in this process, at once. Raises Unauthenticated for a token that was never one."""
        self._revoked[self._unseal(token).grant_id] = self.now()

    def _seal(self, sealed: "_Sealed") -> Grant:
        content = json.dumps(
            {
                "id": sealed.grant_id,
                "account": sealed.account_id,
                "key": base64.b64encode(sealed.key.pkcs8()).decode("ascii"),
                "certificate": sealed.certificate_serial,
                "unlocked_at": sealed.unlocked_at.timestamp(),
                "used_at": sealed.used_at.timestamp(),
            }
        )
        nonce = secrets.token_bytes(_NONCE_BYTES)
        token = nonce + self._cipher().encrypt(nonce, content.encode(), _PURPOSE)
        ends = min(sealed.used_at + IDLE, sealed.unlocked_at + LONGEST)
        expires_in = ends - sealed.used_at
        return Grant(base64.urlsafe_b64encode(token).decode("ascii"), int(expires_in.total_seconds()))

    def _unseal(self, token: str) -> "_Sealed":
        try:
            sealed = base64.urlsafe_b64decode(token.encode("ascii"))
            content = json.loads(self._cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _PURPOSE))
        except (ValueError, InvalidTag) as error:
            raise _refused() from error
        return _Sealed(
            grant_id=content["id"],
            account_id=content["account"],
            key=load_key(base64.b64decode(content["key"])),
            certificate_serial=content["certificate"],
            unlocked_at=datetime.fromtimestamp(content["unlocked_at"], UTC),
            used_at=datetime.fromtimestamp(content["used_at"], UTC),
        )

    def _cipher(self) -> AESGCM:
        return AESGCM(hashlib.sha256(_PURPOSE + self.secret).digest())

    def _forget_old(self, moment: datetime) -> None:
        """Neither table outgrows the grants of one working day."""
        self._last_use = {grant: at for grant, at in self._last_use.items() if moment < at + IDLE}
        self._revoked = {grant: at for grant, at in self._revoked.items() if moment < at + LONGEST}


@dataclass(frozen=True, slots=True)
class _Sealed:
    grant_id: str
    account_id: str
    key: SigningKey
    certificate_serial: str
    unlocked_at: datetime
    used_at: datetime


def _refused() -> Unauthenticated:
    return Unauthenticated("签名授权已失效，请重新输入签名密码", code="signing_grant_invalid")

"""Access tokens (JWT ES256, RFC 7519) and the keys that sign them; opaque tokens for everything else."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from services.gateway.accounts.vault import Vault
from services.gateway.queries import trust as queries
from shared.auth import ACCESS_TOKEN_S, Actor, Role, claims_of
from shared.db import Session, database_now
from shared.events.directory import Account
from shared.ids import new_id

KEY_AGE = timedelta(days=30)
# The last token of a retired key may still be on its way when another process of the gateway rotates.
KEPT_AFTER_RETIREMENT = timedelta(seconds=6 * ACCESS_TOKEN_S)


def new_opaque_token() -> str:
    """256 random bits: a plain SHA-256 of it is safe to store."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def actor_of(account: Account) -> Actor:
    return Actor(
        account_id=account.account_id,
        username=account.username,
        name=account.name,
        org_id=account.org_id,
        roles=frozenset(Role(role) for role in account.roles),
        centers=frozenset(account.centers),
        scopes=frozenset(account.scopes),
    )


async def issue_access_token(session: Session, vault: Vault, account: Account) -> str:
    key = await _signing_key(session, vault)
    issued_at = await database_now(session)
    if account.revoked_before is not None:
        issued_at = max(issued_at, account.revoked_before)
    claims = claims_of(actor_of(account), now=int(issued_at.timestamp()), token_id=new_id("jti"))
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


async def ensure_signing_key(session: Session, vault: Vault) -> None:
    await _signing_key(session, vault)


async def public_key_set(session: Session) -> dict[str, Any]:
    """JWKS (RFC 7517 §5): the key in use and those whose last token may not have expired."""
    return {"keys": list(await queries.public_keys(session, KEPT_AFTER_RETIREMENT))}


async def _signing_key(session: Session, vault: Vault) -> ECKey:
    row = await queries.signing_key(session, KEY_AGE)
    if row is None:
        await queries.lock_rotation(session)
        row = await queries.signing_key(session, KEY_AGE)  # another process may have rotated while this one waited
    if row is not None:
        return ECKey.import_key(vault.unseal(row.private_pem, row.kid), {"kid": row.kid})
    return await _rotate(session, vault)


async def _rotate(session: Session, vault: Vault) -> ECKey:
    kid = new_id("key")
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}, private=True)
    private_pem = key.as_pem(private=True).decode("ascii")
    await queries.replace_signing_key(session, kid, dict(key.as_dict(private=False)), vault.seal(private_pem, kid))
    await queries.drop_retired_keys(session, KEPT_AFTER_RETIREMENT)
    return key

"""Who acts, and how a service knows: access tokens (JWT ES256, RFC 7519, 10 minutes) verified offline by JWKS."""

import asyncio
import base64
import json
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.errors import RoleRequired, Unauthenticated, Unavailable

ISSUER = "gongzhen"
AUDIENCE = "gongzhen"
ACCESS_TOKEN_S = 600
_CLOCK_SKEW_S = 30
_REFETCH_AFTER_S = 5.0
_MOST_VERIFIED = 4096
# What a token or a key set that was made to break its reader raises; deep nesting is a RecursionError.
_UNREADABLE = (JoseError, ValueError, KeyError, TypeError, RecursionError)

logger = logging.getLogger(__name__)


class Role(StrEnum):
    clinic = "clinic"
    reader = "reader"
    reviewer = "reviewer"
    technologist = "technologist"
    dispatcher = "dispatcher"
    integration = "integration"
    admin = "admin"
    auditor = "auditor"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks: a person or an integration client, always of one organization.

    ``scopes`` matter for integration clients: ``reports:region`` reads every report of the region, else those of
    the own organization. ``centers`` are those the person works for; empty for clinics, which use all.
    """

    account_id: str
    username: str
    name: str
    org_id: str
    roles: frozenset[Role]
    centers: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    issued_at: datetime | None = None

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: Role) -> None:
        """Raises RoleRequired unless one of ``roles`` is held. Ask only after the record was found visible."""
        if not self.has(*roles):
            raise RoleRequired(extra={"roles": [str(role) for role in roles]})


SYSTEM = Actor("system", "system", "系统", "region", frozenset())


def claims_of(actor: Actor, *, now: int, token_id: str) -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": actor.account_id,
        "iat": now,
        "exp": now + ACCESS_TOKEN_S,
        "jti": token_id,
        "username": actor.username,
        "name": actor.name,
        "org": actor.org_id,
        "roles": sorted(actor.roles),
        "centers": sorted(actor.centers),
        "scope": " ".join(sorted(actor.scopes)),
    }


def actor_from(claims: dict[str, Any]) -> Actor:
    return Actor(
        account_id=claims["sub"],
        username=claims["username"],
        name=claims["name"],
        org_id=claims["org"],
        roles=frozenset(Role(role) for role in claims["roles"]),
        centers=frozenset(claims["centers"]),
        scopes=frozenset(claims["scope"].split()),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
    )


class TokenVerifier:
    """Keys come from the gateway's JWKS (RFC 7517), are kept on disk, and asked for again for an unknown ``kid``.

    A token found good is remembered until it expires, or the keys are others. Whether its account was closed
    meanwhile is not the token's matter: shared/directory.py, with each request.
    """

    def __init__(self, jwks_url: str, cache: Path | None = None) -> None:
        self._url = jwks_url
        self._cache = cache
        self._keys: KeySet | None = None
        self._verified: OrderedDict[str, tuple[Actor, float]] = OrderedDict()  # until when, in seconds of time.time()
        self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def verify(self, token: str) -> Actor:
        """The actor of a good token. Raises Unauthenticated, or Unavailable while no keys can be had at all."""
        known = self._verified.get(token)
        if known is not None and time.time() < known[1]:
            return known[0]
        keys = self._keys or await self._refresh()
        try:
            return self._decode(token, keys)
        except _UNREADABLE as error:
            if not self._is_unknown_key(token):
                raise Unauthenticated(code="bad_token") from error
        try:
            return self._decode(token, await self._refresh())
        except _UNREADABLE as error:
            raise Unauthenticated(code="bad_token") from error

    def _decode(self, token: str, keys: KeySet) -> Actor:
        decoded = jwt.decode(token, keys, algorithms=["ES256"])
        registry = jwt.JWTClaimsRegistry(
            leeway=_CLOCK_SKEW_S,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
        )
        registry.validate(decoded.claims)
        actor = actor_from(decoded.claims)
        self._verified[token] = actor, decoded.claims["exp"] + _CLOCK_SKEW_S
        if len(self._verified) > _MOST_VERIFIED:
            self._verified.popitem(last=False)
        return actor

    def _is_unknown_key(self, token: str) -> bool:
        """A token under a key we do not know may be newer than our copy; any other bad token stays bad."""
        try:
            header = json.loads(_b64(token.split(".", 1)[0]))
        except (ValueError, RecursionError):
            return False
        kid = header.get("kid") if isinstance(header, dict) else None
        known = {key.kid for key in self._keys.keys} if self._keys else set()
        return isinstance(kid, str) and kid not in known

    async def _refresh(self) -> KeySet:
        async with self._lock:
            if self._keys is not None and time.monotonic() - self._asked_at < _REFETCH_AFTER_S:
                return self._keys
            self._asked_at = time.monotonic()
            try:
                async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                    response = await client.get(self._url)
                    response.raise_for_status()
                    document = response.json()
                self._keys = KeySet.import_key_set(document)
            except (httpx.HTTPError, *_UNREADABLE) as error:
                self._keys = self._from_cache(error)
            else:
                self._to_cache(document)
            self._verified.clear()
            return self._keys

    def _from_cache(self, cause: Exception) -> KeySet:
        try:
            if self._cache is None:
                raise FileNotFoundError("no copy is kept")
            keys = KeySet.import_key_set(json.loads(self._cache.read_text()))
        except (OSError, *_UNREADABLE):
            raise Unavailable("登录服务暂不可用，请稍后重试", code="keys_unavailable", retry_after_s=5) from cause
        logger.warning("gateway's token keys cannot be fetched, the copy on disk is used")
        return keys

    def _to_cache(self, document: Any) -> None:
        """A full disk must not keep anybody out: the copy matters only when the gateway is away."""
        if self._cache is None:
            return
        fresh = self._cache.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(document))
            fresh.replace(self._cache)
        except OSError:
            logger.exception("the gateway's token keys cannot be kept on disk")


def _b64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

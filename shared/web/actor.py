"""Who asks: a bearer token, or the cookie ``gz`` of a browser on the same origin."""

from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from shared.auth import Actor
from shared.directory import require_current
from shared.errors import Unauthenticated
from shared.resources import Resources

COOKIE = "gz"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_documented = HTTPBearer(auto_error=False, description="POST /v1/auth/token")


async def current_resources(request: Request) -> Resources:
    return cast(Resources, request.app.state.resources)


CurrentResources = Annotated[Resources, Depends(current_resources)]


async def optional_actor(request: Request, resources: CurrentResources) -> Actor | None:
    """The actor of a good token, None without any token; raises Unauthenticated for a bad one."""
    token = _token(request)
    if token is None:
        return None
    actor = await resources.verifier.verify(token)
    async with resources.db.look_up() as session:
        await require_current(session, actor)
    return actor


async def current_actor(
    actor: Annotated[Actor | None, Depends(optional_actor)], _: Annotated[object, Depends(_documented)]
) -> Actor:
    if actor is None:
        raise Unauthenticated
    return actor


OptionalActor = Annotated[Actor | None, Depends(optional_actor)]
CurrentActor = Annotated[Actor, Depends(current_actor)]


def _token(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated(code="bad_token")
        return token.strip()
    token_cookie = request.cookies.get(COOKIE)
    if token_cookie and request.method not in _SAFE_METHODS:
        refuse_foreign_page(request)
    return token_cookie or None


def refuse_foreign_page(request: Request) -> None:
    """A write by cookie must come from our own pages: a header no form can set, and the same Origin."""
    origin = request.headers.get("origin")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if request.headers.get("x-gongzhen") != "1" or not same:
        raise Unauthenticated("跨站请求被拒绝", code="csrf_refused")


def client_address(request: Request) -> str:
    """The caller's address as the front door saw it (Caddy sets X-Forwarded-For and drops what clients send)."""
    forwarded = request.headers.get("x-forwarded-for", "")
    return forwarded.split(",")[-1].strip() or (request.client.host if request.client else "")

"""A browser's session: the access token in ``gz``, the refresh token in a cookie that only /v1/auth is sent."""

from fastapi import Response

from services.gateway.accounts.context import AccountContext
from services.gateway.accounts.sessions import IDLE, Tokens
from shared.auth import ACCESS_TOKEN_S
from shared.web.actor import COOKIE

REFRESH_COOKIE = "gz_refresh"
REFRESH_PATH = "/v1/auth"


def set_session_cookies(response: Response, context: AccountContext, tokens: Tokens) -> None:
    assert tokens.refresh_token is not None, "a browser's session is always refreshable"
    response.set_cookie(
        COOKIE, tokens.access_token, max_age=ACCESS_TOKEN_S, httponly=True, samesite="strict", secure=context.is_https
    )
    response.set_cookie(
        REFRESH_COOKIE,
        tokens.refresh_token,
        max_age=int(IDLE.total_seconds()),
        path=REFRESH_PATH,
        httponly=True,
        samesite="strict",
        secure=context.is_https,
    )


def clear_session_cookies(response: Response, context: AccountContext) -> None:
    for name, path in ((COOKIE, "/"), (REFRESH_COOKIE, REFRESH_PATH)):
        response.delete_cookie(name, path=path, httponly=True, samesite="strict", secure=context.is_https)

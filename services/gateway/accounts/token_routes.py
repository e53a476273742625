"""/v1/auth: tokens for programs, cookies for browsers."""

import base64
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from services.gateway.accounts.context import AccountContext, CurrentAccounts
from services.gateway.accounts.cookies import REFRESH_COOKIE, clear_session_cookies, set_session_cookies
from services.gateway.accounts.facts import revoke_tokens
from services.gateway.accounts.logins import authenticate
from services.gateway.accounts.schemas import LoginBody, SessionAnswer, TokenAnswer, TokenForm
from services.gateway.accounts.sessions import Tokens, end_session, open_session, refresh
from shared import audit
from shared.auth import ACCESS_TOKEN_S, Role
from shared.errors import FieldProblem, Invalid, Unauthenticated, Unreadable
from shared.web import CurrentActor, client_address
from shared.web.actor import refuse_foreign_page

router = APIRouter(prefix="/v1/auth", tags=["登录"])

_NO_STORE = {"Cache-Control": "no-store"}


@router.post("/token", summary="取得访问令牌 (RFC 6749)", response_model_exclude_none=True)
async def token(
    form: Annotated[TokenForm, Form()], request: Request, response: Response, context: CurrentAccounts
) -> TokenAnswer:
    response.headers.update(_NO_STORE)
    tokens = await _grant(form, request, context)
    return TokenAnswer(access_token=tokens.access_token, expires_in=ACCESS_TOKEN_S, refresh_token=tokens.refresh_token)


@router.post("/session", summary="浏览器登录：令牌置于 Cookie")
async def log_in(body: LoginBody, request: Request, response: Response, context: CurrentAccounts) -> SessionAnswer:
    address = client_address(request)
    proof = await authenticate(context, body.username, body.password, address)
    return _answer(response, context, await open_session(context, proof, address))


@router.post("/session/refresh", summary="续期浏览器会话")
async def continue_session(request: Request, response: Response, context: CurrentAccounts) -> SessionAnswer:
    refuse_foreign_page(request)
    shown = request.cookies.get(REFRESH_COOKIE)
    if not shown:
        raise Unauthenticated(code="bad_refresh_token")
    return _answer(response, context, await refresh(context, shown, client_address(request)))


@router.delete("/session", status_code=204, summary="退出登录")
async def log_out(request: Request, response: Response, context: CurrentAccounts) -> None:
    refuse_foreign_page(request)
    shown = request.cookies.get(REFRESH_COOKIE)
    if shown:
        await end_session(context, shown, client_address(request))
    clear_session_cookies(response, context)


@router.post("/revoke", status_code=204, summary="使本人的全部会话与令牌失效")
async def revoke_own(actor: CurrentActor, request: Request, response: Response, context: CurrentAccounts) -> None:
    async with context.db.transaction() as session:
        await revoke_tokens(session, actor.account_id)
        address = client_address(request)
        await audit.record(session, actor, "session.revoke_all", "account", actor.account_id, address=address)
    clear_session_cookies(response, context)


async def _grant(form: TokenForm, request: Request, context: AccountContext) -> Tokens:
    address = client_address(request)
    match form.grant_type:
        case "password":
            username, password = _needed(form, "username"), _needed(form, "password")
            return await open_session(context, await authenticate(context, username, password, address), address)
        case "client_credentials":
            client_id, secret = _client(form, request)
            proof = await authenticate(context, client_id, secret, address, only=Role.integration)
            return await open_session(context, proof, address, refreshable=False)
        case "refresh_token":
            return await refresh(context, _needed(form, "refresh_token"), address)
    raise Unreadable("不支持的 grant_type", code="unsupported_grant_type", extra={"error": "unsupported_grant_type"})


def _needed(form: TokenForm, name: str) -> str:
    value = getattr(form, name)
    if value is None:
        raise Invalid(errors=[FieldProblem(f"/{name}", "missing", f"缺少 {name}")], extra={"error": "invalid_request"})
    return str(value)


def _client(form: TokenForm, request: Request) -> tuple[str, str]:
    """In the form, or as HTTP Basic, which RFC 6749 §2.3.1 obliges every server to take."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return _needed(form, "client_id"), _needed(form, "client_secret")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        given = TokenForm(grant_type=form.grant_type, client_id=client_id or None, client_secret=secret or None)
    except ValueError as error:  # not base64, not UTF-8, or no text that could be anybody's
        raise Unreadable("Authorization 头无法解析") from error
    return _needed(given, "client_id"), _needed(given, "client_secret")


def _answer(response: Response, context: AccountContext, tokens: Tokens) -> SessionAnswer:
    response.headers.update(_NO_STORE)
    set_session_cookies(response, context, tokens)
    account = tokens.account
    return SessionAnswer(
        account_id=account.account_id,
        username=account.username,
        name=account.name,
        roles=account.roles,
        expires_in=ACCESS_TOKEN_S,
    )

"""/v1/admin/users"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.gateway.accounts import credentials, facts, links, people
from services.gateway.accounts.context import AccountContext, CurrentAccounts
from services.gateway.accounts.passwords import check_password
from services.gateway.accounts.schemas import CredentialAnswer, Name, Password, Username
from services.gateway.accounts.tokens import new_opaque_token
from services.gateway.api.admin.access import Administrator, Cursor, Limit, keep_record
from services.gateway.queries import accounts as queries
from shared.auth import Role
from shared.db import Session
from shared.events.directory import Account, Center
from shared.events.part import Part

router = APIRouter(prefix="/users", tags=["管理：账号"])

Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
Centers = Annotated[list[Center], Field(max_length=8)]
Scopes = Annotated[
    list[Annotated[str, Field(pattern=f"^{people.REGION_SCOPE}$")]],
    Field(max_length=8, description=f"{people.REGION_SCOPE}: reads every report of the region"),
]


class NewUser(Part):
    """Without a password the answer holds a one-time link; for an integration client, its new secret."""

    username: Username
    name: Name
    org_id: Annotated[str, Field(max_length=64)]
    roles: Roles
    centers: Centers = []
    scopes: Scopes = []
    password: Password | None = None


class UserChanges(Part):
    """Only what is named is changed."""

    name: Name = ""
    roles: Roles = []
    centers: Centers = []
    scopes: Scopes = []
    active: bool = True


class User(Part):
    account_id: str
    username: str
    name: str
    org_id: str
    roles: list[str]
    centers: list[str]
    scopes: list[str]
    active: bool
    revoked_before: datetime | None = None
    signing_credential: CredentialAnswer | None = None


class UserPage(Part):
    items: list[User]
    next_cursor: str | None = None


class PasswordLink(Part):
    """Shown once: hand it to the person in a safe way."""

    link: str
    expires_at: datetime


class CreatedUser(Part):
    user: User
    password_link: PasswordLink | None = None
    client_secret: str | None = None


class Revocation(Part):
    reason: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("", summary="账号列表", response_model_exclude_none=True)
async def list_users(
    actor: Administrator,
    request: Request,
    context: CurrentAccounts,
    org_id: Annotated[str | None, Query(max_length=64)] = None,
    username: Annotated[str | None, Query(max_length=128)] = None,
    role: Role | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> UserPage:
    where: dict[str, object] = {}
    if org_id is not None:
        where["org_id"] = org_id
    if username is not None:
        where["username"] = username.casefold()
    if role is not None:
        where["roles"] = [role.value]
    async with context.db.transaction() as session:
        found = await queries.facts(session, Account, where=where, after=cursor, limit=limit + 1)
        await keep_record(session, actor, request, "user.list", "account")
    page = found[:limit]
    return UserPage(
        items=[_user(account) for account in page], next_cursor=page[-1].account_id if len(found) > limit else None
    )


@router.post("", status_code=201, summary="新建账号", response_model_exclude_none=True)
async def create_user(body: NewUser, actor: Administrator, request: Request, context: CurrentAccounts) -> CreatedUser:
    secret = new_opaque_token() if body.password is None and Role.integration in body.roles else None
    if body.password is not None:
        check_password(body.password, body.username)
    known = body.password or secret
    password_hash = await context.passwords.hash(known) if known else None
    account = people.new_account(
        username=body.username,
        name=body.name,
        org_id=body.org_id,
        roles=body.roles,
        centers=body.centers,
        scopes=body.scopes,
    )
    async with context.db.transaction() as session:
        await people.create_account(session, account, password_hash)
        link = None if known else await _password_link(session, context, account.account_id)
        await keep_record(session, actor, request, "user.create", "account", account.account_id)
    return CreatedUser(user=_user(account), password_link=link, client_secret=secret)


@router.get("/{account_id}", summary="账号", response_model_exclude_none=True)
async def show_user(account_id: str, actor: Administrator, request: Request, context: CurrentAccounts) -> User:
    async with context.db.transaction() as session:
        account = await people.require_account(session, account_id)
        state = await credentials.state(session, account_id)
        await keep_record(session, actor, request, "user.read", "account", account_id)
    return _user(account, state)


@router.patch("/{account_id}", summary="修改账号：姓名、角色、中心、启用", response_model_exclude_none=True)
async def change_user(
    account_id: str, body: UserChanges, actor: Administrator, request: Request, context: CurrentAccounts
) -> User:
    changes = body.model_dump(mode="json", exclude_unset=True)
    for name in ("roles", "centers", "scopes"):
        if name in changes:
            changes[name] = sorted(set(changes[name]))
    async with context.db.transaction() as session:
        account = await people.change_account(session, account_id, changes)
        await keep_record(session, actor, request, "user.change", "account", account_id)
    return _user(account)


@router.post("/{account_id}/password-reset", summary="生成设置新密码的一次性链接")
async def reset_password(
    account_id: str, actor: Administrator, request: Request, context: CurrentAccounts
) -> PasswordLink:
    """The present password stays good until the link is used: a slip of an administrator locks nobody out."""
    async with context.db.transaction() as session:
        await people.require_account(session, account_id)
        link = await _password_link(session, context, account_id)
        await keep_record(session, actor, request, "user.reset_password", "account", account_id)
    return link


@router.post("/{account_id}/revoke", summary="使该账号的全部会话与令牌失效", response_model_exclude_none=True)
async def revoke_user(account_id: str, actor: Administrator, request: Request, context: CurrentAccounts) -> User:
    async with context.db.transaction() as session:
        account = await facts.revoke_tokens(session, account_id)
        await keep_record(session, actor, request, "user.revoke", "account", account_id)
    return _user(account)


@router.post("/{account_id}/signing-credential/revoke", summary="吊销该账号的签名证书")
async def revoke_credential(
    account_id: str, body: Revocation, actor: Administrator, request: Request, context: CurrentAccounts
) -> CredentialAnswer:
    async with context.db.transaction() as session:
        credential = await credentials.revoke(session, account_id, body.reason)
        await keep_record(session, actor, request, "signing_credential.revoke", "account", account_id)
    return _credential(credentials.state_of(credential))


async def _password_link(session: Session, context: AccountContext, account_id: str) -> PasswordLink:
    link = await links.make_password_link(session, context.settings.public_url, account_id)
    return PasswordLink(link=link.url, expires_at=link.expires_at)


def _credential(state: credentials.CredentialState) -> CredentialAnswer:
    return CredentialAnswer.model_validate(
        {"serial": state.serial, "status": state.status, "not_after": state.not_after}
    )


def _user(account: Account, state: credentials.CredentialState | None = None) -> User:
    return User.model_validate(
        account.model_dump() | {"signing_credential": _credential(state).model_dump() if state else None}
    )

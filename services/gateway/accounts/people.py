"""Accounts: made, changed, closed; each function is one change in the caller's transaction."""

import re

from services.gateway.accounts import facts
from services.gateway.queries import accounts as queries
from services.gateway.queries import sessions
from shared.auth import Role
from shared.db import Session
from shared.errors import Conflict, FieldProblem, Invalid, NotFound
from shared.events.directory import Account, Center, Organization
from shared.ids import new_id

USERNAME = re.compile(r"^[a-z0-9][a-z0-9._-]{1,62}$")
REGION_SCOPE = "reports:region"


async def create_account(session: Session, account: Account, password_hash: str | None) -> None:
    """Raises Conflict (``username_taken``), Invalid (``unknown_organization``)."""
    await require_organization(session, account.org_id)
    if not await queries.add_login(session, account.account_id, account.username, password_hash):
        raise Conflict("用户名已被使用", code="username_taken")
    await facts.publish(session, account)


def new_account(
    *,
    username: str,
    name: str,
    org_id: str,
    roles: list[Role],
    centers: list[Center] | None = None,
    scopes: list[str] | None = None,
) -> Account:
    return Account(
        account_id=new_id("acc"),
        username=username,
        name=name,
        org_id=org_id,
        roles=sorted({role.value for role in roles}),
        centers=sorted(set(centers or [])),
        scopes=sorted(set(scopes or [])),
    )


async def require_account(session: Session, account_id: str, *, for_update: bool = False) -> Account:
    found = await queries.fact(session, Account, account_id, for_update=for_update)
    if found is None:
        raise NotFound
    return found


async def require_organization(session: Session, org_id: str, pointer: str = "/org_id") -> Organization:
    found = await queries.fact(session, Organization, org_id)
    if found is None:
        detail = "机构不存在"
        raise Invalid(
            detail, code="unknown_organization", errors=[FieldProblem(pointer, "unknown_organization", detail)]
        )
    return found


async def change_account(session: Session, account_id: str, changes: dict[str, object]) -> Account:
    """``changes``: name, roles, centers, scopes, active. Raises NotFound; Conflict (``last_administrator``).

    What narrows a right ends the access tokens that still carry it; what closes the account ends its sessions too.
    """
    administrators = {each.account_id for each in await queries.administrators(session)}
    before = await require_account(session, account_id, for_update=True)
    after = Account.model_validate(before.model_dump() | changes)
    if account_id in administrators and not _is_administrator(after) and administrators == {account_id}:
        raise Conflict("区域须至少保留一位管理员", code="last_administrator")
    if after == before:
        return before
    if _is_narrower(before, after):
        after = after.model_copy(update={"revoked_before": await facts.next_second(session)})
    if before.active and not after.active:
        await sessions.revoke_sessions_of(session, account_id)
    await facts.publish(session, after)
    return after


async def set_password(session: Session, account_id: str, password_hash: str) -> None:
    """Whoever knew the old password, or holds a token made with it, is out."""
    await queries.set_password_hash(session, account_id, password_hash)
    await facts.revoke_tokens(session, account_id)


def _is_administrator(account: Account) -> bool:
    return account.active and Role.admin.value in account.roles


def _is_narrower(before: Account, after: Account) -> bool:
    # No centers at all means every centre: naming some narrows it.
    fewer_centers = bool(after.centers) and (not before.centers or not set(before.centers) <= set(after.centers))
    return (
        fewer_centers
        or not set(before.roles) <= set(after.roles)
        or not set(before.scopes) <= set(after.scopes)
        or (before.active and not after.active)
    )

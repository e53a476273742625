"""The first administrator of a region that has none."""

import json
import os
import sys
from pathlib import Path

from services.gateway.accounts import facts, links
from services.gateway.accounts.context import AccountContext
from services.gateway.accounts.passwords import check_password
from services.gateway.accounts.people import create_account, new_account
from services.gateway.accounts.tokens import actor_of
from services.gateway.queries import accounts as queries
from shared import audit
from shared.auth import Role
from shared.db import Session
from shared.errors import Conflict
from shared.events.directory import Account, Organization

LINK_FILE = "first-admin-link"


async def offer_setup(session: Session, context: AccountContext) -> links.Link | None:
    """The link for the first administrator; None once there is one."""
    if await queries.administrators(session):
        return None
    return await links.make_setup_link(session, context.settings.public_url)


def show_link(link: links.Link, state_dir: Path | None) -> None:
    """A file that only its owner reads where a supervisor asked for it (it shows the link and keeps standard output
    as a log, which is no place for a secret); else one line on standard output.
    """
    if state_dir is not None:
        _write_private(state_dir / LINK_FILE, link.url + "\n")
        return
    sys.stdout.write(
        json.dumps(
            {
                "message": "one-time link for the first administrator",
                "link": link.url,
                "expires_at": link.expires_at.isoformat(timespec="seconds"),
            }
        )
        + "\n"
    )
    sys.stdout.flush()


async def create_first_administrator(
    context: AccountContext,
    *,
    token: str,
    username: str,
    password: str,
    name: str,
    organization: Organization,
    address: str,
) -> Account:
    """Raises Unauthenticated (``link_invalid``), Invalid (``password_weak``), Conflict (``already_set_up``)."""
    check_password(password, username)
    async with context.db.transaction() as session:
        # First, since it makes two who hold a link each wait for one another here and not at each other's link.
        administrators = await queries.administrators(session)
        await links.use(session, links.Purpose.setup, token)
        if administrators:
            raise Conflict("区域已有管理员", code="already_set_up")
        password_hash = await context.passwords.hash(password)
        await facts.publish(session, organization)
        account = new_account(username=username, name=name, org_id=organization.org_id, roles=[Role.admin])
        await create_account(session, account, password_hash)
        await audit.record(session, actor_of(account), "user.create", "account", account.account_id, address=address)
    if context.account_settings.state_dir is not None:
        (context.account_settings.state_dir / LINK_FILE).unlink(missing_ok=True)
    return account


def _write_private(path: Path, content: str) -> None:
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    draft.replace(path)

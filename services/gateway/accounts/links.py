"""Links that work once: the first administrator's, and a new password's. Only their digest is stored."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.gateway.accounts.tokens import hash_of, new_opaque_token
from services.gateway.queries import sessions as queries
from shared.db import Session
from shared.errors import Unauthenticated


class Purpose(StrEnum):
    setup = "setup"
    password = "password"  # noqa: S105 - what the link is for, and its path


VALIDITY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Link:
    url: str = field(repr=False)
    expires_at: datetime


async def make_setup_link(session: Session, public_url: str) -> Link:
    """Earlier ones stay good until one is used: of two gateways that start at once each shows its own."""
    return await _make(session, public_url, Purpose.setup, None)


async def make_password_link(session: Session, public_url: str, account_id: str) -> Link:
    """The account's earlier links end."""
    await queries.end_links(session, Purpose.password, account_id)
    return await _make(session, public_url, Purpose.password, account_id)


async def use(session: Session, purpose: Purpose, token: str) -> str | None:
    """Uses the link up; returns its account. Raises Unauthenticated (``link_invalid``)."""
    link = await queries.use_link(session, hash_of(token), purpose)
    if link is None:
        raise Unauthenticated("链接无效、已使用或已过期", code="link_invalid")
    await queries.end_links(session, purpose, link.account_id)
    return link.account_id


async def _make(session: Session, public_url: str, purpose: Purpose, account_id: str | None) -> Link:
    token = new_opaque_token()
    expires_at = await queries.add_link(session, hash_of(token), purpose, VALIDITY, account_id)
    return Link(f"{public_url.rstrip('/')}/{purpose}?token={token}", expires_at)

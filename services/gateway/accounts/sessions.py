"""Sessions: a login opens one, rotating refresh tokens (RFC 9700 §4.14.2) carry it, a token shown twice ends it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.gateway.accounts import facts
from services.gateway.accounts.context import AccountContext
from services.gateway.accounts.logins import Proof
from services.gateway.accounts.tokens import actor_of, hash_of, issue_access_token, new_opaque_token
from services.gateway.queries import accounts as fact_queries
from services.gateway.queries import sessions as queries
from shared import audit
from shared.db import Session, database_now
from shared.errors import Unauthenticated
from shared.events.directory import Account
from shared.ids import new_id

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
LOST_ANSWER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Tokens:
    """``refresh_token`` is None for an integration client, which shows its secret again (RFC 6749 §4.4.3)."""

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


async def open_session(context: AccountContext, proof: Proof, address: str, *, refreshable: bool = True) -> Tokens:
    """Tokens for whoever was just authenticated. Raises Unauthenticated when the account was closed meanwhile, or its
    password changed: that ended every session, and one that began on the old password a moment later would live on."""
    account_id = proof.account_id
    async with context.db.transaction() as session:
        holds = await fact_queries.lock_login(session, account_id, proof.password_changed_at)
        account = await fact_queries.fact(session, Account, account_id)
        if not holds or account is None or not account.active:
            raise Unauthenticated("用户名或密码错误", code="bad_credentials", extra={"error": "invalid_grant"})
        await audit.record(session, actor_of(account), "session.start", "account", account_id, address=address)
        if not refreshable:
            return Tokens(account, await issue_access_token(session, context.vault, account))
        session_id = new_id("ses")
        await queries.start_session(session, session_id, account_id, address)
        return await _next_tokens(session, context, account, session_id)


async def refresh(context: AccountContext, refresh_token: str, address: str) -> Tokens:
    """Exchange a refresh token for the next. Raises Unauthenticated (``bad_refresh_token``).

    One that was exchanged before, and whose successor was used, is in two hands: the session ends for both, and so
    does every access token of the account. Browsers therefore refresh in one tab at a time.
    """
    async with context.db.transaction() as session:
        tokens = await _exchange(session, context, hash_of(refresh_token), address)
    if tokens is None:  # raised only here, so that what a stolen token set off is committed
        raise Unauthenticated("登录已失效，请重新登录", code="bad_refresh_token", extra={"error": "invalid_grant"})
    return tokens


async def end_session(context: AccountContext, refresh_token: str, address: str) -> None:
    """Log out: the session of this token ends, others of the account stay. An unknown token is no error."""
    async with context.db.transaction() as session:
        shown = await queries.lock_refresh_token(session, hash_of(refresh_token))
        if shown is None or shown.is_revoked:
            return
        await queries.revoke_session(session, shown.session_id)
        account = await fact_queries.fact(session, Account, shown.account_id)
        if account is not None:
            await audit.record(
                session, actor_of(account), "session.end", "account", account.account_id, address=address
            )


async def _exchange(session: Session, context: AccountContext, token_hash: str, address: str) -> Tokens | None:
    owner = await queries.owner_of_token(session, token_hash)
    account = await fact_queries.fact(session, Account, owner, for_update=True) if owner else None
    shown = await queries.lock_refresh_token(session, token_hash)
    if account is None or not account.active or shown is None or shown.is_revoked:
        return None
    now = await database_now(session)
    is_again = shown.used_at is not None
    if is_again and not await _is_lost_answer(session, shown, now):
        await facts.revoke_tokens(session, account.account_id)
        await audit.record(
            session,
            actor_of(account),
            "session.refresh",
            "account",
            account.account_id,
            outcome="token_reused",
            address=address,
        )
        return None
    if now >= shown.issued_at + IDLE or now >= shown.started_at + LONGEST:
        return None
    if not is_again:
        await queries.mark_used(session, token_hash)
    return await _next_tokens(session, context, account, shown.session_id)


async def _is_lost_answer(session: Session, shown: queries.ShownToken, now: datetime) -> bool:
    """Shown again within half a minute, and what was given for it never came back: on a rural line the answer was
    lost. The token that was given is void then, so that only one of the two lives on."""
    if shown.used_at is None or now > shown.used_at + LOST_ANSWER:
        return False
    return await queries.take_back_successor(session, shown)


async def _next_tokens(session: Session, context: AccountContext, account: Account, session_id: str) -> Tokens:
    refresh_token = new_opaque_token()
    await queries.add_refresh_token(session, session_id, hash_of(refresh_token))
    return Tokens(account, await issue_access_token(session, context.vault, account), refresh_token)

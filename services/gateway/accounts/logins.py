"""Who somebody is, by password or client secret. An OpenID Connect issuer would take the place of this module:
everything after it knows only the account."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.accounts import throttle
from services.gateway.accounts.context import AccountContext
from services.gateway.queries import accounts as queries
from shared import audit
from shared.auth import Actor, Role
from shared.errors import Unauthenticated
from shared.events.directory import Account


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody is, by the password that held since ``password_changed_at``: once it is changed, no proof at all."""

    account_id: str
    password_changed_at: datetime | None


_NOBODY = Actor("unknown", "unknown", "未知", "unknown", frozenset())


async def authenticate(
    context: AccountContext, username: str, password: str, address: str, *, only: Role | None = None
) -> Proof:
    """Raises Unauthenticated (``bad_credentials``), the same for a wrong password, an unknown
    name, a closed account, and one without the role ``only``; TooManyRequests after failures from this address."""
    username = username.strip().casefold()
    key = throttle.attempt_key("login", address, username)
    async with context.attempts.one_at_a_time(key):
        async with context.db.transaction() as session:
            await throttle.require_open(session, key)
            login = await queries.login_of(session, username)
            account = await queries.fact(session, Account, login.account_id) if login else None
        stored = login.password_hash if login else None
        async with context.attempts.few_at_a_time(address):
            is_right = await context.passwords.verify(stored, password)
        if not is_right or account is None or not _may_log_in(account, only):
            await _refuse(context, key, account, address)
            raise Unauthenticated("用户名或密码错误", code="bad_credentials", extra={"error": "invalid_grant"})
        fresh = await context.passwords.hash(password) if stored and context.passwords.is_outdated(stored) else None
        async with context.db.transaction() as session:
            await throttle.forget(session, key)
            if fresh and stored:
                await queries.replace_password_hash(session, account.account_id, stored, fresh)
    return Proof(account.account_id, login.password_changed_at if login else None)


def _may_log_in(account: Account, only: Role | None) -> bool:
    return account.active and (only is None or only.value in account.roles)


async def _refuse(context: AccountContext, key: str, account: Account | None, address: str) -> None:
    async with context.db.transaction() as session:
        await throttle.count_failure(session, key)
        record_id = account.account_id if account else "unknown"
        await audit.record(
            session, _NOBODY, "session.start", "account", record_id, outcome="bad_credentials", address=address
        )

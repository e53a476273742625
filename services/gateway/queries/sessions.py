"""Logins under way, their refresh tokens, failed attempts, links that work once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models.accounts import LoginFailure, LoginSession, OneTimeLink, RefreshToken

_FORGET_FAILURES = timedelta(hours=1)
_KEEP_SESSIONS = timedelta(days=8)  # a day longer than any token of theirs could be shown


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A refresh token somebody shows, with its session. Times are the database's."""

    session_id: str
    account_id: str
    started_at: datetime
    issued_at: datetime
    used_at: datetime | None
    is_revoked: bool


async def start_session(session: AsyncSession, session_id: str, account_id: str, address: str) -> None:
    session.add(LoginSession(session_id=session_id, account_id=account_id, address=address))
    await session.flush()


async def add_refresh_token(session: AsyncSession, session_id: str, token_hash: str) -> None:
    session.add(RefreshToken(token_hash=token_hash, session_id=session_id))
    await session.flush()
    await session.execute(
        update(LoginSession).where(LoginSession.session_id == session_id).values(used_at=func.clock_timestamp())
    )


async def owner_of_token(session: AsyncSession, token_hash: str) -> str | None:
    """The account of a refresh token, without locking anything."""
    query = (
        select(LoginSession.account_id)
        .join(RefreshToken, RefreshToken.session_id == LoginSession.session_id)
        .where(RefreshToken.token_hash == token_hash)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def lock_refresh_token(session: AsyncSession, token_hash: str) -> ShownToken | None:
    """Locks the session, so that of two requests with one token the second sees what the first made of it.

    Who means to change the account as well locks that first, as a revocation does: else the two wait for each other.
    """
    family = (
        await session.scalars(
            select(LoginSession)
            .where(
                LoginSession.session_id
                == select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash).scalar_subquery()
            )
            .with_for_update()
        )
    ).one_or_none()
    if family is None:
        return None
    token = (await session.scalars(select(RefreshToken).where(RefreshToken.token_hash == token_hash))).one()
    return ShownToken(
        session_id=family.session_id,
        account_id=family.account_id,
        started_at=family.started_at,
        issued_at=token.issued_at,
        used_at=token.used_at,
        is_revoked=family.revoked_at is not None,
    )


async def take_back_successor(session: AsyncSession, shown: ShownToken) -> bool:
    """Forget the token that was given for ``shown``; False when it, or one after it, was already exchanged."""
    after = (RefreshToken.session_id == shown.session_id, RefreshToken.issued_at >= shown.used_at)
    used = select(RefreshToken.token_hash).where(*after, RefreshToken.used_at.is_not(None)).limit(1)
    if (await session.execute(used)).scalar_one_or_none() is not None:
        return False
    await session.execute(delete(RefreshToken).where(*after))
    return True


async def mark_used(session: AsyncSession, token_hash: str) -> None:
    await session.execute(
        update(RefreshToken).where(RefreshToken.token_hash == token_hash).values(used_at=func.clock_timestamp())
    )


async def revoke_session(session: AsyncSession, session_id: str) -> None:
    await session.execute(
        update(LoginSession)
        .where(LoginSession.session_id == session_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
    )


async def revoke_sessions_of(session: AsyncSession, account_id: str) -> None:
    await session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
    )


async def blocked_for(session: AsyncSession, attempt_key: str) -> float:
    """Seconds until the next attempt is heard; 0 when it may come now."""
    seconds = await session.execute(
        select(func.extract("epoch", LoginFailure.blocked_until - func.clock_timestamp())).where(
            LoginFailure.attempt_key == attempt_key
        )
    )
    return max(0.0, float(seconds.scalar_one_or_none() or 0))


async def count_failure(session: AsyncSession, attempt_key: str) -> int:
    """Failures in a row, this one included; an hour without any starts anew."""
    now = func.clock_timestamp()
    is_recent = LoginFailure.last_failed_at > now - _FORGET_FAILURES
    count = await session.execute(
        insert(LoginFailure)
        .values(attempt_key=attempt_key, failures=1)
        .on_conflict_do_update(
            index_elements=["attempt_key"],
            set_={"failures": case((is_recent, LoginFailure.failures + 1), else_=1), "last_failed_at": now},
        )
        .returning(LoginFailure.failures)
    )
    return count.scalar_one()


async def block(session: AsyncSession, attempt_key: str, delay_s: float) -> None:
    await session.execute(
        update(LoginFailure)
        .where(LoginFailure.attempt_key == attempt_key)
        .values(blocked_until=func.clock_timestamp() + timedelta(seconds=delay_s))
    )


async def forget_failures(session: AsyncSession, attempt_key: str) -> None:
    await session.execute(delete(LoginFailure).where(LoginFailure.attempt_key == attempt_key))


async def add_link(
    session: AsyncSession, token_hash: str, purpose: str, validity: timedelta, account_id: str | None
) -> datetime:
    """Returns when it ends."""
    ends = await session.execute(
        insert(OneTimeLink)
        .values(
            token_hash=token_hash,
            purpose=purpose,
            account_id=account_id,
            expires_at=func.clock_timestamp() + validity,
        )
        .returning(OneTimeLink.expires_at)
    )
    return ends.scalar_one()


async def use_link(session: AsyncSession, token_hash: str, purpose: str) -> OneTimeLink | None:
    """The link, used up by this transaction; None when it is unknown, used or too old. Of two requests one gets it."""
    used = await session.execute(
        update(OneTimeLink)
        .where(
            OneTimeLink.token_hash == token_hash,
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > func.clock_timestamp(),
        )
        .values(used_at=func.clock_timestamp())
        .returning(OneTimeLink)
    )
    return used.scalar_one_or_none()


async def end_links(session: AsyncSession, purpose: str, account_id: str | None) -> None:
    """No link of this purpose (and account) works any longer."""
    await session.execute(
        update(OneTimeLink)
        .where(
            OneTimeLink.purpose == purpose,
            OneTimeLink.account_id.is_not_distinct_from(account_id),
            OneTimeLink.used_at.is_(None),
        )
        .values(used_at=func.clock_timestamp())
    )


async def sweep(session: AsyncSession) -> None:
    """Drop what can no longer be shown: old sessions with their tokens, old failures, old links."""
    now = func.clock_timestamp()
    await session.execute(delete(LoginSession).where(LoginSession.started_at < now - _KEEP_SESSIONS))
    await session.execute(delete(LoginFailure).where(LoginFailure.last_failed_at < now - _FORGET_FAILURES))
    await session.execute(delete(OneTimeLink).where(OneTimeLink.expires_at < now - _KEEP_SESSIONS))

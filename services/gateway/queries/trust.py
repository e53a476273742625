"""Keys that sign access tokens, the region's own authority, the certificates it issued."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models.trust import AuthorityKey, Certificate, TokenKey

_ROTATION_LOCK = 0x67_7A_12


async def lock_rotation(session: AsyncSession) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(_ROTATION_LOCK)))


async def signing_key(session: AsyncSession, max_age: timedelta) -> TokenKey | None:
    """The key in use; None when there is none yet or it has served its time."""
    query = (
        select(TokenKey)
        .where(TokenKey.retired_at.is_(None), TokenKey.created_at > func.clock_timestamp() - max_age)
        .order_by(TokenKey.created_at.desc())
        .limit(1)
    )
    return (await session.scalars(query)).one_or_none()


async def replace_signing_key(session: AsyncSession, kid: str, public_jwk: dict[str, Any], private_pem: str) -> None:
    await session.execute(
        update(TokenKey).where(TokenKey.retired_at.is_(None)).values(retired_at=func.clock_timestamp())
    )
    session.add(TokenKey(kid=kid, public_jwk=public_jwk, private_pem=private_pem))
    await session.flush()


async def public_keys(session: AsyncSession, kept_after_retirement: timedelta) -> Sequence[dict[str, Any]]:
    now = func.clock_timestamp()
    query = (
        select(TokenKey.public_jwk)
        .where(or_(TokenKey.retired_at.is_(None), TokenKey.retired_at > now - kept_after_retirement))
        .order_by(TokenKey.created_at.desc())
    )
    return (await session.scalars(query)).all()


async def drop_retired_keys(session: AsyncSession, kept_after_retirement: timedelta) -> None:
    await session.execute(delete(TokenKey).where(TokenKey.retired_at < func.clock_timestamp() - kept_after_retirement))


async def authority_key(session: AsyncSession) -> AuthorityKey | None:
    query = select(AuthorityKey).order_by(AuthorityKey.created_at.desc()).limit(1)
    return (await session.scalars(query)).one_or_none()


async def add_authority_key(session: AsyncSession, anchor_id: str, chain_pem: str, private_pem: str) -> None:
    session.add(AuthorityKey(anchor_id=anchor_id, chain_pem=chain_pem, private_pem=private_pem))
    await session.flush()


async def add_certificate(session: AsyncSession, serial: str, account_id: str, chain_pem: str) -> None:
    session.add(Certificate(serial=serial, account_id=account_id, chain_pem=chain_pem))
    await session.flush()


async def certificate(session: AsyncSession, serial: str) -> Certificate | None:
    return await session.get(Certificate, serial)


async def revoke_certificate(session: AsyncSession, serial: str, reason: str) -> None:
    await session.execute(
        update(Certificate)
        .where(Certificate.serial == serial, Certificate.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp(), reason=reason)
    )

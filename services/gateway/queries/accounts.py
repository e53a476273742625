"""The region's facts and the logins beside them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models.accounts import Login, RegionFact
from shared.auth import Role
from shared.events.directory import Account, DirectoryRecord

R = TypeVar("R", bound=DirectoryRecord)

_START_LOCK = 0x67_7A_10  # two gateways that start at once make one authority and one demo region
_ADMINISTRATORS_LOCK = 0x67_7A_11  # two requests that demote each other's author would leave nobody


async def lock_start(session: AsyncSession) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(_START_LOCK)))


async def save_fact(
    session: AsyncSession, kind: str, record_id: str, record: dict[str, Any], *, deleted: bool = False
) -> int:
    """Write the record as its newest revision, whose number is returned. The row stays locked until the commit, so
    that events of one record leave in the order of their revisions."""
    statement = insert(RegionFact).values(kind=kind, record_id=record_id, revision=1, record=record, deleted=deleted)
    revision = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "record_id"],
            set_={
                "revision": RegionFact.revision + 1,
                "record": statement.excluded.record,
                "deleted": statement.excluded.deleted,
                "changed_at": func.clock_timestamp(),
            },
        ).returning(RegionFact.revision)
    )
    return revision.scalar_one()


async def fact(session: AsyncSession, record_class: type[R], record_id: str, *, for_update: bool = False) -> R | None:
    """The record as it holds now; ``for_update`` when it is about to be changed."""
    query = select(RegionFact.record).where(
        RegionFact.kind == record_class.kind, RegionFact.record_id == record_id, RegionFact.deleted.is_(False)
    )
    found = (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()
    return None if found is None else record_class.model_validate(found)


async def facts(
    session: AsyncSession,
    record_class: type[R],
    *,
    where: dict[str, Any] | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[R]:
    """Records of one kind by id; ``where`` is a part that the record must contain (JSONB ``@>``)."""
    query = (
        select(RegionFact.record)
        .where(
            RegionFact.kind == record_class.kind,
            RegionFact.deleted.is_(False),
            RegionFact.record.contains(where) if where else true(),
            RegionFact.record_id > after if after is not None else true(),
        )
        .order_by(RegionFact.record_id)
        .limit(limit)
    )
    return [record_class.model_validate(record) for record in await session.scalars(query)]


async def all_revisions(session: AsyncSession) -> Sequence[RegionFact]:
    """Everything the region ever knew, tombstones included, oldest change first."""
    return (await session.scalars(select(RegionFact).order_by(RegionFact.changed_at, RegionFact.record_id))).all()


async def administrators(session: AsyncSession) -> list[Account]:
    """Those who can still act as one. Serialized: no other transaction changes them before this one ends."""
    await session.execute(select(func.pg_advisory_xact_lock(_ADMINISTRATORS_LOCK)))
    return await facts(session, Account, where={"roles": [Role.admin.value], "active": True})


async def add_login(session: AsyncSession, account_id: str, username: str, password_hash: str | None) -> bool:
    """False when the name is taken."""
    added = await session.execute(
        insert(Login)
        .values(
            account_id=account_id,
            username=username,
            password_hash=password_hash,
            password_changed_at=func.clock_timestamp() if password_hash else None,
        )
        .on_conflict_do_nothing()
        .returning(Login.account_id)
    )
    return added.scalar_one_or_none() is not None


async def login_of(session: AsyncSession, username: str) -> Login | None:
    return (await session.scalars(select(Login).where(Login.username == username))).one_or_none()


async def login(session: AsyncSession, account_id: str) -> Login | None:
    return await session.get(Login, account_id)


async def lock_login(session: AsyncSession, account_id: str, password_changed_at: datetime | None) -> bool:
    """Whether the password is still the one of that moment; until the commit it then stays so."""
    held = select(Login.password_changed_at).where(Login.account_id == account_id).with_for_update()
    return (await session.execute(held)).scalar_one_or_none() == password_changed_at


async def set_password_hash(session: AsyncSession, account_id: str, password_hash: str) -> None:
    await session.execute(
        update(Login)
        .where(Login.account_id == account_id)
        .values(password_hash=password_hash, password_changed_at=func.clock_timestamp())
    )


async def replace_password_hash(session: AsyncSession, account_id: str, old_hash: str, new_hash: str) -> None:
    """The same password under today's parameters; nothing, where the password was changed meanwhile."""
    await session.execute(
        update(Login)
        .where(Login.account_id == account_id, Login.password_hash == old_hash)
        .values(password_hash=new_hash)
    )

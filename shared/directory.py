"""The read copy of the region's facts: accounts, organizations, policies, credentials, contacts (DESIGN.md §6).

The gateway owns them and publishes each change; every service keeps the last revision of each record in its own
database and answers requests from it, so that no service calls another.
"""

import asyncio
import logging
from typing import Any, TypeVar, cast

from sqlalchemy import BigInteger, Integer, Text, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from shared.auth import Actor, Role
from shared.bus import DIRECTORY, Bus, Delivery
from shared.db import Base, Database, Prepared, asked
from shared.errors import Unauthenticated
from shared.events.directory import (
    Account,
    DirectoryEvent,
    DirectoryRecord,
    DutyContact,
    Organization,
    SigningCredential,
    SitePolicy,
    TrustAnchor,
)
from shared.events.envelope import Envelope
from shared.telemetry import fields

logger = logging.getLogger(__name__)

_POSITION = 1

R = TypeVar("R", bound=DirectoryRecord)


class DirectoryRow(Base):
    """``record`` is NULL once deleted: the revision stays, so that a late older one does not bring it back."""

    __tablename__ = "directory_record"
    __table_args__ = ({"schema": "core"},)

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    record: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class DirectoryPosition(Base):
    """How far this copy has read the stream."""

    __tablename__ = "directory_position"
    __table_args__ = ({"schema": "core"},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    stream_sequence: Mapped[int] = mapped_column(BigInteger)


# Each request asks for its account.
_RECORD = Prepared(
    select(sql_cast(DirectoryRow.record, Text)).where(
        DirectoryRow.kind == asked("kind"), DirectoryRow.record_id == asked("record_id")
    )
)


async def get(session: AsyncSession, record_class: type[R], record_id: str) -> R | None:
    rows = await _RECORD.rows(session, kind=record_class.kind, record_id=record_id)
    return None if not rows or rows[0][0] is None else record_class.model_validate_json(rows[0][0])


async def every(session: AsyncSession, record_class: type[R]) -> list[R]:
    rows = await session.scalars(
        select(DirectoryRow.record)
        .where(DirectoryRow.kind == record_class.kind, DirectoryRow.record.is_not(None))
        .order_by(DirectoryRow.record_id)
    )
    return [record_class.model_validate(record) for record in rows]


async def organization(session: AsyncSession, org_id: str) -> Organization | None:
    return await get(session, Organization, org_id)


async def account(session: AsyncSession, account_id: str) -> Account | None:
    return await get(session, Account, account_id)


async def credential(session: AsyncSession, account_id: str) -> SigningCredential | None:
    return await get(session, SigningCredential, account_id)


async def site_policies(session: AsyncSession, center: str) -> list[SitePolicy]:
    return [policy for policy in await every(session, SitePolicy) if policy.center == center]


async def trust_anchors(session: AsyncSession) -> list[TrustAnchor]:
    return await every(session, TrustAnchor)


async def duty_contacts(session: AsyncSession, org_id: str) -> list[DutyContact]:
    found = [contact for contact in await every(session, DutyContact) if contact.org_id == org_id and contact.active]
    return sorted(found, key=lambda contact: contact.rank)


async def name_of(session: AsyncSession, org_id: str) -> str:
    """An organization's name for sheets and lists; its id while the directory has not arrived yet."""
    found = await organization(session, org_id)
    return found.name if found else org_id


async def require_current(session: AsyncSession, actor: Actor) -> None:
    """Raises Unauthenticated when the account was closed or its tokens revoked after this one was issued.

    An account the copy does not know yet passes: the token is signed by the gateway, which knew it.
    """
    known = await account(session, actor.account_id)
    if known is None:
        return
    revoked = known.revoked_before is not None and (
        actor.issued_at is None or actor.issued_at < known.revoked_before.replace(microsecond=0)
    )
    if not known.active or revoked:
        raise Unauthenticated(code="token_revoked")
    if not actor.roles <= {Role(role) for role in known.roles}:
        raise Unauthenticated("账号权限已变更，请重新登录", code="token_revoked")


async def apply(session: AsyncSession, event: DirectoryEvent) -> bool:
    """Keep the record if its revision is newer than the one held; says whether it was."""
    statement = insert(DirectoryRow).values(
        kind=event.record_kind,
        record_id=event.record_id,
        revision=event.revision,
        record=None if event.deleted else event.record,
    )
    result = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "record_id"],
            set_={"revision": statement.excluded.revision, "record": statement.excluded.record},
            where=DirectoryRow.revision < statement.excluded.revision,
        ).returning(DirectoryRow.record_id)
    )
    return result.scalar_one_or_none() is not None


async def follow(db: Database, bus: Bus, stop: asyncio.Event, caught_up: asyncio.Event | None = None) -> None:
    """Keep the copy up to date until ``stop``: reads on from where it stood, from the beginning when new."""
    async with db.transaction() as session:
        position = await session.get(DirectoryPosition, _POSITION)
        start = position.stream_sequence + 1 if position else 1

    async def on_delivery(delivery: Delivery) -> None:
        event = _read(delivery)
        async with db.transaction() as session:
            if event is not None:
                await apply(session, event)
            await session.execute(
                insert(DirectoryPosition)
                .values(id=_POSITION, stream_sequence=delivery.sequence)
                .on_conflict_do_update(index_elements=["id"], set_={"stream_sequence": delivery.sequence})
            )

    await bus.watch(
        stream=DIRECTORY,
        subjects=["directory.>"],
        from_sequence=start,
        handler=on_delivery,
        stop=stop,
        caught_up=caught_up,
    )


def _read(delivery: Delivery) -> DirectoryEvent | None:
    """None for what cannot be read: the watch is ordered, so one bad record must not hold up all that follow."""
    try:
        return DirectoryEvent.model_validate(Envelope.from_bytes(delivery.data).data)
    except ValueError:
        logger.exception("a directory record cannot be read and is passed over", extra=fields(stream=DIRECTORY))
        return None


def event_of(record: DirectoryRecord, revision: int, *, deleted: bool = False) -> DirectoryEvent:
    return DirectoryEvent(
        record_kind=record.kind,
        record_id=record.record_id,
        revision=revision,
        deleted=deleted,
        record=cast(dict[str, object], record.model_dump(mode="json", exclude_none=True)),
    )

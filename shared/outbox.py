"""Outbox and inbox: a change and its event are one transaction; a delivery that comes twice works once.

Nothing publishes directly. ``add`` writes the event beside the change; the one relay of a database (advisory lock)
sends what has not been sent, in the order of writing, and marks it when JetStream has acknowledged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from shared.bus import Bus
from shared.db import Base, Database, at_most
from shared.errors import Unavailable
from shared.events.envelope import Envelope
from shared.telemetry import correlation_id, fields

logger = logging.getLogger(__name__)

_CHANNEL = "gongzhen_outbox"
_RELAY_LOCK = 0x67_7A_01  # pg_advisory_lock key: one relay a database
_BATCH = 200
_IDLE_S = 1.0  # a lost NOTIFY costs at most this


class OutboxRow(Base):
    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unsent", "id", postgresql_where=text("sent_at IS NULL")),
        {"schema": "core"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[str] = mapped_column(Text, unique=True)
    subject: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class InboxRow(Base):
    """Kept longer (35 days) than the streams (30), so that a redelivery always meets its row."""

    __tablename__ = "inbox"
    __table_args__ = ({"schema": "core"},)

    consumer: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    handled_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp(), index=True
    )


async def add(session: AsyncSession, event: Envelope, *, suffix: str | None = None) -> None:
    """Write ``event`` in the caller's transaction; ``suffix`` (a reading site) is appended to its NATS subject."""
    if not event.correlation_id:
        event = event.model_copy(update={"correlation_id": correlation_id.get()})
    subject = event.type if suffix is None else f"{event.type}.{suffix}"
    added = (
        insert(OutboxRow)
        .values(event_id=event.id, subject=subject, payload=event.to_bytes().decode())
        .returning(OutboxRow.id)
        .cte("added")
    )
    await session.execute(select(func.pg_notify(_CHANNEL, "")).select_from(added))


async def relay_once(db: Database, bus: Bus) -> int:
    """Send up to one batch in order; returns how many. What was sent before a failure is marked as sent."""
    async with db.transaction() as session:
        rows = (
            await session.execute(
                select(OutboxRow.id, OutboxRow.event_id, OutboxRow.subject, OutboxRow.payload)
                .where(OutboxRow.sent_at.is_(None))
                .order_by(OutboxRow.id)
                .limit(at_most(_BATCH))
            )
        ).all()
    sent: list[int] = []
    try:
        for row in rows:
            await bus.publish(row.subject, row.payload.encode(), message_id=row.event_id)
            sent.append(row.id)
    finally:
        if sent:
            async with db.transaction() as session:
                await session.execute(
                    update(OutboxRow).where(OutboxRow.id.in_(sent)).values(sent_at=func.clock_timestamp())
                )
    return len(sent)


async def run_relay(db: Database, bus: Bus, stop: asyncio.Event) -> None:
    """Relay until ``stop``: wakes at a commit's NOTIFY; holds the advisory lock, so a second worker only waits."""
    while not stop.is_set():
        async with db.connection() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            locked = (await connection.execute(select(func.pg_try_advisory_lock(_RELAY_LOCK)))).scalar_one()
            if not locked:
                await _wait(stop, _IDLE_S)
                continue
            await _relay_while_locked(connection, db, bus, stop)


async def _relay_while_locked(connection: AsyncConnection, db: Database, bus: Bus, stop: asyncio.Event) -> None:
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    news = asyncio.Event()

    def on_notify(*_: object) -> None:
        news.set()

    await raw.add_listener(_CHANNEL, on_notify)
    try:
        while not stop.is_set():
            news.clear()
            try:
                count = await relay_once(db, bus)
            except Unavailable:
                logger.warning("the outbox waits: the message bus or the database is away")
                await _wait(stop, _IDLE_S)
                continue
            if count == 0:
                await _wait(stop, _IDLE_S, news)
            # The session lock lives on this connection: if the connection died, another relay may have begun.
            await connection.execute(text("SELECT 1"))
    finally:
        if not raw.is_closed():
            await raw.remove_listener(_CHANNEL, on_notify)
            await connection.execute(select(func.pg_advisory_unlock(_RELAY_LOCK)))


async def _wait(stop: asyncio.Event, timeout_s: float, also: asyncio.Event | None = None) -> None:
    waiters = [asyncio.ensure_future(event.wait()) for event in (stop, also) if event is not None]
    _, pending = await asyncio.wait(waiters, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for waiter in pending:
        waiter.cancel()
        with suppress(asyncio.CancelledError):
            await waiter


async def handle_once(
    db: Database, consumer: str, event: Envelope, handler: Callable[[AsyncSession, Envelope], Awaitable[None]]
) -> bool:
    """Run ``handler`` in the transaction that writes the inbox row; False when this event was handled before."""
    correlation_id.set(event.correlation_id)
    async with db.transaction() as session:
        new = (
            await session.execute(
                insert(InboxRow)
                .values(consumer=consumer, event_id=event.id)
                .on_conflict_do_nothing()
                .returning(InboxRow.event_id)
            )
        ).scalar_one_or_none()
        if new is None:
            return False
        await handler(session, event)
    logger.info(
        "event handled",
        extra=fields(event_id=event.id, event_type=event.type, consumer=consumer, case_id=event.case_id),
    )
    return True


async def lag(session: AsyncSession) -> tuple[int, float]:
    """Events not sent yet, and the age of the oldest in seconds."""
    count, age_s = (
        await session.execute(
            select(
                func.count(),
                func.coalesce(func.extract("epoch", func.clock_timestamp() - func.min(OutboxRow.created_at)), 0),
            ).where(OutboxRow.sent_at.is_(None))
        )
    ).one()
    return int(count), float(age_s)


async def sweep(session: AsyncSession) -> None:
    """Drop what was sent 7 days ago and inbox rows older than any message the streams still hold."""
    await session.execute(
        delete(OutboxRow).where(OutboxRow.sent_at < func.clock_timestamp() - text("interval '7 days'"))
    )
    await session.execute(
        delete(InboxRow).where(InboxRow.handled_at < func.clock_timestamp() - text("interval '35 days'"))
    )

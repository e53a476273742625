"""The outbox: an event exists exactly when its change does, goes out in order, and is handled once."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import outbox
from shared.bus import MemoryBus
from shared.db import Database
from shared.errors import Unavailable
from shared.events.envelope import Envelope, wrap
from shared.events.part import Part


class Numbered(Part):
    number: int


def _event(number: int) -> Envelope:
    return wrap("imaging", "case.queued", Numbered(number=number), record_id=f"case_{number}", case_id="case_1")


class FlakyBus(MemoryBus):
    """Refuses every publish after the first ``good`` ones, until ``good`` is raised."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good = good
        self.taken: list[str] = []

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: dict[str, str] | None = None
    ) -> None:
        if len(self.taken) >= self.good:
            raise Unavailable
        self.taken.append(subject)
        await super().publish(subject, data, message_id=message_id, headers=headers)


async def test_a_rolled_back_change_leaves_no_event(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.transaction() as session:
            await outbox.add(session, _event(1))
            raise RuntimeError
    assert await outbox.relay_once(db, FlakyBus(10)) == 0


async def test_what_was_sent_before_the_bus_went_away_is_not_sent_again_and_order_holds(db: Database) -> None:
    async with db.transaction() as session:
        for number in range(5):
            await outbox.add(session, _event(number), suffix=f"site{number}")
    bus = FlakyBus(2)
    with pytest.raises(Unavailable):
        await outbox.relay_once(db, bus)
    bus.good = 100
    assert await outbox.relay_once(db, bus) == 3
    assert bus.taken == [f"imaging.case.queued.v1.site{number}" for number in range(5)]


async def test_the_relay_wakes_at_a_commit_and_a_second_one_only_waits(db: Database) -> None:
    bus, stop = FlakyBus(1000), asyncio.Event()
    relays = [asyncio.create_task(outbox.run_relay(db, bus, stop)) for _ in range(2)]
    for number in range(20):
        async with db.transaction() as session:
            await outbox.add(session, _event(number))
    async with asyncio.timeout(10):
        while len(bus.taken) < 20:
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*relays)
    assert len(bus.taken) == 20
    async with db.transaction() as session:
        assert (await outbox.lag(session))[0] == 0


async def test_a_redelivery_is_handled_once_and_a_failed_handler_is_handled_again(db: Database) -> None:
    seen: list[str] = []

    async def handler(session: AsyncSession, event: Envelope) -> None:
        seen.append(event.id)
        if len(seen) == 1:
            raise RuntimeError
        await session.execute(text("SELECT 1"))

    event = _event(1)
    with pytest.raises(RuntimeError):
        await outbox.handle_once(db, "reader", event, handler)
    assert await outbox.handle_once(db, "reader", event, handler)
    assert not await outbox.handle_once(db, "reader", event, handler)
    assert await outbox.handle_once(db, "another", event, handler)
    assert len(seen) == 3

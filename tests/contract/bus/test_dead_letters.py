"""A message that always fails is set aside, visible, and can be given again to who failed on it."""

import asyncio

import pytest

from shared.bus import Bus, Delivery, Retry
from shared.errors import Invalid, NotFound
from tests.contract.bus.collect import Collector, until
from tests.contract.bus.conftest import Start

RECEIVED = "imaging.case.received.v1"
QUICK = Retry(attempts=2, delays_s=(0.02,))


class Poison:
    """Fails on ``b"bad…"`` until it is cured."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.is_cured = False

    def __call__(self, delivery: Delivery) -> None:
        if delivery.data.startswith(b"bad") and not self.is_cured:
            raise self.error


async def _until_dead(bus: Bus, count: int) -> None:
    async def has_come() -> bool:
        return len((await bus.list_dead()).items) == count

    await until(has_come)


async def test_a_poisonous_message_is_set_aside_and_the_later_ones_flow(
    bus: Bus, start: Start, stop: asyncio.Event
) -> None:
    poison = Poison(ValueError("测试甲 is quoted by the parser"))
    collector = Collector(poison)
    for number, data in enumerate([b"one", b"bad", b"two", b"three"]):
        await bus.publish(RECEIVED, data, message_id=f"evt_{number}", headers={"Correlation-Id": "cor_7"})
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, retry=QUICK))
    await collector.until_count(3)
    assert collector.data == [b"one", b"two", b"three"]
    await _until_dead(bus, 1)
    (letter,) = (await bus.list_dead()).items
    assert (letter.service, letter.durable, letter.stream) == ("imaging", "q", "IMAGING")
    assert (letter.subject, letter.message_id, letter.attempts) == (RECEIVED, "evt_1", 2)
    assert (letter.error_class, letter.data) == ("ValueError", b"bad")
    assert "测试甲" not in letter.error
    assert letter.error.startswith("test_dead_letters.py:")


async def test_our_own_error_is_named_by_its_code(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    collector = Collector(Poison(Invalid("测试甲的年龄", code="bad_age")))
    await bus.publish(RECEIVED, b"bad", message_id="evt_1")
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, retry=QUICK))
    await _until_dead(bus, 1)
    assert (await bus.list_dead()).items[0].error == "bad_age"


async def test_a_replay_goes_to_the_consumer_that_failed_and_to_no_other(
    bus: Bus, start: Start, stop: asyncio.Event
) -> None:
    poison = Poison(ValueError("no"))
    failing, healthy = Collector(poison), Collector()
    for durable, collector in (("failing", failing), ("healthy", healthy)):
        start(
            bus.consume(
                stream="IMAGING",
                durable=durable,
                subjects=["imaging.>"],
                handler=collector,
                stop=stop,
                retry=QUICK,
            )
        )
    await bus.publish(RECEIVED, b"bad", message_id="evt_1", headers={"Correlation-Id": "cor_7"})
    await _until_dead(bus, 1)
    await healthy.until_count(1)
    poison.is_cured = True
    sequence = (await bus.list_dead()).items[0].sequence
    message_id = await bus.replay_dead(sequence)
    await failing.until_count(1)
    again = failing.got[0]
    assert (again.subject, again.data, again.headers) == (RECEIVED, b"bad", {"Correlation-Id": "cor_7"})
    assert again.message_id == message_id != "evt_1"
    assert len(healthy.seen) == 1
    assert (await bus.list_dead()).items == []
    with pytest.raises(NotFound):
        await bus.read_dead(sequence)


async def test_a_replay_that_fails_is_a_dead_letter_again(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    collector = Collector(Poison(ValueError("no")))
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, retry=QUICK))
    await bus.publish(RECEIVED, b"bad", message_id="evt_1")
    await _until_dead(bus, 1)
    message_id = await bus.replay_dead((await bus.list_dead()).items[0].sequence)
    await collector.until(lambda c: sum(d.message_id == message_id for d in c.seen) == 2)
    await _until_dead(bus, 1)
    (letter,) = (await bus.list_dead()).items
    assert (letter.stream, letter.subject, letter.message_id) == ("IMAGING", RECEIVED, message_id)


async def test_dead_letters_are_paged_filtered_read_and_discarded(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    collector = Collector(Poison(ValueError("no")))
    for number in range(5):
        await bus.publish(RECEIVED, b"bad %d" % number, message_id=f"evt_{number}")
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, retry=QUICK))
    await _until_dead(bus, 5)
    first = await bus.list_dead(limit=3)
    assert first.next_cursor is not None
    second = await bus.list_dead(limit=3, cursor=first.next_cursor)
    assert [letter.data for letter in first.items + second.items] == [b"bad %d" % n for n in range(5)]
    assert second.next_cursor is None
    assert (await bus.list_dead(service="ecg")).items == []
    assert len((await bus.list_dead(service="imaging")).items) == 5
    assert (await bus.read_dead(first.items[0].sequence)).data == b"bad 0"
    await bus.discard_dead(first.items[0].sequence)
    assert len((await bus.list_dead()).items) == 4
    with pytest.raises(NotFound):
        await bus.discard_dead(first.items[0].sequence)

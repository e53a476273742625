"""NATS dies and comes back: nothing that was acknowledged is lost, nobody has to be started again."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from shared.bus import Bus, ConsumerLag, Delivery, Retry, connect
from shared.bus.connection import Connection
from shared.bus.nats_consumer import Consumer, Source
from shared.bus.retry import Judge
from shared.errors import Unavailable
from tests.contract.bus.collect import Collector, until
from tests.contract.bus.conftest import Start
from tests.support.servers import RunningNats

pytestmark = pytest.mark.faults


@pytest.fixture
async def nats(nats_server: RunningNats, nats_url: str) -> AsyncIterator[RunningNats]:
    """With no streams, and running again when the test is over."""
    yield nats_server
    await nats_server.start()


@pytest.fixture
async def bus(nats: RunningNats) -> AsyncIterator[Bus]:
    await nats.make_streams()
    opened = await connect(nats.url, service="imaging")
    yield opened
    await opened.close()


async def _publish_like_a_relay(bus: Bus, numbers: range, subject: str = "imaging.case.received.v1") -> None:
    """Again and again with the same id until it is acknowledged, in order."""
    for number in numbers:
        while True:
            try:
                await bus.publish(subject, b"%d" % number, message_id=f"evt_{number}")
                break
            except Unavailable:
                await asyncio.sleep(0.1)


async def test_all_that_was_acknowledged_is_delivered_across_a_kill(
    bus: Bus, nats: RunningNats, start: Start, stop: asyncio.Event
) -> None:
    collector = Collector()
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop))
    publishing = start(_publish_like_a_relay(bus, range(1500)))
    await collector.until_count(200)
    assert not publishing.done()
    await nats.kill()
    await nats.start()
    await asyncio.wait_for(publishing, 30)
    await collector.until(lambda c: len(set(c.data)) == 1500, timeout_s=45)
    assert set(collector.data) == {b"%d" % number for number in range(1500)}
    assert (await bus.stream_usage())[0].messages == 1500


async def test_a_consumer_goes_on_when_nats_dies_under_its_handler(
    bus: Bus, nats: RunningNats, start: Start, stop: asyncio.Event
) -> None:
    """There is nobody to take the acknowledgement; the same consumer handles what comes after the restart."""
    died = asyncio.Event()
    handled: list[Delivery] = []

    async def handler(delivery: Delivery) -> None:
        handled.append(delivery)
        if len(handled) == 1:
            await nats.kill()
            died.set()

    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=handler, stop=stop))
    await bus.publish("imaging.case.received.v1", b"1", message_id="evt_1")
    await asyncio.wait_for(died.wait(), 10)
    await nats.start()
    await _publish_like_a_relay(bus, range(2, 4))
    await until(lambda: {b"2", b"3"} <= {d.data for d in handled})


async def test_publishing_without_nats_fails_within_seconds(bus: Bus, nats: RunningNats) -> None:
    await nats.kill()
    began = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        await bus.publish("imaging.case.received.v1", b"", message_id="evt_1")
    assert raised.value.code == "bus_unavailable"
    assert time.monotonic() - began < 12
    with pytest.raises(Unavailable):
        await bus.check()
    await bus.announce("live.worklist.queued", b"nobody hears it, nobody waits for it")
    await nats.start()
    await _publish_like_a_relay(bus, range(1))
    await bus.check()


async def test_a_service_starts_while_nats_is_away(nats: RunningNats, start: Start, stop: asyncio.Event) -> None:
    await nats.kill()
    collector, ready, caught_up = Collector(), asyncio.Event(), asyncio.Event()
    bus = await connect(nats.url, service="imaging", wait_s=0.2)
    start(bus.consume(stream="ECG", durable="q", subjects=["ecg.>"], handler=collector, stop=stop, ready=ready))
    start(
        bus.watch(
            stream="DIRECTORY",
            subjects=["directory.>"],
            from_sequence=1,
            handler=collector,
            stop=stop,
            caught_up=caught_up,
        )
    )
    await nats.start()
    other = await connect(nats.url, service="ecg")
    await other.ensure_streams()
    await other.publish("ecg.case.received.v1", b"1", message_id="evt_1")
    await collector.until_count(1)
    await asyncio.wait_for(caught_up.wait(), 10)
    assert ready.is_set()
    stop.set()
    await other.close()
    await bus.close()


async def test_a_watch_goes_on_in_order_across_a_kill(
    bus: Bus, nats: RunningNats, start: Start, stop: asyncio.Event
) -> None:
    collector = Collector()
    start(bus.watch(stream="LAB", subjects=["lab.>"], from_sequence=1, handler=collector, stop=stop))
    publishing = start(_publish_like_a_relay(bus, range(400), "lab.case.received.v1"))
    await collector.until_count(100)
    await nats.kill()
    await nats.start()
    await asyncio.wait_for(publishing, 30)
    await collector.until_count(400)
    assert collector.data == [b"%d" % number for number in range(400)]


async def test_a_listener_hears_again_after_a_kill(
    bus: Bus, nats: RunningNats, start: Start, stop: asyncio.Event
) -> None:
    heard: list[bytes] = []
    ready = asyncio.Event()

    async def listener(_: str, data: bytes) -> None:
        heard.append(data)

    start(bus.listen("live.>", listener, stop, ready=ready))
    await asyncio.wait_for(ready.wait(), 10)
    await nats.kill()
    await nats.start()

    async def is_heard() -> bool:
        await bus.announce("live.worklist.queued", b"again")
        return bool(heard)

    await until(is_heard)


async def test_a_deleted_consumer_is_made_again(bus: Bus, nats: RunningNats, start: Start, stop: asyncio.Event) -> None:
    collector = Collector()
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop))
    await _publish_like_a_relay(bus, range(1))
    await collector.until_count(1)
    await nats.wipe()
    await bus.ensure_streams()
    await _publish_like_a_relay(bus, range(1, 2))
    await collector.until(lambda c: b"1" in c.data)


async def test_dead_letters_wait_for_nats_too(bus: Bus, nats: RunningNats, start: Start, stop: asyncio.Event) -> None:
    """The last failure happens while NATS is away: the message is neither lost nor acknowledged."""
    attempts = 0

    async def handler(_: object) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 2:
            await nats.kill()
        raise ValueError("no")

    start(
        bus.consume(
            stream="IMAGING",
            durable="q",
            subjects=["imaging.>"],
            handler=handler,
            stop=stop,
            retry=Retry(attempts=2, delays_s=(0.02,)),
        )
    )
    await bus.publish("imaging.case.received.v1", b"bad", message_id="evt_1")
    await until(lambda: attempts == 2)
    await nats.start()

    async def is_set_aside() -> bool:
        try:
            return len((await bus.list_dead()).items) == 1
        except Unavailable:
            return False

    await until(is_set_aside, timeout_s=60)


async def test_a_slow_handler_keeps_its_message(nats: RunningNats, bus: Bus, start: Start, stop: asyncio.Event) -> None:
    """The server would give it to another worker after ``ack_wait_s``; the one at work says that it still is."""
    connection = Connection([nats.url], "slow", None)
    connection.start()
    seen: list[Delivery] = []

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery)
        await asyncio.sleep(2.5)

    async def set_aside(stream: str, delivery: Delivery, error: Exception) -> None:
        raise AssertionError(f"{delivery} of {stream} failed: {error}")

    source = Source("IMAGING", "slow", ("imaging.>",), ack_wait_s=1.0)
    consumer = Consumer(connection, source, Judge("slow", handler, Retry()), set_aside)
    running = start(consumer.run(stop, workers=2))
    await bus.publish("imaging.case.received.v1", b"1", message_id="evt_1")

    async def is_settled() -> bool:
        return bool(seen) and await bus.pending("IMAGING", "slow") == ConsumerLag(waiting=0, unsettled=0)

    await until(is_settled)
    assert [delivery.attempt for delivery in seen] == [1]
    stop.set()
    await running
    await connection.close()

"""At least once, in order while all goes well, and a failing message blocks nobody."""

import asyncio

import pytest

from shared.bus import Bus, Delivery, Retry, RetryLater
from shared.errors import NotFound, Unavailable
from tests.contract.bus.collect import Collector, until
from tests.contract.bus.conftest import Start

RECEIVED = "imaging.case.received.v1"
SIGNED = "imaging.report.signed.v1"
QUICK = Retry(attempts=3, delays_s=(0.05,))


async def test_messages_come_in_order_with_their_ids_and_headers(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    collector = Collector()
    for number in range(20):
        await bus.publish(RECEIVED, b"%d" % number, message_id=f"evt_{number}", headers={"Correlation-Id": "cor_1"})
    start(bus.consume(stream="IMAGING", durable="queue", subjects=["imaging.>"], handler=collector, stop=stop))
    await collector.until_count(20)
    assert collector.data == [b"%d" % number for number in range(20)]
    first = collector.got[0]
    assert (first.subject, first.message_id, first.sequence, first.attempt) == (RECEIVED, "evt_0", 1, 1)
    assert first.headers == {"Correlation-Id": "cor_1"}


async def test_the_same_message_id_is_stored_once(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    collector = Collector()
    for _ in range(3):
        await bus.publish(RECEIVED, b"once", message_id="evt_same")
    await bus.publish(RECEIVED, b"last", message_id="evt_other")
    start(bus.consume(stream="IMAGING", durable="queue", subjects=["imaging.>"], handler=collector, stop=stop))
    await collector.until(lambda c: b"last" in c.data)
    assert collector.data == [b"once", b"last"]


async def test_a_consumer_sees_its_subjects_only(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    collector = Collector()
    await bus.publish(RECEIVED, b"case", message_id="evt_1")
    await bus.publish(SIGNED, b"report", message_id="evt_2")
    await bus.publish("imaging.case.queued.v1.hospital_a", b"queued", message_id="evt_3")
    start(
        bus.consume(
            stream="IMAGING",
            durable="reports",
            subjects=["imaging.report.>", "imaging.case.queued.v1.*"],
            handler=collector,
            stop=stop,
        )
    )
    await collector.until_count(2)
    assert collector.data == [b"report", b"queued"]


async def test_a_failed_message_comes_again_while_others_pass(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    def fails(delivery: Delivery) -> None:
        if delivery.data == b"bad" and delivery.attempt < 3:
            raise ValueError("not yet")

    collector = Collector(fails)
    for name in (b"bad", b"good"):
        await bus.publish(RECEIVED, name, message_id=f"evt_{name.decode()}")
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, retry=QUICK))
    await collector.until_count(2)
    assert collector.data == [b"good", b"bad"]
    assert [d.attempt for d in collector.seen if d.data == b"bad"] == [1, 2, 3]


@pytest.mark.parametrize("error", [RetryLater(0.02), Unavailable(code="storage_unavailable", retry_after_s=0)])
async def test_what_is_put_off_is_never_given_up(bus: Bus, start: Start, stop: asyncio.Event, error: Exception) -> None:
    def fails(delivery: Delivery) -> None:
        if delivery.attempt <= 6:
            raise error

    collector = Collector(fails)
    await bus.publish(RECEIVED, b"later", message_id="evt_1")
    retry = Retry(attempts=2, delays_s=(0.02,))
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, retry=retry))
    await collector.until_count(1)
    assert collector.got[0].attempt == 7
    assert (await bus.list_dead()).items == []


async def test_a_failure_after_pauses_still_has_its_attempts(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    """Deliveries that were only put off do not use up the attempts of a real failure."""

    def fails(delivery: Delivery) -> None:
        if delivery.attempt <= 4:
            raise RetryLater(0.02)
        if delivery.attempt == 5:
            raise ValueError("once")

    collector = Collector(fails)
    await bus.publish(RECEIVED, b"x", message_id="evt_1")
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, retry=QUICK))
    await collector.until_count(1)
    assert collector.got[0].attempt == 6


async def test_a_durable_goes_on_where_it_stood(bus: Bus) -> None:
    for round_number in range(2):
        await bus.publish(RECEIVED, b"%d" % round_number, message_id=f"evt_{round_number}")
        collector, stop = Collector(), asyncio.Event()
        task = asyncio.create_task(
            bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop)
        )
        await collector.until_count(1)
        stop.set()
        await task
        assert collector.data == [b"%d" % round_number]


async def test_several_workers_share_one_durable(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    at_once, most = 0, 0
    gate = asyncio.Barrier(3)

    async def handler(_: Delivery) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1

    for number in range(6):
        await bus.publish(RECEIVED, b"", message_id=f"evt_{number}")
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=handler, stop=stop, concurrency=3))

    async def is_settled() -> bool:
        try:
            lag = await bus.pending("IMAGING", "q")
        except NotFound:
            return False
        return lag.waiting == 0 and lag.unsettled == 0

    await until(is_settled)
    assert most == 3


async def test_pending_counts_what_waits_and_what_is_put_off(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    with pytest.raises(NotFound):
        await bus.pending("IMAGING", "q")

    def fails(delivery: Delivery) -> None:
        raise RetryLater(60)

    collector = Collector(fails)
    for number in range(3):
        await bus.publish(RECEIVED, b"", message_id=f"evt_{number}")
    ready = asyncio.Event()
    start(bus.consume(stream="IMAGING", durable="q", subjects=["imaging.>"], handler=collector, stop=stop, ready=ready))
    await asyncio.wait_for(ready.wait(), 10)
    await collector.until(lambda c: len(c.seen) == 3)

    async def is_counted() -> bool:
        lag = await bus.pending("IMAGING", "q")
        return (lag.waiting, lag.unsettled) == (0, 3)

    await until(is_counted)


async def test_the_usage_of_every_stream_is_told(bus: Bus) -> None:
    await bus.publish(RECEIVED, b"x" * 1000, message_id="evt_1")
    usage = {entry.stream: entry for entry in await bus.stream_usage()}
    assert set(usage) == {"IMAGING", "ECG", "LAB", "GATEWAY", "DIRECTORY", "DEADLETTER"}
    assert usage["IMAGING"].messages == 1
    assert 0 < usage["IMAGING"].ratio < 0.01
    assert usage["ECG"].ratio == 0


async def test_a_subject_of_no_stream_is_not_accepted(bus: Bus) -> None:
    with pytest.raises(Unavailable):
        await bus.publish("elsewhere.case.received.v1", b"", message_id="evt_1")

"""The directory's stream: read from the beginning, on from where one stood, in order, the last of each subject."""

import asyncio

from shared.bus import Bus, Delivery
from tests.contract.bus.collect import Collector
from tests.contract.bus.conftest import Start


async def _publish(bus: Bus, subject: str, data: bytes, event: int) -> None:
    await bus.publish(f"directory.{subject}", data, message_id=f"evt_{event}")


async def test_a_compacted_stream_keeps_the_last_of_each_subject(bus: Bus) -> None:
    for number in range(4):
        await _publish(bus, "account.a", b"a%d" % number, number)
    await _publish(bus, "account.b", b"b", 10)
    await _publish(bus, "policy.c", b"c", 11)
    found = await bus.read_last_per_subject("DIRECTORY", ["directory.account.>"])
    assert [(d.subject, d.data, d.sequence) for d in found] == [
        ("directory.account.a", b"a3", 4),
        ("directory.account.b", b"b", 5),
    ]
    assert await bus.read_last_per_subject("DIRECTORY", ["directory.contact.>"]) == []


async def test_the_newest_of_each_subject_is_read_from_any_stream(bus: Bus) -> None:
    for number in range(250):
        await bus.publish(f"lab.case.received.v1.s{number % 3}", b"%d" % number, message_id=f"evt_{number}")
    found = await bus.read_last_per_subject("LAB", ["lab.case.>"])
    assert [d.data for d in found] == [b"247", b"248", b"249"]


async def test_a_watch_reads_all_then_goes_on(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    for number in range(150):
        await _publish(bus, f"account.a{number}", b"%d" % number, number)
    collector, caught_up = Collector(), asyncio.Event()
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
    await asyncio.wait_for(caught_up.wait(), 10)
    assert [d.sequence for d in collector.got] == list(range(1, 151))
    await _publish(bus, "policy.late", b"late", 1000)
    await collector.until_count(151)
    assert (collector.got[-1].data, collector.got[-1].sequence) == (b"late", 151)


async def test_an_empty_stream_is_caught_up_at_once(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    collector, caught_up = Collector(), asyncio.Event()
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
    await asyncio.wait_for(caught_up.wait(), 10)
    assert collector.seen == []


async def test_a_watch_resumes_from_a_stored_sequence(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    for number in range(6):
        await _publish(bus, f"account.a{number}", b"%d" % number, number)
    collector = Collector()
    start(bus.watch(stream="DIRECTORY", subjects=["directory.>"], from_sequence=5, handler=collector, stop=stop))
    await collector.until_count(2)
    assert collector.data == [b"4", b"5"]


async def test_a_stream_made_anew_is_read_from_its_beginning(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    await _publish(bus, "account.a", b"first", 1)
    collector = Collector()
    start(bus.watch(stream="DIRECTORY", subjects=["directory.>"], from_sequence=900, handler=collector, stop=stop))
    await collector.until_count(1)
    assert collector.data == [b"first"]


async def test_a_failing_handler_is_asked_again_and_keeps_the_order(
    bus: Bus, start: Start, stop: asyncio.Event
) -> None:
    failures = 0

    def fails(delivery: Delivery) -> None:
        nonlocal failures
        if delivery.data == b"1" and failures < 2:
            failures += 1
            raise ValueError("the database is slow")

    for number in range(4):
        await _publish(bus, f"account.a{number}", b"%d" % number, number)
    collector = Collector(fails)
    start(bus.watch(stream="DIRECTORY", subjects=["directory.>"], from_sequence=1, handler=collector, stop=stop))
    await collector.until_count(4)
    assert collector.data == [b"0", b"1", b"2", b"3"]
    assert len(collector.seen) == 6

"""What only matters now: heard by everybody who listens, kept by nobody."""

import asyncio

import pytest

from shared.bus import Bus
from tests.contract.bus.collect import until
from tests.contract.bus.conftest import Start


async def test_every_listener_hears_an_announcement(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    heard: list[tuple[int, str, bytes]] = []
    for number in range(2):
        ready = asyncio.Event()

        async def listener(subject: str, data: bytes, number: int = number) -> None:
            heard.append((number, subject, data))

        start(bus.listen("live.worklist.*", listener, stop, ready=ready))
        await asyncio.wait_for(ready.wait(), 10)
    await bus.announce("live.other.queued", b"elsewhere")
    await bus.announce("live.worklist.queued", b"1")
    await until(lambda: len(heard) == 2)
    assert sorted(heard) == [(0, "live.worklist.queued", b"1"), (1, "live.worklist.queued", b"1")]


async def test_a_failing_listener_hears_the_next_one(bus: Bus, start: Start, stop: asyncio.Event) -> None:
    heard: list[bytes] = []
    ready = asyncio.Event()

    async def listener(_: str, data: bytes) -> None:
        if data == b"bad":
            raise ValueError("cannot show it")
        heard.append(data)

    start(bus.listen("live.>", listener, stop, ready=ready))
    await asyncio.wait_for(ready.wait(), 10)
    await bus.announce("live.worklist.queued", b"bad")
    await bus.announce("live.worklist.queued", b"good")
    await until(lambda: heard == [b"good"])


async def test_an_announcement_stays_out_of_the_streams(bus: Bus) -> None:
    with pytest.raises(ValueError, match=r"live\."):
        await bus.announce("gateway.worklist.queued", b"")
    await bus.announce("live.worklist.queued", b"")
    assert sum(usage.messages for usage in await bus.stream_usage()) == 0

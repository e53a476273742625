"""The fake bus and the one over a real NATS, in turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from shared.bus import Bus, MemoryBus, connect
from tests.support.servers import RunningNats

Start = Callable[[Awaitable[Any]], "asyncio.Task[Any]"]


@pytest.fixture(params=["memory", "nats"])
def bus_url(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return ""
    server: RunningNats = request.getfixturevalue("nats_server")
    return server.url


@pytest.fixture
async def bus(bus_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    """As the imaging service; the streams are empty."""
    if not bus_url:
        yield MemoryBus("imaging")
        return
    server: RunningNats = request.getfixturevalue("nats_server")
    await server.start()
    await server.wipe()
    await server.make_streams()
    opened = await connect(bus_url, service="imaging")
    yield opened
    await opened.close()


@pytest.fixture
async def stop() -> AsyncIterator[asyncio.Event]:
    """Set at the end, whatever happened."""
    event = asyncio.Event()
    yield event
    event.set()


@pytest.fixture
async def start(stop: asyncio.Event) -> AsyncIterator[Start]:
    """Run consumers beside the test; at its end they are stopped and must end without an error."""
    tasks: list[asyncio.Task[Any]] = []

    def begin(work: Awaitable[Any]) -> "asyncio.Task[Any]":
        tasks.append(asyncio.ensure_future(work))
        return tasks[-1]

    yield begin
    stop.set()
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks)

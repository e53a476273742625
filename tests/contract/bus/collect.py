"""A handler that remembers, and lets a test wait for what it should get."""

import asyncio
from collections.abc import Callable

from shared.bus import Delivery


class Collector:
    """``fails(delivery)`` may raise; what it lets pass is ``got``, every call is in ``seen``."""

    def __init__(self, fails: Callable[[Delivery], None] | None = None) -> None:
        self.got: list[Delivery] = []
        self.seen: list[Delivery] = []
        self._fails = fails
        self._changed = asyncio.Event()

    async def __call__(self, delivery: Delivery) -> None:
        self.seen.append(delivery)
        try:
            if self._fails is not None:
                self._fails(delivery)
            self.got.append(delivery)
        finally:
            self._changed.set()

    @property
    def data(self) -> list[bytes]:
        return [delivery.data for delivery in self.got]

    async def until(self, condition: Callable[["Collector"], bool], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def until_count(self, count: int, timeout_s: float = 20.0) -> None:
        await self.until(lambda collector: len(collector.got) >= count, timeout_s)


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """For what has no event to wait for: a server's own figures."""
    async with asyncio.timeout(timeout_s):
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.02)

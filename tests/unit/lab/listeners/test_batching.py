import asyncio
from collections.abc import Sequence

from services.lab.listeners.batching import MAX_BATCH, Answers, Batcher, Peer, Received

PEER = Peer("127.0.0.1", 1)


def received(text: bytes) -> Received:
    return Received(text, PEER)


class Store:
    """Answers with the message; waits at the gate; fails on what it is told."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.poison: set[bytes] = set()
        self.down = False

    async def __call__(self, batch: Sequence[Received]) -> Sequence[Answers]:
        self.sizes.append(len(batch))
        await self.gate.wait()
        if self.down or any(each.raw in self.poison for each in batch):
            raise OSError("no database")
        return [(each.raw,) for each in batch]


async def test_what_arrives_meanwhile_is_the_next_batch() -> None:
    store = Store()
    batcher = Batcher(store)
    batcher.start()
    store.gate.clear()
    first = batcher.submit(received(b"0"))
    while not store.sizes:
        await asyncio.sleep(0)
    others = [batcher.submit(received(b"%d" % number)) for number in range(1, MAX_BATCH + 50)]
    store.gate.set()
    assert await first == (b"0",)
    assert await asyncio.gather(*others) == [(b"%d" % number,) for number in range(1, MAX_BATCH + 50)]
    assert store.sizes == [1, MAX_BATCH, 49]
    await batcher.stop()


async def test_one_bad_message_is_not_its_neighbours_fault() -> None:
    store = Store()
    store.poison.add(b"1")
    batcher = Batcher(store)
    batcher.start()
    outcomes = await asyncio.gather(*[batcher.submit(received(each)) for each in (b"0", b"1", b"2")])
    assert outcomes == [(b"0",), None, (b"2",)]
    await batcher.stop()


async def test_a_store_that_is_down_is_not_asked_for_every_message() -> None:
    store = Store()
    store.down = True
    batcher = Batcher(store)
    batcher.start()
    outcomes = await asyncio.gather(*[batcher.submit(received(b"%d" % number)) for number in range(100)])
    assert outcomes == [None] * 100
    assert store.sizes == [100, 1, 1, 1]
    store.down = False
    assert await batcher.submit(received(b"later")) == (b"later",)
    await batcher.stop()


async def test_a_handler_that_loses_an_answer_stored_nothing() -> None:
    async def forgetful(batch: Sequence[Received]) -> Sequence[Answers]:
        return []

    batcher = Batcher(forgetful)
    batcher.start()
    assert await batcher.submit(received(b"x")) is None
    assert batcher.failures == 1
    await batcher.stop()


async def test_stopping_finishes_what_was_submitted() -> None:
    batcher = Batcher(Store())
    batcher.start()
    outcome = batcher.submit(received(b"x"))
    await batcher.stop()
    assert outcome.result() == (b"x",)

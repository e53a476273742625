"""Messages of all sockets of a listener, handed over together: one transaction stores and acknowledges many."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.telemetry import fields

logger = logging.getLogger(__name__)
MAX_BATCH = 200
MAX_BATCH_BYTES = 16 * 1024 * 1024
HOPELESS = 3


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sent it, as far as the socket knows."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Received:
    raw: bytes = field(repr=False)
    peer: Peer


Answers = tuple[bytes, ...]
"""What goes back for one message, each in a frame of its own: one ACK, or an ACK and the answer to a query, or nothing
(an acknowledgement is not acknowledged)."""

Handler = Callable[[Sequence[Received]], Awaitable[Sequence[Answers]]]
"""Answers in the order of the messages. It returns when they are stored: only then they are acknowledged."""


Outcome = asyncio.Future[Answers | None]


class Batcher:
    """While one batch is being handled the next one gathers, so a batch is as large as the load makes it and a lone
    message waits for nobody. ``submit`` gives the message's own answers, or None: it is not stored. A batch that fails
    is tried again one by one, so that one message's fault is not its neighbours'; when three in a row fail the fault is
    not theirs, and the rest is told so at once."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._waiting: list[tuple[Received, Outcome]] = []
        self._arrived = asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None
        self.batches = 0
        self.failures = 0

    def start(self) -> None:
        self._loop_task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What was submitted is still handled."""
        if self._loop_task is None:
            return
        while self._waiting:
            await asyncio.wait([future for _, future in self._waiting])
        self._loop_task.cancel()
        await asyncio.gather(self._loop_task, return_exceptions=True)

    def submit(self, received: Received) -> Outcome:
        future: Outcome = asyncio.get_running_loop().create_future()
        self._waiting.append((received, future))
        self._arrived.set()
        return future

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            batch = self._next_batch()
            if batch:
                await self._handle(batch)
                del self._waiting[: len(batch)]
            if not self._waiting:
                self._arrived.clear()

    def _next_batch(self) -> list[tuple[Received, Outcome]]:
        size = 0
        for place, (received, _) in enumerate(self._waiting[:MAX_BATCH]):
            size += len(received.raw)
            if place and size > MAX_BATCH_BYTES:
                return self._waiting[:place]
        return self._waiting[:MAX_BATCH]

    async def _handle(self, batch: list[tuple[Received, Outcome]]) -> None:
        self.batches += 1
        messages = [received for received, _ in batch]
        answers: Sequence[Answers | None] | None = await self._attempt(messages)
        if answers is None:
            answers = await self._one_by_one(messages) if len(messages) > 1 else [None]
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # its socket may have gone
                future.set_result(answer)

    async def _one_by_one(self, messages: list[Received]) -> list[Answers | None]:
        answers: list[Answers | None] = []
        for message in messages:
            hopeless = len(answers) >= HOPELESS and not any(answers[-HOPELESS:])
            alone = None if hopeless else await self._attempt([message])
            answers.append(alone[0] if alone else None)
        return answers

    async def _attempt(self, messages: list[Received]) -> list[Answers] | None:
        try:
            answers = list(await self._handler(messages))
        except Exception:  # the edge of the process: the listener outlives any fault of a handler
            self.failures += 1
            logger.exception("a batch of received messages failed", extra=fields(count=len(messages)))
            return None
        if len(answers) != len(messages):
            self.failures += 1
            logger.error("a handler answered another number of messages", extra=fields(count=len(messages)))
            return None
        return answers

"""A durable pull consumer: fetch one, handle it, settle it; attach again after whatever NATS goes through."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from shared.bus.connection import Connection, own_errors
from shared.bus.dead_letters import as_original, original_stream
from shared.bus.message import Delivery
from shared.bus.nats_message import from_delivery
from shared.bus.nats_streams import unsubscribe
from shared.bus.retry import Again, Dead, Judge
from shared.bus.waiting import unless, wait_any
from shared.errors import Unavailable
from shared.telemetry import fields

logger = logging.getLogger(__name__)

# (stream of origin, message, last error)
SetAside = Callable[[str, Delivery, Exception], Awaitable[None]]

_FETCH_S = 2.0
_ATTACH_PAUSE_S = 0.5
_DEAD_RETRY_S = 10.0
# Messages put off count as unsettled; at this many the server delivers nothing new.
_MAX_UNSETTLED = 2000


@dataclass(frozen=True, slots=True)
class Source:
    """What one durable consumer reads; a replay carries its own stream and subject in its headers."""

    stream: str
    durable: str
    subjects: tuple[str, ...]
    is_replay: bool = False
    ack_wait_s: float = 10.0  # a worker that died gives its message to another after this


class Consumer:
    def __init__(self, connection: Connection, source: Source, judge: Judge, set_aside: SetAside) -> None:
        self._connection = connection
        self._source = source
        self._judge = judge
        self._set_aside = set_aside

    async def run(self, stop: asyncio.Event, workers: int, ready: asyncio.Event | None = None) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(workers):
                tasks.create_task(self._work(stop, ready))

    async def _work(self, stop: asyncio.Event, ready: asyncio.Event | None) -> None:
        """One message at a time: what is fetched ahead would grow old unhandled."""
        while not stop.is_set():
            try:
                with own_errors():
                    subscription = await self._attach()
                    if ready is not None:
                        ready.set()
                    await self._pull(subscription, stop)
            except Unavailable as error:
                # Also when the stream does not exist yet, or somebody deleted the consumer.
                logger.debug("consumer detached", extra=fields(consumer=self._source.durable, code=error.code))
                await wait_any(stop, timeout_s=_ATTACH_PAUSE_S)

    async def _attach(self) -> JetStreamContext.PullSubscription:
        """Creating is also updating: a consumer whose subjects changed keeps its place."""
        jetstream = await self._connection.jetstream()
        subjects = self._source.subjects
        await jetstream.add_consumer(
            self._source.stream,
            api.ConsumerConfig(
                name=self._source.durable,
                durable_name=self._source.durable,
                # One alone is also said in the subject of the request, where the user's rights are checked.
                filter_subject=subjects[0] if len(subjects) == 1 else None,
                filter_subjects=list(subjects) if len(subjects) > 1 else None,
                deliver_policy=api.DeliverPolicy.ALL,
                ack_policy=api.AckPolicy.EXPLICIT,
                ack_wait=self._source.ack_wait_s,
                max_deliver=-1,  # the server would give up without a word; the dead letter is ours to write
                max_ack_pending=_MAX_UNSETTLED,
            ),
        )
        return await jetstream.pull_subscribe_bind(consumer=self._source.durable, stream=self._source.stream)

    async def _pull(self, subscription: JetStreamContext.PullSubscription, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                await self._connection.client()
                try:
                    fetched = await unless(stop, subscription.fetch(1, timeout=_FETCH_S))
                except TimeoutError:
                    continue
                for message in fetched or ():
                    await self._settle(message)
            await _give_back(subscription)
        finally:
            await unsubscribe(subscription)

    async def _settle(self, message: Msg) -> None:
        received = from_delivery(message)
        delivery = as_original(received) if self._source.is_replay else received
        async with _kept_alive(message, self._source.ack_wait_s / 3):
            verdict = await self._judge.handle(delivery)
            if isinstance(verdict, Dead):
                verdict = await self._bury(received, delivery, verdict)
        if isinstance(verdict, Again):
            await message.nak(delay=verdict.delay_s)
        else:
            await message.ack()

    async def _bury(self, received: Delivery, delivery: Delivery, verdict: Dead) -> Dead | Again:
        stream = original_stream(received) if self._source.is_replay else self._source.stream
        try:
            await self._set_aside(stream, delivery, verdict.error)
        except Unavailable:
            return Again(_DEAD_RETRY_S)
        return verdict


@asynccontextmanager
async def _kept_alive(message: Msg, every_s: float) -> AsyncIterator[None]:
    """While a handler works, tell the server so: else it would give the message to another worker meanwhile."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await message.in_progress()
            except nats.errors.Error:
                return  # the connection is gone; the message will come again

    teller = asyncio.create_task(tell())
    try:
        yield
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)


async def _give_back(subscription: JetStreamContext.PullSubscription) -> None:
    """What arrived while stopping: given to another worker now, not when this one's time has run out."""
    while subscription.pending_msgs:
        try:
            (message,) = await subscription.fetch(1, timeout=0.1)
        except TimeoutError:
            return
        await message.nak()

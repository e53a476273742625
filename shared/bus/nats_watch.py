"""Reading a stream in order from a given place, and on as it grows."""

import asyncio
import logging
from collections.abc import Sequence

from nats.js import JetStreamContext

from shared.bus.connection import Connection, own_errors
from shared.bus.message import Delivery
from shared.bus.nats_message import from_delivery
from shared.bus.nats_streams import open_reader, unsubscribe
from shared.bus.retry import Handler, Retry
from shared.bus.waiting import unless, wait_any
from shared.errors import GongzhenError, Unavailable
from shared.telemetry import fields

logger = logging.getLogger(__name__)

_BATCH = 100
_FETCH_S = 2.0
_ATTACH_PAUSE_S = 0.5
_HANDLER_RETRY = Retry(attempts=None, delays_s=(0.2, 1.0, 5.0, 15.0))


class Watch:
    """The server's reader is cheap and forgotten with a restart; the place in the stream is kept here."""

    def __init__(self, connection: Connection, stream: str, subjects: Sequence[str], handler: Handler) -> None:
        self._connection = connection
        self._stream = stream
        self._subjects = subjects
        self._handler = handler
        self._next = 1

    async def run(self, from_sequence: int, stop: asyncio.Event, caught_up: asyncio.Event) -> None:
        self._next = max(from_sequence, 1)
        while not stop.is_set():
            try:
                with own_errors():
                    await self._follow(stop, caught_up)
            except Unavailable as error:
                logger.debug("watch detached", extra=fields(stream=self._stream, code=error.code))
                await wait_any(stop, timeout_s=_ATTACH_PAUSE_S)

    async def _follow(self, stop: asyncio.Event, caught_up: asyncio.Event) -> None:
        """Returns to be called again when a message is missing between two that came."""
        jetstream = await self._connection.jetstream()
        await self._begin_again_if_shorter(jetstream)
        subscription, waiting = await open_reader(jetstream, self._stream, self._subjects, from_sequence=self._next)
        if waiting == 0:
            caught_up.set()
        expected = 1
        try:
            while not stop.is_set():
                await self._connection.client()
                try:
                    messages = await unless(stop, subscription.fetch(_BATCH, timeout=_FETCH_S))
                except TimeoutError:
                    continue
                for message in messages or ():
                    if message.metadata.sequence.consumer != expected:
                        return
                    expected += 1
                    if not await self._hand_over(from_delivery(message), stop):
                        return
                    if message.metadata.num_pending == 0:
                        caught_up.set()
        finally:
            await unsubscribe(subscription)

    async def _begin_again_if_shorter(self, jetstream: JetStreamContext) -> None:
        last = (await jetstream.stream_info(self._stream)).state.last_seq
        if self._next > last + 1:
            logger.warning("the stream was made anew: it is read from its beginning", extra=fields(stream=self._stream))
            self._next = 1

    async def _hand_over(self, delivery: Delivery, stop: asyncio.Event) -> bool:
        """Until the handler takes it; False when ``stop`` came first."""
        attempt = 0
        while True:
            attempt += 1
            try:
                await self._handler(delivery)
            except Exception as error:  # the edge of the process: logged, tried again
                code = error.code if isinstance(error, GongzhenError) else type(error).__name__
                logger.error(
                    "watch handler failed: the stream waits",
                    extra=fields(stream=self._stream, event_id=delivery.message_id, attempt=attempt, code=code),
                    exc_info=error,
                )
                await wait_any(stop, timeout_s=_HANDLER_RETRY.delay_s(attempt))
                if stop.is_set():
                    return False
            else:
                self._next = delivery.sequence + 1
                return True

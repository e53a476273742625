"""The bus over NATS JetStream."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import api

from shared.bus import dead_letters, nats_streams
from shared.bus.connection import Connection, own_errors
from shared.bus.message import ConsumerLag, DeadLetter, DeadLetterPage, Delivery, StreamUsage
from shared.bus.nats_consumer import Consumer, Source
from shared.bus.nats_message import from_raw
from shared.bus.nats_watch import Watch
from shared.bus.port import Bus, Listener
from shared.bus.retry import DEFAULT_RETRY, Handler, Judge, Retry
from shared.bus.streams import DEAD_LETTERS, DIRECTORY, StreamLimits, plan_streams
from shared.bus.waiting import wait_any
from shared.errors import NotFound, Unavailable

logger = logging.getLogger(__name__)

_FIRST_CONNECT_S = 5.0
_LISTEN_RETRY_S = 1.0


async def connect(
    url: str,
    *,
    service: str,
    replicas: int = 1,
    limits: StreamLimits | None = None,
    tls_ca: Path | None = None,
    wait_s: float = _FIRST_CONNECT_S,
) -> Bus:
    """``nats://user:password@host:port[,…]`` or ``tls://…`` with the region's CA.

    Waits at most ``wait_s`` for the first connection and returns without it: a service starts while NATS is away
    and attaches when it comes.
    """
    bus = NatsBus(url.split(","), service, replace(limits or StreamLimits(), replicas=replicas), tls_ca)
    await bus.start(wait_s)
    return bus


class NatsBus:
    def __init__(self, servers: Sequence[str], service: str, limits: StreamLimits, tls_ca: Path | None) -> None:
        self._service = service
        self._limits = limits
        self._connection = Connection(servers, f"gongzhen-{service}", tls_ca, f"_INBOX_{service}")

    async def start(self, wait_s: float = _FIRST_CONNECT_S) -> None:
        self._connection.start()
        try:
            await self._connection.client(wait_s)
        except Unavailable:
            logger.warning("NATS is away at the start: consumers attach when it comes")

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> None:
        jetstream = await self._connection.jetstream()
        with own_errors():
            await jetstream.publish(subject, data, headers={**(headers or {}), api.Header.MSG_ID.value: message_id})

    async def consume(
        self,
        *,
        stream: str,
        durable: str,
        subjects: Sequence[str],
        handler: Handler,
        stop: asyncio.Event,
        concurrency: int = 1,
        retry: Retry = DEFAULT_RETRY,
        ready: asyncio.Event | None = None,
    ) -> None:
        async def set_aside(origin: str, delivery: Delivery, error: Exception) -> None:
            await dead_letters.set_aside(self, delivery, error, service=self._service, durable=durable, stream=origin)

        own = Source(stream, durable, tuple(subjects))
        replayed = Source(
            DEAD_LETTERS,
            f"replay_{self._service}_{durable}",
            (dead_letters.replay_subject(self._service, durable),),
            is_replay=True,
        )
        direct = Consumer(self._connection, own, Judge(durable, handler, retry), set_aside)
        replays = Consumer(self._connection, replayed, Judge(durable, handler, retry), set_aside)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(direct.run(stop, concurrency, ready))
            tasks.create_task(replays.run(stop, 1))

    async def watch(
        self,
        *,
        stream: str,
        subjects: Sequence[str],
        from_sequence: int,
        handler: Handler,
        stop: asyncio.Event,
        caught_up: asyncio.Event | None = None,
    ) -> None:
        watch = Watch(self._connection, stream, subjects, handler)
        await watch.run(from_sequence, stop, caught_up or asyncio.Event())

    async def read_last_per_subject(self, stream: str, subjects: Sequence[str]) -> list[Delivery]:
        jetstream = await self._connection.jetstream()
        with own_errors():
            return await nats_streams.read_last_per_subject(jetstream, stream, subjects)

    async def announce(self, subject: str, data: bytes) -> None:
        _require_live(subject)
        try:
            client = await self._connection.client(timeout_s=0.0)
            await client.publish(subject, data)
        except (Unavailable, nats.errors.Error):
            logger.debug("announcement dropped: NATS is away")

    async def listen(
        self, subject: str, handler: Listener, stop: asyncio.Event, *, ready: asyncio.Event | None = None
    ) -> None:
        _require_live(subject)

        async def on_message(message: Msg) -> None:
            try:
                await handler(message.subject, message.data)
            except Exception:
                logger.exception("listener failed")

        while not stop.is_set():
            try:
                client = await self._connection.client()
                subscription = await client.subscribe(subject, cb=on_message)
                await client.flush()
            except (Unavailable, nats.errors.Error):
                await wait_any(stop, timeout_s=_LISTEN_RETRY_S)
                continue
            if ready is not None:
                ready.set()
            # nats-py subscribes again by itself after a reconnect; a client closed for good is replaced.
            while not stop.is_set() and not client.is_closed:
                await wait_any(stop, timeout_s=_LISTEN_RETRY_S)
            if not client.is_closed:
                await subscription.unsubscribe()

    async def list_dead(
        self, *, limit: int = 50, cursor: int | None = None, service: str | None = None
    ) -> DeadLetterPage:
        return await dead_letters.list_dead(self, limit=limit, cursor=cursor, service=service)

    async def read_dead(self, sequence: int) -> DeadLetter:
        return await dead_letters.read_dead(self, sequence)

    async def replay_dead(self, sequence: int) -> str:
        return await dead_letters.replay_dead(self, sequence)

    async def discard_dead(self, sequence: int) -> None:
        await dead_letters.discard_dead(self, sequence)

    async def next_message(self, stream: str, subject: str, from_sequence: int) -> Delivery | None:
        jetstream = await self._connection.jetstream()
        with own_errors():
            try:
                raw = await jetstream.get_msg(stream, seq=from_sequence, subject=subject, next=True)
            except nats.js.errors.NotFoundError:
                return None
        return from_raw(raw)

    async def get_message(self, stream: str, sequence: int) -> Delivery | None:
        jetstream = await self._connection.jetstream()
        with own_errors():
            try:
                raw = await jetstream.get_msg(stream, seq=sequence)
            except nats.js.errors.NotFoundError:
                return None
        return from_raw(raw)

    async def delete_message(self, stream: str, sequence: int) -> None:
        jetstream = await self._connection.jetstream()
        with own_errors():
            await jetstream.delete_msg(stream, sequence)

    async def ensure_streams(self) -> None:
        jetstream = await self._connection.jetstream()
        with own_errors():
            for spec in plan_streams(self._limits):
                is_owner = spec.owner == self._service
                if is_owner or spec.name in (DIRECTORY, DEAD_LETTERS):
                    await nats_streams.ensure_stream(jetstream, spec, self._limits, is_owner=is_owner)

    async def stream_usage(self) -> list[StreamUsage]:
        jetstream = await self._connection.jetstream()
        with own_errors():
            usages = [await nats_streams.usage(jetstream, spec.name) for spec in plan_streams(self._limits)]
        return [usage for usage in usages if usage is not None]

    async def pending(self, stream: str, durable: str) -> ConsumerLag:
        jetstream = await self._connection.jetstream()
        with own_errors():
            try:
                info = await jetstream.consumer_info(stream, durable)
            except nats.js.errors.NotFoundError:
                raise NotFound() from None
        return ConsumerLag(waiting=info.num_pending or 0, unsettled=info.num_ack_pending or 0)

    async def check(self) -> None:
        jetstream = await self._connection.jetstream(timeout_s=1.0)
        with own_errors():
            await jetstream.account_info()

    async def close(self) -> None:
        await self._connection.close()


def _require_live(subject: str) -> None:
    """Another prefix would be caught by a stream, or refused by the user's rights."""
    if not subject.startswith("live."):
        raise ValueError("announcements are made under live.")

"""The fake: streams, durable consumers and dead letters in one process, for tests of what stands above the bus."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.bus import dead_letters
from shared.bus.message import ConsumerLag, DeadLetter, DeadLetterPage, Delivery, StreamUsage
from shared.bus.port import Listener
from shared.bus.retry import DEFAULT_RETRY, Again, Dead, Handler, Judge, Retry
from shared.bus.streams import DEAD_LETTERS, StreamLimits, StreamSpec, matches, plan_streams
from shared.bus.waiting import wait_any
from shared.clock import utc_now
from shared.errors import NotFound, Unavailable

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stream:
    spec: StreamSpec
    last_sequence: int = 0
    messages: dict[int, Delivery] = field(default_factory=dict)
    message_ids: set[str] = field(default_factory=set)

    def after(self, sequence: int, subjects: Sequence[str]) -> Delivery | None:
        found = (
            message
            for message in self.messages.values()
            if message.sequence > sequence and any(matches(subject, message.subject) for subject in subjects)
        )
        return next(found, None)


@dataclass(slots=True)
class _Durable:
    """``returning`` maps a sequence to (when it is due, its next attempt); ``held`` is being handled."""

    subjects: list[str]
    position: int = 0
    returning: dict[int, tuple[float, int]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)


class MemoryBus:
    """``is_available = False`` makes publishing fail and consumers wait, as NATS does when it is away."""

    def __init__(self, service: str = "test") -> None:
        self._service = service
        self._streams = {spec.name: _Stream(spec) for spec in plan_streams(StreamLimits())}
        self._durables: dict[tuple[str, str], _Durable] = {}
        self._listeners: list[tuple[str, Listener]] = []
        self._news = asyncio.Event()
        self.is_available = True

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> None:
        await self.check()
        stream = next((s for s in self._streams.values() if matches(s.spec.subject, subject)), None)
        if stream is None:
            raise Unavailable(code="bus_unavailable")
        if message_id in stream.message_ids:
            return
        stream.message_ids.add(message_id)
        stream.last_sequence += 1
        if stream.spec.is_compacted:
            stream.messages = {n: m for n, m in stream.messages.items() if m.subject != subject}
        stream.messages[stream.last_sequence] = Delivery(
            subject, data, message_id, stream.last_sequence, utc_now(), headers=dict(headers or {})
        )
        self._wake()

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
        replays = [dead_letters.replay_subject(self._service, durable)]
        if ready is not None:
            ready.set()
        async with asyncio.TaskGroup() as tasks:
            judge = Judge(durable, handler, retry)
            for _ in range(concurrency):
                tasks.create_task(self._work(stream, durable, subjects, judge, stop))
            judge = Judge(durable, handler, retry)
            tasks.create_task(self._work(DEAD_LETTERS, durable, replays, judge, stop))

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
        held = self._streams[stream]
        position = from_sequence - 1 if from_sequence - 1 <= held.last_sequence else 0
        while not stop.is_set():
            news = self._news
            message = held.after(position, subjects)
            if message is None:
                if caught_up is not None:
                    caught_up.set()
                await wait_any(stop, news)
                continue
            try:
                await handler(message)
            except Exception:  # noqa: BLE001 - as the real one: the handler is asked until it takes it
                await wait_any(stop, timeout_s=0.01)
            else:
                position = message.sequence

    async def read_last_per_subject(self, stream: str, subjects: Sequence[str]) -> list[Delivery]:
        await self.check()
        wanted = {
            message.subject: message
            for message in self._streams[stream].messages.values()
            if any(matches(subject, message.subject) for subject in subjects)
        }
        return sorted(wanted.values(), key=lambda message: message.sequence)

    async def announce(self, subject: str, data: bytes) -> None:
        if not subject.startswith("live."):
            raise ValueError("announcements are made under live.")
        for pattern, listener in list(self._listeners):
            if self.is_available and matches(pattern, subject):
                try:
                    await listener(subject, data)
                except Exception:
                    logger.exception("listener failed")

    async def listen(
        self, subject: str, handler: Listener, stop: asyncio.Event, *, ready: asyncio.Event | None = None
    ) -> None:
        entry = (subject, handler)
        self._listeners.append(entry)
        if ready is not None:
            ready.set()
        await stop.wait()
        self._listeners.remove(entry)

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
        await self.check()
        return self._streams[stream].after(from_sequence - 1, [subject])

    async def get_message(self, stream: str, sequence: int) -> Delivery | None:
        await self.check()
        return self._streams[stream].messages.get(sequence)

    async def delete_message(self, stream: str, sequence: int) -> None:
        self._streams[stream].messages.pop(sequence, None)

    async def ensure_streams(self) -> None:
        await self.check()

    async def stream_usage(self) -> list[StreamUsage]:
        return [
            StreamUsage(
                stream.spec.name,
                len(stream.messages),
                sum(len(message.data) for message in stream.messages.values()),
                stream.spec.max_bytes,
            )
            for stream in self._streams.values()
        ]

    async def pending(self, stream: str, durable: str) -> ConsumerLag:
        if (stream, durable) not in self._durables:
            raise NotFound()
        state, held = self._durables[stream, durable], self._streams[stream]
        waiting, position = 0, state.position
        while message := held.after(position, state.subjects):
            waiting, position = waiting + 1, message.sequence
        return ConsumerLag(waiting=waiting, unsettled=len(state.returning) + len(state.held))

    async def check(self) -> None:
        if not self.is_available:
            raise Unavailable(code="bus_unavailable")

    async def close(self) -> None:
        """Nothing is held."""

    async def _work(
        self, stream: str, durable: str, subjects: Sequence[str], judge: Judge, stop: asyncio.Event
    ) -> None:
        state = self._durables.setdefault((stream, durable), _Durable(list(subjects)))
        state.subjects = list(subjects)
        while not stop.is_set():
            news = self._news
            delivery = self._take(self._streams[stream], state) if self.is_available else None
            if delivery is None:
                await wait_any(stop, news, timeout_s=0.01 if state.returning or not self.is_available else None)
                continue
            is_replay = stream == DEAD_LETTERS
            original = dead_letters.as_original(delivery) if is_replay else delivery
            verdict = await judge.handle(original)
            if isinstance(verdict, Dead):
                origin = dead_letters.original_stream(delivery) if is_replay else stream
                await dead_letters.set_aside(
                    self, original, verdict.error, service=self._service, durable=durable, stream=origin
                )
            if isinstance(verdict, Again):
                due = asyncio.get_running_loop().time() + verdict.delay_s
                state.returning[delivery.sequence] = (due, delivery.attempt + 1)
            state.held.discard(delivery.sequence)

    def _take(self, stream: _Stream, state: _Durable) -> Delivery | None:
        """What has come back and is due first, then the next new one."""
        now = asyncio.get_running_loop().time()
        for sequence, (due, attempt) in state.returning.items():
            if due <= now:
                del state.returning[sequence]
                state.held.add(sequence)
                return replace(stream.messages[sequence], attempt=attempt)
        message = stream.after(state.position, state.subjects)
        if message is not None:
            state.position = message.sequence
            state.held.add(message.sequence)
        return message

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

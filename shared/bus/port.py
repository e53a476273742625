"""The port: what services ask of the message bus. JetStream delivers at least once; the inbox makes that once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from shared.bus.message import ConsumerLag, DeadLetter, DeadLetterPage, Delivery, StreamUsage
from shared.bus.retry import DEFAULT_RETRY, Handler, Retry

Listener = Callable[[str, bytes], Awaitable[None]]


class Bus(Protocol):
    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Returns when the stream holds the message on disk, else ``Unavailable`` within seconds.

        A second publish of a ``message_id`` within the duplicate window is acknowledged and not stored.
        """

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
        """Hand over each message until ``stop``; ``ready`` is set when attached. Survives the server's absence.

        A handler that returns acknowledges. ``RetryLater`` and ``Unavailable`` bring the message back without end;
        any other error brings it back after growing pauses, then makes it a dead letter. Those behind it do not
        wait, so order holds only for messages that succeed at once and with ``concurrency`` 1.
        """

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
        """Hand over every message from ``from_sequence`` (1 is the beginning) strictly in order until ``stop``.

        Nothing is acknowledged: the caller stores ``delivery.sequence`` and comes back with the next. A failing
        handler is called again and holds up the rest: it decides itself what may be skipped. ``caught_up`` is set
        once what was stored when the watch began has been handed over. A stream that was made anew, shorter than
        ``from_sequence``, is read from its beginning.
        """

    async def read_last_per_subject(self, stream: str, subjects: Sequence[str]) -> list[Delivery]:
        """The newest message of every matching subject, in stream order."""

    async def announce(self, subject: str, data: bytes) -> None:
        """Tell whoever listens now, under ``live.``; nothing is stored, and nothing is said while NATS is away."""

    async def listen(
        self, subject: str, handler: Listener, stop: asyncio.Event, *, ready: asyncio.Event | None = None
    ) -> None:
        """Call ``handler(subject, data)`` for each announcement until ``stop``; those made while away are lost."""

    async def list_dead(
        self, *, limit: int = 50, cursor: int | None = None, service: str | None = None
    ) -> DeadLetterPage: ...

    async def read_dead(self, sequence: int) -> DeadLetter:
        """``NotFound`` when it was replayed, discarded or has aged out."""

    async def replay_dead(self, sequence: int) -> str:
        """Give the message again to the consumer that gave it up, and to no other; returns its new message id."""

    async def discard_dead(self, sequence: int) -> None: ...

    async def ensure_streams(self) -> None:
        """Make the service's own streams, the directory and the dead letters where they are absent.

        Those it owns are also brought to the configured limits.
        """

    async def stream_usage(self) -> list[StreamUsage]:
        """Of the streams that are there: a centre makes its own when it first starts."""

    async def pending(self, stream: str, durable: str) -> ConsumerLag:
        """``NotFound`` while nobody has ever attached."""

    async def check(self) -> None:
        """``Unavailable`` unless JetStream answers now."""

    async def close(self) -> None: ...

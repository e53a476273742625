"""An MLLP server: many messages on one socket, answered in order, handled in batches over all sockets."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from services.lab.listeners.batching import Answers, Batcher, Handler, Outcome, Received
from services.lab.listeners.listener import Line, Listener
from services.lab.listeners.mllp_frames import FrameTooLarge, MllpReader, framed
from services.lab.parse.ack import acknowledge
from services.lab.parse.message import RejectCode, Rejected
from shared.telemetry import fields

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MllpLimits:
    """``message_s``: from the first byte of a message to its last, however slowly they trickle. ``idle_s``: between
    messages; analyzers keep a socket open for days. ``unanswered``: messages, and bytes of them, that one socket may
    have in flight."""

    max_bytes: int = 16 * 1024 * 1024
    connections: int = 200
    message_s: float = 60
    idle_s: float = 24 * 3600
    unanswered: int = 500
    unanswered_bytes: int = 32 * 1024 * 1024


@dataclass
class MllpCounts:
    messages: int = 0
    junk_bytes: int = 0
    timed_out: int = 0
    too_large: int = 0


class MllpServer:
    """``stop`` lets what was received be answered. A handler that fails makes AE; the socket stays."""

    def __init__(self, handler: Handler, *, host: str, port: int, limits: MllpLimits | None = None) -> None:
        self._limits = limits or MllpLimits()
        self._batcher = Batcher(handler)
        self.listener = Listener(self._serve, host, port, self._limits.connections)
        self.counts = MllpCounts()

    @property
    def port(self) -> int:
        return self.listener.port

    @property
    def batches(self) -> int:
        return self._batcher.batches

    async def start(self) -> None:
        self._batcher.start()
        await self.listener.start()

    async def stop(self) -> None:
        await self.listener.stop()
        await self._batcher.stop()

    async def _serve(self, line: Line) -> None:
        await _Connection(line, self._limits, self.counts, self._batcher).serve()


@dataclass
class _Connection:
    line: Line
    limits: MllpLimits
    counts: MllpCounts
    batcher: Batcher
    _answers: "deque[tuple[bytes, Outcome]]" = field(default_factory=deque)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _written: asyncio.Event = field(default_factory=asyncio.Event)
    _in_flight: int = 0
    _ended: bool = False
    _refused: bool = False

    async def serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write())
            await self._read()
            self._ended = True
            self._arrived.set()
        if self._refused:
            await self.line.linger()

    async def _read(self) -> None:
        frames = MllpReader(self.limits.max_bytes)
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            allowed = begun + self.limits.message_s - clock() if frames.inside else self.limits.idle_s
            data = await self.line.read(allowed)
            if not data:
                if self.line.timed_out and frames.inside:
                    self.counts.timed_out += 1
                    self._refuse("AE", frames.head, "报文在规定时间内没有收完，请重发")
                return
            was_inside = frames.inside
            try:
                for message in frames.feed(data):
                    self.counts.messages += 1
                    self._push(message, self.batcher.submit(Received(message, self.line.peer)))
                    was_inside = False
            except FrameTooLarge as fault:
                self.counts.too_large += 1
                logger.warning("an MLLP message was too large", extra=fields(size_bytes=self.limits.max_bytes))
                self._refuse("AR", fault.head, f"报文超过 {self.limits.max_bytes} 字节")
                return
            finally:
                self.counts.junk_bytes += frames.take_junk()
            if frames.inside and not was_inside:
                begun = clock()
            while self._is_ahead():  # the sender does not wait for its ACKs: it shall
                self._written.clear()
                await self._written.wait()

    def _is_ahead(self) -> bool:
        return len(self._answers) >= self.limits.unanswered or self._in_flight >= self.limits.unanswered_bytes

    def _push(self, message: bytes, outcome: Outcome) -> None:
        self._answers.append((message, outcome))
        self._in_flight += len(message)
        self._arrived.set()

    def _refuse(self, code: Literal["AE", "AR"], head: bytes, detail: str) -> None:
        """The last answer of the socket: where the next message would begin is not known."""
        error = Rejected(RejectCode.too_large if code == "AR" else RejectCode.broken, detail)
        outcome: Outcome = asyncio.get_running_loop().create_future()
        outcome.set_result((acknowledge(head, code, error=error),))
        self._push(head, outcome)
        self._refused = True

    async def _write(self) -> None:
        while not (self._ended and not self._answers):
            if not self._answers:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            message, outcome = self._answers[0]
            answers = await outcome
            written = b"".join(framed(answer) for answer in (_not_stored(message) if answers is None else answers))
            self._answers.popleft()
            self._in_flight -= len(message)
            self._written.set()
            await self.line.write(written)


def _not_stored(message: bytes) -> Answers:
    """AE: the sender keeps the message and sends it again."""
    return (acknowledge(message, "AE", text="系统暂时无法保存，请稍后重发"),)

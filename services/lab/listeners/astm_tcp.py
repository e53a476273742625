"""An ASTM (LIS1-A, E1381) server over TCP: receives sessions; what its handler answers goes out as a session of ours.

Each frame is answered by ACK or NAK. The frame with the L record is acknowledged only when the handler has stored the
message; if it cannot, NAK makes the analyzer send that frame again. Answers go out after the analyzer's EOT.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field

from services.lab.listeners.batching import Batcher, Handler, Received
from services.lab.listeners.listener import Line, Listener
from services.lab.parse.astm_frames import ACK, ENQ, EOT, FRAME_TEXT, NAK, Event, FrameReader, Signal, frames_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AstmLimits:
    """Timers of LIS1-A: 15 s for a reply, 30 s for the next frame, 10 s after NAK to ENQ, 20 s for the host when both
    want to send. ``attempts`` of a frame."""

    connections: int = 100
    reply_s: float = 15
    frame_s: float = 30
    busy_s: float = 10
    contention_s: float = 20
    idle_s: float = 24 * 3600
    attempts: int = 6
    max_bytes: int = 16 * 1024 * 1024
    frame_text: int = FRAME_TEXT


@dataclass
class AstmCounts:
    messages: int = 0
    bad_frames: int = 0
    repeated: int = 0
    abandoned: int = 0
    timed_out: int = 0
    unsent: int = 0


class AstmServer:
    """``handler`` gets whole messages (records without frames) and answers with records to send, if any."""

    def __init__(self, handler: Handler, *, host: str, port: int, limits: AstmLimits | None = None) -> None:
        self._limits = limits or AstmLimits()
        self._batcher = Batcher(handler)
        self.listener = Listener(self._serve, host, port, self._limits.connections)
        self.counts = AstmCounts()

    @property
    def port(self) -> int:
        return self.listener.port

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
    limits: AstmLimits
    counts: AstmCounts
    batcher: Batcher
    _frames: FrameReader = field(default_factory=FrameReader)
    _events: deque[Event] = field(default_factory=deque)
    _outbox: deque[bytes] = field(default_factory=deque)
    _quiet_until: float = 0  # the host may not ask for the line before

    async def serve(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            wait = self._quiet_until - clock()
            if self._outbox and wait <= 0 and not self._events:
                await self._send()
                continue
            event = await self._next(wait if self._outbox else self.limits.idle_s)
            if event is None:
                if self.line.timed_out and self._outbox:
                    continue
                return
            if event.signal is Signal.enq:
                await self.line.write(ACK)
                await self._receive(None)
            elif event.signal is Signal.frame and event.text:
                await self._receive(event)  # an analyzer that sends no ENQ

    async def _next(self, allowed_s: float) -> Event | None:
        """The next event within the time, however slowly its bytes come; None: time is up, the end, or stopping."""
        clock = asyncio.get_running_loop().time
        until = clock() + allowed_s
        while not self._events:
            data = await self.line.read(until - clock())
            if not data:
                return None
            self._events.extend(self._frames.feed(data))
        return self._events.popleft()

    async def _receive(self, first: Event | None) -> None:
        """One session, to EOT. What a session without an L record held is handed over if its last frame was good."""
        session = _Session()
        event = first
        while True:
            event = event or await self._next(self.limits.frame_s)
            if event is None or event.signal is Signal.eot:
                break
            if event.signal is Signal.enq:  # it begins anew: what came of the first attempt is sent again
                session = _Session()
                await self.line.write(ACK)
            elif event.signal is Signal.frame:
                await self.line.write(ACK if await self._accept(event, session) else NAK)
            event = None
        self._quiet_until = 0  # the line is free
        if event is None:
            self.counts.timed_out += self.line.timed_out
            self._frames.restart()
        if not session.texts:
            return
        if event is None or session.faulty or not session.whole:
            self.counts.abandoned += 1
            logger.warning("an ASTM session ended before its message did")
        elif not await self._hand_over(session):
            self.counts.abandoned += 1

    async def _accept(self, event: Event, session: "_Session") -> bool:
        """Whether the frame is to be acknowledged."""
        if event.repeated:
            self.counts.repeated += 1
            return True
        session.faulty = bool(event.fault)
        if event.fault or session.size + len(event.text) > self.limits.max_bytes:
            self.counts.bad_frames += 1
            return False
        session.add(event)
        if not session.has_terminator or await self._hand_over(session):
            return True
        session.remove_last()
        self._frames.expected = (self._frames.expected - 1) % 8
        return False

    async def _hand_over(self, session: "_Session") -> bool:
        answers = await self.batcher.submit(Received(session.message, self.line.peer))
        if answers is None:
            return False
        self.counts.messages += 1
        self._outbox.extend(answers)
        session.texts.clear()
        session.size = 0
        return True

    async def _send(self) -> None:
        """One message of the outbox as a session of the host. It stays there while the analyzer has the line."""
        clock = asyncio.get_running_loop().time
        await self.line.write(ENQ)
        reply = await self._reply()
        if reply is Signal.enq:  # both want the line: the analyzer goes first and asks again (LIS1-A 8.2.7.1)
            self._quiet_until = clock() + self.limits.contention_s
            return
        if reply is Signal.nak:
            self._quiet_until = clock() + self.limits.busy_s
            return
        message = self._outbox.popleft()
        sent = reply is Signal.ack and await self._send_frames(message)
        self.counts.unsent += not sent
        await self.line.write(EOT)

    async def _send_frames(self, message: bytes) -> bool:
        for frame in frames_of(message, self.limits.frame_text):
            for _ in range(self.limits.attempts):
                await self.line.write(frame)
                reply = await self._reply()
                if reply in (Signal.ack, Signal.eot):  # EOT: received, and it would like to have the line soon
                    break
                if reply is None:
                    return False
            else:
                return False
        return True

    async def _reply(self) -> Signal | None:
        while (event := await self._next(self.limits.reply_s)) and event.signal is Signal.junk:
            continue
        return event.signal if event else None


@dataclass
class _Session:
    texts: list[bytes] = field(default_factory=list)
    size: int = 0
    faulty: bool = False
    whole: bool = False  # the last frame ended a record

    @property
    def message(self) -> bytes:
        return b"".join(self.texts)

    @property
    def has_terminator(self) -> bool:
        """The last record is L. It may be cut over two frames, so the last 300 bytes are looked at."""
        tail = b"".join(self.texts[-2:])[-300:].rstrip(b"\r\n")
        return self.whole and tail[max(tail.rfind(b"\r"), tail.rfind(b"\n")) + 1 :][:1] == b"L"

    def add(self, event: Event) -> None:
        self.texts.append(event.text)
        self.size += len(event.text)
        self.whole = event.ends

    def remove_last(self) -> None:
        self.size -= len(self.texts.pop())

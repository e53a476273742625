"""An MLLP server: many messages on one socket, answered in order, handled in batches over all sockets."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field

from services.lab.listeners.batching import Answers, Batcher, Handler, Peer, Received
from services.lab.listeners.mllp_frames import FrameTooLarge, MllpReader, framed
from services.lab.parse.ack import acknowledge
from services.lab.parse.message import RejectCode, Rejected
from shared.telemetry import fields

logger = logging.getLogger(__name__)
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class MllpLimits:
    """``message_s``: from the first byte of a message to its last, however slowly they trickle. ``idle_s``: between
    messages; analyzers keep a socket open for days. ``unanswered``: what one socket may have in flight."""

    max_bytes: int = 16 * 1024 * 1024
    connections: int = 200
    message_s: float = 60
    idle_s: float = 24 * 3600
    unanswered: int = 500
    write_s: float = 30


@dataclass
class Counts:
    connections: int = 0
    refused: int = 0
    messages: int = 0
    junk_bytes: int = 0
    timed_out: int = 0
    too_large: int = 0


class MllpServer:
    """``start`` binds, ``stop`` lets what was received be answered. ``handler`` gets batches (see Handler)."""

    def __init__(self, handler: Handler, *, host: str, port: int, limits: MllpLimits | None = None) -> None:
        self._host, self._wanted_port = host, port
        self._limits = limits or MllpLimits()
        self._batcher = Batcher(handler, _failed)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self.counts = Counts()

    @property
    def port(self) -> int:
        """The one it is bound to, when it was started with 0."""
        sockets = self._server.sockets if self._server else ()
        return int(sockets[0].getsockname()[1]) if sockets else self._wanted_port

    async def start(self) -> None:
        self._batcher.start()
        self._server = await asyncio.start_server(self._accept, self._host, self._wanted_port, limit=_CHUNK)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self._stopping.set()
        if self._connections:
            await asyncio.wait(self._connections, timeout=self._limits.write_s)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._batcher.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= self._limits.connections or self._stopping.is_set():
            self.counts.refused += 1
            writer.close()
            return
        self._connections.add(task)
        self.counts.connections += 1
        try:
            await _Connection(reader, writer, self._limits, self.counts, self._batcher, self._stopping).serve()
        except (ConnectionError, TimeoutError):
            logger.info("an MLLP connection was lost")
        finally:
            self._connections.discard(task)
            writer.close()


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    limits: MllpLimits
    counts: Counts
    batcher: Batcher
    stopping: asyncio.Event
    _answers: "deque[asyncio.Future[Answers]]" = field(default_factory=deque)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: bool = False

    async def serve(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write())
            await self._read()
            self._ended = True
            self._changed.set()

    async def _read(self) -> None:
        host, port = (self.writer.get_extra_info("peername") or ("", 0))[:2]
        peer, frames = Peer(str(host), int(port)), MllpReader(self.limits.max_bytes)
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            allowed = begun + self.limits.message_s - clock() if frames.inside else self.limits.idle_s
            data = await self._next(allowed)
            if data is None:
                self.counts.timed_out += frames.inside
                return
            was_inside = frames.inside
            try:
                for message in frames.feed(data):
                    self.counts.messages += 1
                    self._answers.append(self.batcher.submit(Received(message, peer)))
                    self._changed.set()
                    was_inside = False
            except FrameTooLarge as fault:
                self.counts.too_large += 1
                self._refuse(fault.head)
                return
            finally:
                self.counts.junk_bytes += frames.junk_bytes
                frames.junk_bytes = 0
            if frames.inside and not was_inside:
                begun = clock()
            while len(self._answers) >= self.limits.unanswered:  # the sender does not wait for its ACKs: it shall
                await asyncio.wait([self._answers[0]])
                await asyncio.sleep(0)

    async def _next(self, allowed_s: float) -> bytes | None:
        """None at the end, when time is up, or when the server stops."""
        reading = asyncio.ensure_future(self.reader.read(_CHUNK))
        stopping = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((reading, stopping), timeout=max(0, allowed_s), return_when=asyncio.FIRST_COMPLETED)
            return (reading.result() or None) if reading.done() else None
        finally:
            reading.cancel()
            stopping.cancel()

    def _refuse(self, head: bytes) -> None:
        error = Rejected(RejectCode.too_large, f"报文超过 {self.limits.max_bytes // (1024 * 1024)} MB")
        future: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        future.set_result((acknowledge(head, "AR", error=error),))
        self._answers.append(future)
        logger.warning("an MLLP message was too large", extra=fields(size_bytes=self.limits.max_bytes))

    async def _write(self) -> None:
        while True:
            while self._answers:
                # The future stays at the head until it is written: its place is what _read counts.
                for answer in await self._answers[0]:
                    self.writer.write(framed(answer))
                self._answers.popleft()
                if not self._answers or not self._answers[0].done():
                    async with asyncio.timeout(self.limits.write_s):
                        await self.writer.drain()
            if self._ended:
                return
            self._changed.clear()
            await self._changed.wait()


def _failed(received: Received) -> Answers:
    """AE: the sender keeps the message and sends it again."""
    return (acknowledge(received.raw, "AE", text="系统暂时无法保存，请稍后重发"),)

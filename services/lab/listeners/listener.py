"""A bound socket and its connections: a limit to how many, one task each, a stop that lets them finish."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from services.lab.listeners.batching import Peer

logger = logging.getLogger(__name__)
CHUNK = 64 * 1024
CLOSING_S = 30


class Line:
    """One connection as a protocol sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stopping: asyncio.Event) -> None:
        self._reader = reader
        self.writer = writer
        self._stopping = stopping
        self._stop = asyncio.ensure_future(stopping.wait())
        host, port = (writer.get_extra_info("peername") or ("", 0))[:2]
        self.peer = Peer(str(host), int(port))
        self.timed_out = False

    async def read(self, allowed_s: float) -> bytes:
        """Empty at the end, when the server stops, and when time is up (then ``timed_out``)."""
        self.timed_out = False
        reading = asyncio.ensure_future(self._reader.read(CHUNK))
        try:
            await asyncio.wait((reading, self._stop), timeout=max(0, allowed_s), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            self.timed_out = not self._stopping.is_set()
            return b""
        finally:
            reading.cancel()

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(CLOSING_S):
            await self.writer.drain()

    async def linger(self) -> None:
        """Says that nothing more comes and throws away what still arrives: closing at once would make the system drop
        the last answer together with the unread bytes."""
        self.writer.write_eof()
        async with asyncio.timeout(CLOSING_S):
            while await self._reader.read(CHUNK):
                continue

    def close(self) -> None:
        self._stop.cancel()
        self.writer.close()


class Listener:
    def __init__(self, serve: Callable[[Line], Awaitable[None]], host: str, port: int, connections: int) -> None:
        self._serve = serve
        self._host, self._wanted_port, self._limit = host, port, connections
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self.accepted = 0
        self.refused = 0
        self.lost = 0

    @property
    def port(self) -> int:
        """The one it is bound to, when it was started with 0."""
        sockets = self._server.sockets if self._server else ()
        return int(sockets[0].getsockname()[1]) if sockets else self._wanted_port

    @property
    def connections(self) -> int:
        return len(self._tasks)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, self._host, self._wanted_port, limit=CHUNK)

    async def stop(self) -> None:
        """Connections see the end of their input, answer what they have, and close."""
        if self._server:
            self._server.close()
        self._stopping.set()
        tasks = set(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSING_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= self._limit or self._stopping.is_set():
            self.refused += 1
            writer.close()
            return
        self._tasks.add(task)
        self.accepted += 1
        line = Line(reader, writer, self._stopping)
        try:
            await self._serve(line)
        except* OSError:  # reset, broken pipe, a peer that does not read
            self.lost += 1
            logger.info("a connection of a listener was lost")
        finally:
            self._tasks.discard(task)
            line.close()

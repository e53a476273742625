"""A TCP proxy that cuts each connection after so many bytes or seconds towards the server, as a rural line does."""

import asyncio
import contextlib
import math


class CuttingProxy:
    """``sent_bytes``: what went towards the server, heads of requests included; ``cuts``: connections broken off.

    A connection is cut ``cut_after_bytes`` after its first byte or ``cut_after_s`` after it was made, while it sends.
    """

    def __init__(
        self,
        target_port: int,
        cut_after_bytes: float = math.inf,
        *,
        cut_after_s: float = math.inf,
        bytes_per_s: float = math.inf,
    ) -> None:
        self._target_port = target_port
        self._cut_after_bytes = cut_after_bytes
        self._cut_after_s = cut_after_s
        self._bytes_per_s = bytes_per_s
        self.sent_bytes = 0
        self.cuts = 0

    async def __aenter__(self) -> "CuttingProxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        back = asyncio.ensure_future(_copy(server_reader, writer))
        left = self._cut_after_bytes
        ends_at = asyncio.get_running_loop().time() + self._cut_after_s
        with contextlib.suppress(ConnectionError):
            while left > 0 and (data := await reader.read(int(min(65536, left)))):
                left -= len(data)
                self.sent_bytes += len(data)
                server_writer.write(data)
                await server_writer.drain()
                await asyncio.sleep(len(data) / self._bytes_per_s)  # the line's own pace
                if asyncio.get_running_loop().time() >= ends_at:
                    left = 0
            if left <= 0:
                self.cuts += 1
        back.cancel()
        for each in (server_writer, writer):
            each.transport.abort() if each is writer else each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

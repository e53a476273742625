import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from services.lab.listeners.batching import Answers, Received
from services.lab.listeners.mllp import MllpLimits, MllpServer
from services.lab.listeners.mllp_frames import MllpReader, framed
from services.lab.parse.ack import acknowledge
from tests.support.lab_messages import blood_count


def answer(received: Received) -> Answers:
    return (acknowledge(received.raw, "AA"),)


class Laboratory:
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.broken = False

    async def __call__(self, batch: Sequence[Received]) -> Sequence[Answers]:
        if self.broken:
            raise OSError("no database")
        self.got += [each.raw for each in batch]
        return [answer(each) for each in batch]


class Analyzer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._frames, self._ready = MllpReader(1 << 20), list[bytes]()

    def send(self, *messages: str) -> None:
        self.writer.write(b"".join(framed(each.encode()) for each in messages))

    async def answers(self, count: int) -> list[str]:
        """``AA 17`` of each MSA."""
        async with asyncio.timeout(10):
            while len(self._ready) < count:
                data = await self.reader.read(65536)
                assert data, "the server closed"
                self._ready += self._frames.feed(data)
        found, self._ready = self._ready[:count], self._ready[count:]
        return [" ".join(each.decode().split("MSA|")[1].split("|")[:2]) for each in found]

    async def closed(self) -> bool:
        async with asyncio.timeout(10):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True


@asynccontextmanager
async def running(
    laboratory: Laboratory, **limits: float
) -> AsyncIterator[tuple[MllpServer, Callable[[], asyncio.Future[Analyzer]]]]:
    server = MllpServer(laboratory, host="127.0.0.1", port=0, limits=MllpLimits(**limits))  # type: ignore[arg-type]
    await server.start()
    opened: list[Analyzer] = []

    async def connect() -> Analyzer:
        opened.append(Analyzer(*await asyncio.open_connection("127.0.0.1", server.port)))
        return opened[-1]

    try:
        yield server, lambda: asyncio.ensure_future(connect())
    finally:
        await server.stop()
        for each in opened:
            each.writer.close()


async def test_many_messages_on_one_socket_are_answered_in_order() -> None:
    laboratory = Laboratory()
    async with running(laboratory) as (_, connect):
        analyzer = await connect()
        analyzer.send(*[blood_count(control_id=str(number)) for number in range(300)])
        assert await analyzer.answers(300) == [f"AA {number}" for number in range(300)]
    assert len(laboratory.got) == 300


async def test_each_socket_gets_its_own_answers() -> None:
    async with running(Laboratory()) as (_, connect):
        analyzers = [await connect() for _ in range(5)]
        for place, analyzer in enumerate(analyzers):
            analyzer.send(*[blood_count(control_id=f"{place}-{number}") for number in range(40)])
        for place, analyzer in enumerate(analyzers):
            assert await analyzer.answers(40) == [f"AA {place}-{number}" for number in range(40)]


async def test_a_handler_that_fails_makes_ae_and_the_socket_stays() -> None:
    laboratory = Laboratory()
    async with running(laboratory) as (_, connect):
        analyzer = await connect()
        laboratory.broken = True
        analyzer.send(blood_count(control_id="7"))
        assert await analyzer.answers(1) == ["AE 7"]
        laboratory.broken = False
        analyzer.send(blood_count(control_id="7"))
        assert await analyzer.answers(1) == ["AA 7"]


async def test_a_message_that_is_too_large_is_refused_and_the_listener_lives() -> None:
    async with running(Laboratory(), max_bytes=100_000) as (server, connect):
        analyzer, other = await connect(), await connect()
        analyzer.writer.write(b"\x0b" + blood_count(control_id="big").encode() + b"x" * 300_000)
        assert await analyzer.answers(1) == ["AR big"]
        analyzer.writer.close()
        other.send(blood_count(control_id="2"))
        assert await other.answers(1) == ["AA 2"]
        assert server.counts.too_large == 1


async def test_one_that_trickles_and_never_ends_is_told_so_and_closed() -> None:
    async with running(Laboratory(), message_s=0.3) as (server, connect):
        analyzer = await connect()

        async def trickle() -> None:
            for byte in blood_count(control_id="slow").encode():
                analyzer.writer.write(bytes([byte]))
                await analyzer.writer.drain()
                await asyncio.sleep(0.002)

        analyzer.writer.write(b"\x0b")
        trickling = asyncio.ensure_future(trickle())
        assert (await analyzer.answers(1))[0].startswith("AE")
        trickling.cancel()
        analyzer.writer.write_eof()
        assert await analyzer.closed()
        assert server.counts.timed_out == 1
        other = await connect()
        other.send(blood_count())
        assert await other.answers(1) == ["AA 1"]


async def test_connections_over_the_limit_are_closed_at_once() -> None:
    async with running(Laboratory(), connections=1) as (server, connect):
        first = await connect()
        first.send(blood_count())
        await first.answers(1)
        assert await (await connect()).closed()
        assert server.listener.refused == 1


async def test_a_sender_that_reads_nothing_cannot_fill_the_memory() -> None:
    async with running(Laboratory(), unanswered=10) as (_, connect):
        analyzer = await connect()
        analyzer.send(*[blood_count(control_id=str(number)) for number in range(100)])
        assert await analyzer.answers(100) == [f"AA {number}" for number in range(100)]


async def test_a_sender_of_large_messages_cannot_fill_the_memory() -> None:
    """Bytes in flight are bounded as messages are: by the limit and one read beyond it."""

    class Slow(Laboratory):
        done = most = 0

        async def __call__(self, batch: Sequence[Received]) -> Sequence[Answers]:
            for _ in range(200):
                await asyncio.sleep(0)  # the reader has its turns
            Slow.most = max(Slow.most, server.counts.messages - Slow.done)
            Slow.done += len(batch)
            return await super().__call__(batch)

    async with running(Slow(), unanswered_bytes=50_000) as (server, connect):
        analyzer = await connect()
        padding = "NTE|1||" + "x" * 20_000 + "\r"
        analyzer.send(*[blood_count(control_id=str(number)) + padding for number in range(60)])
        assert await analyzer.answers(60) == [f"AA {number}" for number in range(60)]
    assert Slow.most <= 10


async def test_stopping_answers_what_was_received() -> None:
    class Slow(Laboratory):
        async def __call__(self, batch: Sequence[Received]) -> Sequence[Answers]:
            entered.set()
            await leave.wait()
            return await super().__call__(batch)

    entered, leave = asyncio.Event(), asyncio.Event()
    async with running(Slow()) as (server, connect):
        analyzer = await connect()
        analyzer.send(blood_count(control_id="last"))
        await entered.wait()
        stopping = asyncio.ensure_future(server.stop())
        leave.set()
        assert await analyzer.answers(1) == ["AA last"]
        assert await analyzer.closed()
        await stopping


async def test_a_socket_that_breaks_off_harms_nobody() -> None:
    async with running(Laboratory()) as (_, connect):
        analyzer, other = await connect(), await connect()
        analyzer.writer.write(b"\x0b" + blood_count().encode()[:200])
        analyzer.writer.transport.abort()
        other.send(blood_count(control_id="2"))
        assert await other.answers(1) == ["AA 2"]

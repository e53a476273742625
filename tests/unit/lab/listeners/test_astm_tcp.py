import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.lab.listeners.astm_tcp import AstmLimits, AstmServer
from services.lab.listeners.batching import Answers, Received
from services.lab.parse.astm_answers import write_answers
from services.lab.parse.astm_frames import ACK, ENQ, EOT, NAK, frames_of, split_frame
from services.lab.parse.astm_records import read_astm
from services.lab.parse.message import MessagePatient, QueryAnswer
from tests.support.lab_messages import ASTM_QUERY, astm_results

TUBE = QueryAnswer("PR123", MessagePatient("P1", "测试甲"), (("WBC", "白细胞"),))


class Laboratory:
    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.failures = 0

    async def __call__(self, batch: Sequence[Received]) -> Sequence[Answers]:
        if self.failures:
            self.failures -= 1
            raise OSError("no database")
        return [self._answer(each) for each in batch]

    def _answer(self, received: Received) -> Answers:
        self.got.append(received.raw)
        (message,) = read_astm(received.raw)
        return tuple(write_answers(message, query, [TUBE]) for query in message.queries)


class Analyzer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, data: bytes) -> bytes:
        self.writer.write(data)
        return await self.sign()

    async def sign(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readexactly(1)

    async def send(self, message: bytes, size: int = 240) -> None:
        assert await self.say(ENQ) == ACK
        for frame in frames_of(message, size):
            assert await self.say(frame) == ACK
        self.writer.write(EOT)

    async def receive(self) -> bytes:
        """A session of the host."""
        assert await self.sign() == ENQ
        self.writer.write(ACK)
        texts = []
        async with asyncio.timeout(10):
            while (first := await self.reader.readexactly(1)) != EOT:
                body, fault = split_frame(first + await self.reader.readuntil(b"\r\n"))
                assert not fault
                texts.append(body[1:])
                self.writer.write(ACK)
        return b"".join(texts)


@asynccontextmanager
async def running(laboratory: Laboratory, **limits: float) -> AsyncIterator[tuple[AstmServer, Analyzer]]:
    server = AstmServer(laboratory, host="127.0.0.1", port=0, limits=AstmLimits(**limits))  # type: ignore[arg-type]
    await server.start()
    analyzer = Analyzer(*await asyncio.open_connection("127.0.0.1", server.port))
    try:
        yield server, analyzer
    finally:
        await server.stop()
        analyzer.writer.close()


async def test_sessions_follow_each_other_on_one_socket() -> None:
    laboratory = Laboratory()
    async with running(laboratory) as (server, analyzer):
        for size in (240, 20, 64_000):
            await analyzer.send(astm_results(), size)
        assert await analyzer.say(ENQ) == ACK
    assert laboratory.got == [astm_results()] * 3
    assert server.counts.messages == 3


async def test_a_bad_checksum_is_sent_again_and_a_repeated_frame_is_stored_once() -> None:
    laboratory = Laboratory()
    async with running(laboratory) as (server, analyzer):
        assert await analyzer.say(ENQ) == ACK
        for frame in frames_of(astm_results()):
            assert await analyzer.say(frame[:-4] + b"00\r\n") == NAK
            assert await analyzer.say(frame) == ACK
            assert await analyzer.say(frame) == ACK  # our ACK was lost
        analyzer.writer.write(EOT)
        assert await analyzer.say(ENQ) == ACK
    assert laboratory.got == [astm_results()]
    assert (server.counts.bad_frames, server.counts.repeated) == (6, 6)


async def test_the_last_frame_is_acknowledged_when_the_message_is_stored() -> None:
    laboratory = Laboratory()
    laboratory.failures = 1
    async with running(laboratory) as (_, analyzer):
        assert await analyzer.say(ENQ) == ACK
        *others, last = frames_of(astm_results())
        for frame in others:
            assert await analyzer.say(frame) == ACK
        assert await analyzer.say(last) == NAK
        assert laboratory.got == []
        assert await analyzer.say(last) == ACK
        assert laboratory.got == [astm_results()]


async def test_a_query_is_answered_after_its_session() -> None:
    async with running(Laboratory()) as (_, analyzer):
        await analyzer.send(ASTM_QUERY)
        orders = (await analyzer.receive()).decode()
        assert "|2001^01^                 PR123^B|^^^WBC|" in orders
        await analyzer.send(astm_results())


async def test_when_both_want_the_line_the_analyzer_has_it() -> None:
    laboratory = Laboratory()
    async with running(laboratory, contention_s=30) as (_, analyzer):
        await analyzer.send(ASTM_QUERY)
        assert await analyzer.sign() == ENQ
        analyzer.writer.write(ENQ)  # in place of an answer
        await analyzer.send(astm_results())
        assert "^^^WBC" in (await analyzer.receive()).decode()
    assert laboratory.got == [ASTM_QUERY, astm_results()]


async def test_a_refused_frame_of_ours_is_sent_again() -> None:
    async with running(Laboratory()) as (server, analyzer):
        await analyzer.send(ASTM_QUERY)
        assert await analyzer.sign() == ENQ
        analyzer.writer.write(ACK)
        first = await analyzer.reader.readuntil(b"\r\n")
        for _ in range(5):
            analyzer.writer.write(NAK)
            assert await analyzer.reader.readuntil(b"\r\n") == first
        analyzer.writer.write(NAK)
        assert await analyzer.sign() == EOT
        await analyzer.send(astm_results())
        assert server.counts.unsent == 1


async def test_a_session_that_breaks_off_is_not_taken_for_a_message() -> None:
    laboratory = Laboratory()
    async with running(laboratory, frame_s=0.2) as (server, analyzer):
        assert await analyzer.say(ENQ) == ACK
        assert await analyzer.say(frames_of(astm_results())[0]) == ACK
        while not server.counts.timed_out:
            await asyncio.sleep(0.01)
        await analyzer.send(astm_results())
        assert await analyzer.say(ENQ) == ACK
    assert laboratory.got == [astm_results()]
    assert server.counts.abandoned == 1


async def test_bytes_that_trickle_do_not_hold_the_line() -> None:
    async with running(Laboratory(), frame_s=0.2) as (server, analyzer):
        assert await analyzer.say(ENQ) == ACK
        analyzer.writer.write(b"\x021")
        while not server.counts.timed_out:
            analyzer.writer.write(b"x")
            await asyncio.sleep(0.01)
        await analyzer.send(astm_results())


async def test_an_analyzer_without_enq_is_understood() -> None:
    laboratory = Laboratory()
    async with running(laboratory) as (_, analyzer):
        for frame in frames_of(astm_results()):
            assert await analyzer.say(frame) == ACK
        analyzer.writer.write(EOT)
        assert await analyzer.say(ENQ) == ACK
    assert laboratory.got == [astm_results()]


async def test_a_message_without_its_end_record_is_kept_if_it_ended_well() -> None:
    laboratory = Laboratory()
    bare = astm_results().replace(b"L|1|N\r", b"")
    async with running(laboratory) as (_, analyzer):
        await analyzer.send(bare)
        assert await analyzer.say(ENQ) == ACK
    assert laboratory.got == [bare]

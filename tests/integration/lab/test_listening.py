"""Analyzers on sockets: stored before the acknowledgement, applied by the loop, never twice, whatever the line does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from deploy.local.ports import choose_free_ports
from services.lab.intake.listening import listener_loops
from services.lab.settings import LabSettings, settings_of
from shared.worker import run_loops
from tests.integration.lab.centre import Centre
from tests.support.lab_oru import ack_code, oru

NORMAL = [("K", "4.1"), ("NA", "140")]
_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Ports:
    mllp: int
    astm: int


@pytest.fixture
async def ports(centre: Centre) -> AsyncIterator[Ports]:
    mllp, astm = choose_free_ports(2)
    settings: LabSettings = settings_of(centre.resources).model_copy(
        update={"lab_mllp_port": mllp, "lab_astm_port": astm}
    )
    loops, stop = listener_loops(centre.resources.db, settings), asyncio.Event()
    running = asyncio.create_task(run_loops(loops, stop))
    for loop in loops:
        if loop.ready is not None:
            await asyncio.wait_for(loop.ready.wait(), _WAIT_S)
    yield Ports(mllp, astm)
    stop.set()
    await running


async def until_state(centre: Centre, case_id: str, wanted: str) -> None:
    async with asyncio.timeout(_WAIT_S):
        while await centre.state(case_id) != wanted:
            await asyncio.sleep(0.02)


def framed(*messages: bytes) -> bytes:
    return b"".join(b"\x0b" + message + b"\x1c\r" for message in messages)


async def answers(reader: asyncio.StreamReader, count: int) -> list[bytes]:
    async with asyncio.timeout(_WAIT_S):
        return [(await reader.readuntil(b"\x1c\r"))[1:-2] for _ in range(count)]


async def test_many_messages_on_one_socket_are_stored_acknowledged_and_applied(centre: Centre, ports: Ports) -> None:
    ordered = [await centre.ordered("K", "NA") for _ in range(3)]
    sent = [oru(each.number, NORMAL, control_id=f"M{n}") for n, each in enumerate(ordered)]
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.mllp)
    writer.write(framed(*sent, sent[0], b"no message at all"))
    found = await answers(reader, 5)
    assert [ack_code(each) for each in found] == ["AA", "AA", "AA", "AA", "AR"]
    for each in ordered:
        await until_state(centre, each.case_id, "resulted")
    writer.close()
    assert await centre.rows("SELECT state, count(*) FROM lab.message GROUP BY state ORDER BY state") == [
        ("applied", 3), ("rejected", 1),
    ]  # fmt: skip
    assert await centre.count("lab.result") == 6


async def test_a_socket_that_sends_byte_by_byte_keeps_nobody_waiting(centre: Centre, ports: Ports) -> None:
    slow, fast = [await centre.ordered("K", "NA") for _ in range(2)]
    slow_reader, slow_writer = await asyncio.open_connection("127.0.0.1", ports.mllp)
    message = framed(oru(slow.number, NORMAL, control_id="S"))
    slow_writer.write(message[:40])
    await slow_writer.drain()
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.mllp)
    writer.write(framed(oru(fast.number, NORMAL, control_id="F")))
    assert ack_code((await answers(reader, 1))[0]) == "AA"
    for byte in message[40:]:
        slow_writer.write(bytes([byte]))
        await slow_writer.drain()
    assert ack_code((await answers(slow_reader, 1))[0]) == "AA"
    await until_state(centre, slow.case_id, "resulted")
    slow_writer.close()
    writer.close()


async def test_an_analyzer_asks_on_its_socket(centre: Centre, ports: Ports) -> None:
    ordered = await centre.ordered("K", "NA")
    query = (
        "MSH|^~\\&|XN1000|LAB|LIS|A|20261122||QBP^Q11^QBP_Q11|q9|P|2.5.1\r"
        f"QPD|WOS^Work Order Step^IHELAW|q9|{ordered.number}\rRCP|I\r"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.mllp)
    writer.write(framed(query.encode()))
    response, work = await answers(reader, 2)
    assert b"QAK|q9|OK" in response and ordered.number.encode() in work
    writer.close()


def astm_frame(number: int, text: bytes, *, is_wrong: bool = False) -> bytes:
    body = str(number).encode() + text + b"\r\x03"
    total = (sum(body) + is_wrong) % 256
    return b"\x02" + body + f"{total:02X}".encode() + b"\r\n"


async def test_an_astm_session_is_taken_frame_by_frame(centre: Centre, ports: Ports) -> None:
    ordered = await centre.ordered("K", "NA")
    await centre.done(
        "/lab/v1/analyzer-codes", "lab1",
        {"analyzer": "c111", "code": "687", "item": "K", "unit": "", "sent_unit": ""},
    )  # fmt: skip
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.astm)

    async def exchange(data: bytes) -> bytes:
        writer.write(data)
        async with asyncio.timeout(_WAIT_S):
            return await reader.readexactly(1)

    records = [
        b"H|\\^&|M1||c111|||||host||P|1|20261122090000", b"P|1",
        f"O|1|{ordered.number}||^^^687|R||||||N||||||||||||||F".encode(),
        b"R|1|^^^687|4.1|mmol/L||N||F||||20261122090000|c111", b"L|1|N",
    ]  # fmt: skip
    assert await exchange(b"\x05") == b"\x06"
    assert await exchange(astm_frame(1, records[0], is_wrong=True)) == b"\x15"
    for number, record in enumerate(records, start=1):
        assert await exchange(astm_frame(number, record)) == b"\x06", record
    writer.write(b"\x04")
    await writer.drain()
    async with asyncio.timeout(_WAIT_S):
        while not await centre.count("lab.result"):
            await asyncio.sleep(0.02)
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.1"
    writer.close()

"""``python -m bench.lab_messages [CORPUS]``: reading laboratory messages, and an MLLP listener under load.

Beside each reading time stands the ``hl7`` package's own parse of the same text. The listener's handler reads every
message, appends it to a file that is synced once a batch, and acknowledges; what a database adds is another figure.
CORPUS (the folder with ``lab/hl7v2``) adds a count of what comes out of real messages.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import hl7

from bench.figures import Figure, spread, table
from services.lab.listeners.batching import Answers, Received
from services.lab.listeners.mllp import MllpServer
from services.lab.listeners.mllp_frames import MllpReader, framed
from services.lab.parse.ack import acknowledge
from services.lab.parse.astm_frames import frames_of
from services.lab.parse.astm_records import read_astm
from services.lab.parse.hl7 import read_hl7
from tests.support.lab_messages import astm_results, blood_count

ROUNDS = 300
LOAD = 4000


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    times = []
    for _ in range(rounds):
        started = perf_counter()
        work()
        times.append(perf_counter() - started)
    return times


def reading() -> list[Figure]:
    figures = []
    for name, items, rounds in (("typical ORU", 26, ROUNDS), ("long ORU", 150, 50), ("5 MB ORU", 100_000, 1)):
        text = blood_count(items=items)
        raw = text.encode()
        ours = spread(timed(lambda raw=raw: read_hl7(raw), rounds))
        theirs = spread(timed(lambda text=text: hl7.parse(text), rounds))
        aim = {"typical ORU": "p50 ≤ 2 ms", "5 MB ORU": "about 1 s"}.get(name, "")
        figures.append(Figure(f"read {name}, {len(raw)} B", ours, aim, f"hl7.parse alone: {theirs}"))
    chinese = blood_count(charset="ASCII").encode("gb18030")
    figures.append(Figure("read typical ORU, GB18030 declared ASCII", spread(timed(lambda: read_hl7(chinese)))))
    (message,) = read_hl7(blood_count().encode())
    figures.append(Figure("write its ACK", spread(timed(lambda: acknowledge(message, "AA")))))
    session = b"".join(frames_of(astm_results(items=[("WBC", "8.13")] * 40)))
    figures.append(Figure(f"read ASTM of 40 results, {len(session)} B", spread(timed(lambda: read_astm(session)))))
    return figures


async def load(sockets: int, *, pipelined: bool) -> Figure:
    messages = [framed(blood_count(f"LAB{number:06}", control_id=str(number)).encode()) for number in range(LOAD)]
    with tempfile.TemporaryFile() as file:

        async def store(batch: Sequence[Received]) -> Sequence[Answers]:
            answers = []
            for each in batch:
                (message,) = read_hl7(each.raw)
                file.write(each.raw)
                answers.append((acknowledge(message, "AA"),))
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
            return answers

        server = MllpServer(store, host="127.0.0.1", port=0)
        await server.start()
        started = perf_counter()
        shares = [messages[place::sockets] for place in range(sockets)]
        waits = await asyncio.gather(*[_analyzer(server.port, share, pipelined=pipelined) for share in shares])
        seconds = perf_counter() - started
        batches = server.batches
        await server.stop()
    how = "without waiting" if pipelined else "one at a time"
    waited = "" if pipelined else f"; ACK {spread([each for times in waits for each in times])}"
    name = f"MLLP read, synced, ACKed: {sockets} sockets, {how}"
    return Figure(name, f"{LOAD / seconds:.0f} messages/s", "≥ 500", f"{batches} batches{waited}")


async def _analyzer(port: int, messages: list[bytes], *, pipelined: bool) -> list[float]:
    """Seconds from each message to its ACK."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    frames, times = MllpReader(1 << 20), []
    waiting = 0
    if pipelined:
        writer.writelines(messages)
        waiting = len(messages)
    for message in [b""] if pipelined else messages:
        started = perf_counter()
        writer.write(message)
        waiting = waiting or 1
        while waiting:
            waiting -= sum(b"MSA|AA" in answer for answer in frames.feed(await reader.read(65536)))
        times.append(perf_counter() - started)
    writer.close()
    return times


def corpus_count(corpus: Path) -> Figure:
    messages = lines = 0
    started = perf_counter()
    for path in sorted((corpus / "lab" / "hl7v2").iterdir()):
        for message in read_hl7(path.read_bytes()):
            messages += 1
            lines += sum(len(group.lines) for group in message.groups)
    return Figure("corpus", f"{messages} messages, {lines} lines", "all", f"{perf_counter() - started:.2f} s")


async def listening() -> list[Figure]:
    return [
        await load(1, pipelined=True),
        await load(8, pipelined=True),
        await load(1, pipelined=False),
        await load(20, pipelined=False),
    ]


def main() -> None:
    figures = reading() + asyncio.run(listening())
    if len(sys.argv) > 1:
        figures.append(corpus_count(Path(sys.argv[1])))
    print(table(figures))


if __name__ == "__main__":
    main()

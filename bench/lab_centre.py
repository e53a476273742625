"""A laboratory's day on a running region: messages stored and acknowledged over MLLP, applied, held or ready.

``python -m bench.lab_centre`` starts a region for these figures alone.
"""

import asyncio
import os
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path

from bench.figures import Figure, spread, table
from bench.waiting import until_true
from deploy.demo.client import Person
from services.lab.catalogue.catalogue import load_catalogue
from services.lab.listeners.mllp_frames import MllpReader, framed
from tests.support.lab_journey import Analyzer, Tube, received_tube
from tests.support.lab_messages import blood_count
from tests.support.region import RunningRegion

SOCKETS = 8
STORED = 2000
TUBES = 150
ONE_BY_ONE = 40
_DRAINED_S = 300


def blood_count_of(tube: Tube, control_id: str) -> bytes:
    """Every item of a five-part count in the middle of where people lie, as an analyzer prints them."""
    catalogue = load_catalogue()
    lines = [
        f"MSH|^~\\&|BENCH|LAB|||20261105101500||ORU^R01|{control_id}|P|2.5.1||||||UNICODE UTF-8",
        "PID|1",
        f"OBR|1||{tube.number}|CBC^Count||||||||||||||||||||||F",
    ]
    for place, item in enumerate(catalogue.panel_items("CBC5"), start=1):
        value = _MIDDLE.get(item.code, "5.0")
        lines.append(f"OBX|{place}|NM|{item.loinc}^{item.code}^LN||{value}|{item.unit}|||||F|||||||BENCH")
    return ("\r".join(lines) + "\r").encode()


_MIDDLE = {
    "WBC": "6.42", "NEUT_P": "58.3", "LYMPH_P": "32.0", "MONO_P": "6.6", "EO_P": "2.5", "BASO_P": "0.6",
    "NEUT": "3.74", "LYMPH": "2.05", "MONO": "0.42", "EO": "0.16", "BASO": "0.04", "RBC": "4.61", "HGB": "139",
    "HCT": "41.2", "MCV": "89.4", "MCH": "30.2", "MCHC": "337", "RDW_CV": "12.8", "RDW_SD": "41.5",
    "PLT": "231", "MPV": "10.2", "PDW": "12.1", "PCT_PLT": "0.24",
}  # fmt: skip


def stored(region: RunningRegion) -> list[Figure]:
    """Eight instruments that do not wait for their acknowledgements; the tubes are nobody's, so they wait for a
    person. Acknowledged is stored: committed to the database."""
    mark = os.urandom(3).hex()
    messages = [blood_count(f"X{mark}{number}", control_id=f"{mark}-{number}").encode() for number in range(STORED)]
    technologist = region.person("lab1")
    started = time.perf_counter()
    asyncio.run(_send_all(region.ports()["mllp"], messages))
    seconds = time.perf_counter() - started
    _drained(technologist)
    whole = time.perf_counter() - started
    note = f"{STORED} messages of {len(messages[0])} B; the same process puts them on the list of orphans meanwhile"
    return [
        Figure(f"MLLP stored and acknowledged, {SOCKETS} sockets", f"{STORED / seconds:.0f} messages/s", "≥ 500", note),
        Figure(
            "messages of nobody's tubes put on the list", f"{STORED / whole:.0f} messages/s", "", "storing included"
        ),
    ]


def applied(region: RunningRegion) -> list[Figure]:
    """A count of 23 items for each of many tubes, all at once."""
    clinic, technologist = region.person("clinic1"), region.person("lab1")
    mark = os.urandom(3).hex()
    tubes = [received_tube(clinic, technologist, f"B{mark}-{n}", panels=["CBC5"]) for n in range(TUBES)]
    messages = [blood_count_of(tube, f"{mark}-{number}") for number, tube in enumerate(tubes)]
    started = time.perf_counter()
    asyncio.run(_send_all(region.ports()["mllp"], messages))
    _drained(technologist)
    seconds = time.perf_counter() - started
    name = "applied: judged, case and report group ready"
    return [Figure(name, f"{TUBES / seconds:.0f} messages/s", "", f"{TUBES} counts of 23 values, {SOCKETS} sockets")]


def one_by_one(region: RunningRegion) -> list[Figure]:
    """From the first byte of a message until the case says that its results are there."""
    clinic, technologist = region.person("clinic1"), region.person("lab1")
    mark = os.urandom(3).hex()
    times = []
    with Analyzer(region.ports()["mllp"]) as analyzer:
        for number in range(ONE_BY_ONE):
            tube = received_tube(clinic, technologist, f"B{mark}-{number}", panels=["CBC5"])
            message = blood_count_of(tube, f"{mark}-{number}")
            started = time.perf_counter()
            if analyzer.send(message) != "AA":
                raise RuntimeError("the message was refused")
            until_true(partial(_has_results, technologist, tube))
            times.append(time.perf_counter() - started)
    note = "MLLP to the answer of GET, which includes the asking"
    return [Figure("result in → held or ready to release", spread(times), "", note)]


async def _send_all(port: int, messages: list[bytes]) -> None:
    await asyncio.gather(*[_instrument(port, messages[place::SOCKETS]) for place in range(SOCKETS)])


async def _instrument(port: int, messages: list[bytes]) -> None:
    """Until the last is acknowledged."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.writelines([framed(message) for message in messages])
    frames, waiting = MllpReader(1 << 20), len(messages)
    while waiting:
        for answer in frames.feed(await reader.read(65536)):
            if b"MSA|AA" not in answer:
                raise RuntimeError(answer.decode(errors="replace"))
            waiting -= 1
    writer.close()


def _has_results(technologist: Person, tube: Tube) -> bool:
    return technologist.call("GET", f"/lab/v1/cases/{tube.case_id}")["state"] in ("resulted", "held")


def _drained(technologist: Person) -> None:
    """Every message that was stored is applied, or waits for a person."""

    def is_empty() -> bool:
        page = technologist.call("GET", "/lab/v1/messages", params={"state": "received", "limit": 1})
        return not page["messages"]

    until_true(is_empty, _DRAINED_S, every_s=0.2)


def figures_of(region: RunningRegion) -> list[Figure]:
    """Tokens last ten minutes: each of them signs in again."""
    found: list[Figure] = []
    for measure in (one_by_one, applied, stored):
        region.forget_people()
        found += measure(region)
    return found


def main() -> None:
    state = Path(tempfile.mkdtemp(prefix="gongzhen-bench-"))
    if os.geteuid() == 0:
        state.chmod(0o711)
    region = RunningRegion(state)
    try:
        print(table(figures_of(region)))
    finally:
        region.stop()
        shutil.rmtree(state)


if __name__ == "__main__":
    main()

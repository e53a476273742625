"""kill -9 of the laboratory's worker: what it acknowledged is applied after it is back, and once."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import asyncpg
import psutil
import pytest

from deploy.demo.client import Person
from tests.support.lab_journey import Analyzer, message_of, received_tube
from tests.support.region import RunningRegion, wait_for

pytestmark = [pytest.mark.xdist_group("region"), pytest.mark.faults]


@contextmanager
def held(region: RunningRegion, case_id: str) -> Iterator[None]:
    """Somebody works on the case in the database: whoever wants to change it waits."""
    is_held, done = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(region.database_url("lab"))
        async with connection.transaction():
            await connection.execute("SELECT 1 FROM reading.case WHERE case_id = $1 FOR UPDATE", case_id)
            is_held.set()
            await asyncio.to_thread(done.wait)
        await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    try:
        assert is_held.wait(20)
        yield
    finally:
        done.set()
        thread.join(20)


def asked(region: RunningRegion, statement: str, *values: str) -> int:
    """Past the services: who waits for a lock would make them wait too."""

    async def ask() -> int:
        connection = await asyncpg.connect(region.database_url("lab"))
        try:
            return int(await connection.fetchval(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_what_was_acknowledged_survives_the_worker_and_is_applied_once(region: RunningRegion) -> None:
    region.forget_people()
    clinic, technologist = region.person("clinic1"), region.person("lab1")
    first, second = (received_tube(clinic, technologist, f"E2E-KILL-{n}") for n in range(2))
    messages = [message_of(first), message_of(second, [("K", "4.4"), ("NA", "138")])]
    with held(region, first.case_id):
        with Analyzer(region.ports()["mllp"]) as analyzer:
            assert [analyzer.send(message) for message in messages] == ["AA", "AA"]
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_for(lambda: asked(region, waits), 30, "nobody began to apply the message")
        before = region.pid("lab-worker")
        region.kill("lab-worker")
        assert asked(region, "SELECT count(*) FROM lab.result WHERE case_id = $1", first.case_id) == 0
    wait_for(lambda: _pid(region) not in (None, before), 60, "the worker did not come back")
    for tube, values in ((first, {"K": "4.1", "NA": "140"}), (second, {"K": "4.4", "NA": "138"})):
        own = f"/lab/v1/cases/{tube.case_id}"
        has_results = partial(_has_results, technologist, own)
        wait_for(has_results, 60, "never applied")
        shown = technologist.call("GET", f"{own}/results")
        assert {each["item"]: (each["value"], each["run"]) for each in shown["results"]} == {
            item: (value, 1) for item, value in values.items()
        }
        assert shown["earlier"] == []
    with Analyzer(region.ports()["mllp"]) as analyzer:  # the analyzer is not sure of its answer
        assert [analyzer.send(message) for message in messages] == ["AA", "AA"]
    own = f"/lab/v1/cases/{first.case_id}"
    assert technologist.call("GET", f"{own}/results")["earlier"] == []


def _has_results(technologist: Person, path: str) -> bool:
    return technologist.call("GET", path)["state"] in ("resulted", "held")


def _pid(region: RunningRegion) -> int | None:
    try:
        return region.pid("lab-worker")
    except (LookupError, psutil.NoSuchProcess):  # dead, or not started again
        return None

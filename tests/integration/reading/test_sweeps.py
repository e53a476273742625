"""What time alone does, and the worker that waits for it."""

import asyncio
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import update

from shared.auth import TokenVerifier
from shared.blobs import MemoryBlobStore
from shared.bus import MemoryBus
from shared.events.directory import SitePolicy
from shared.outbox import relay_once
from shared.reading.consumers import on_delivery, reading_loops
from shared.reading.lifecycle import State
from shared.reading.models import Case
from shared.reading.workflow import sweeps
from shared.resources import Resources
from shared.settings import Settings
from shared.worker import run_loops
from tests.integration.reading.centre import Centre


def resources_of(centre: Centre, bus: MemoryBus) -> Resources:
    settings = Settings.model_validate(
        {"database_url": "unused", "blobs": "file:///unused", "region_blobs": "file:///unused", "spool_dir": "unused"}
    )
    store = MemoryBlobStore("imaging")
    return Resources(settings, centre.db, bus, store, store, cast(TokenVerifier, None))


async def subjects(centre: Centre, case_id: str) -> list[str]:
    return [subject for subject, _ in await centre.events(case_id)]


async def test_the_worker_queues_what_was_received_and_a_second_delivery_changes_nothing(centre: Centre) -> None:
    bus = MemoryBus("imaging")
    accepted = await centre.accept()
    case_id, stop = accepted.case.case_id, asyncio.Event()
    await relay_once(centre.db, bus)
    loops = reading_loops(resources_of(centre, bus), "imaging")
    worker = asyncio.create_task(run_loops(loops, stop))
    async with asyncio.timeout(20):
        while (await centre.case(case_id)).state != State.queued:
            await asyncio.sleep(0.02)
    stop.set()
    await worker
    case = await centre.case(case_id)
    assert (case.reading_site_id, case.version) == ("org_a", 2)
    assert (await subjects(centre, case_id))[-1] == "imaging.case.queued.v1.org_a"
    delivery = await bus.get_message("IMAGING", 1)
    assert delivery is not None
    await on_delivery(resources_of(centre, bus), "imaging", delivery)
    assert (await centre.case(case_id)).version == 2


async def test_a_received_case_whose_event_was_lost_is_queued_by_the_sweep(centre: Centre) -> None:
    accepted = await centre.accept()
    assert await sweeps.queue_received(centre.db, "imaging") == 1
    assert (await centre.case(accepted.case.case_id)).state == State.queued
    assert await sweeps.queue_received(centre.db, "imaging") == 0


async def test_a_study_that_nobody_closed_is_whole_thirty_seconds_after_its_last_byte(centre: Centre) -> None:
    accepted = await centre.accept(is_complete=False)
    case_id = accepted.case.case_id
    assert await sweeps.queue_received(centre.db, "imaging") == 0
    await centre.age("case", "settles_at", timedelta(seconds=30), case_id)
    assert await sweeps.queue_received(centre.db, "imaging") == 1
    case = await centre.case(case_id)
    assert (case.state, case.completed_at is not None) == (State.queued, True)


async def test_a_case_without_a_site_is_queued_as_soon_as_one_reads(centre: Centre) -> None:
    for accepts, expected in ((False, 0), (True, 1)):
        sites = [SitePolicy(reading_site_id=site, center="imaging", accepts=accepts) for site in ("org_a", "org_b")]
        await centre.tell(*sites)
        if not accepts:
            accepted = await centre.accept()
        assert await sweeps.queue_received(centre.db, "imaging") == expected
    case = await centre.case(accepted.case.case_id)
    assert (case.state, case.unassigned_reason) == (State.queued, None)


async def test_half_way_is_told_once(centre: Centre) -> None:
    case_id = await centre.queued(priority="urgent", ago=timedelta(minutes=16))
    assert await sweeps.watch_turnaround(centre.db, "imaging") == 1
    assert await sweeps.watch_turnaround(centre.db, "imaging") == 0
    assert (await subjects(centre, case_id))[-1] == "imaging.case.half_way.v1"
    assert not (await centre.case(case_id)).overdue


async def test_an_overdue_case_that_waits_is_offered_to_the_next_site_once(centre: Centre) -> None:
    case_id = await centre.queued(priority="stat", ago=timedelta(minutes=11))
    await sweeps.watch_turnaround(centre.db, "imaging")
    case = await centre.case(case_id)
    assert (case.overdue, case.reading_site_id, case.state) == (True, "org_b", State.queued)
    assert (await subjects(centre, case_id))[-2:] == ["imaging.case.overdue.v1", "imaging.case.reassigned.v1.org_b"]
    await sweeps.watch_turnaround(centre.db, "imaging")
    assert (await centre.case(case_id)).version == case.version


async def test_an_overdue_case_that_is_being_read_stays_with_its_reader(centre: Centre) -> None:
    held = await centre.claimed(case_id=await centre.queued(priority="stat", ago=timedelta(minutes=11)))
    await sweeps.watch_turnaround(centre.db, "imaging")
    case = await centre.case(held.case.case_id)
    assert (case.overdue, case.reading_site_id, case.state) == (True, "org_a", State.claimed)


async def test_a_sites_own_target_is_what_is_promised(centre: Centre) -> None:
    await centre.tell(SitePolicy(reading_site_id="org_a", center="imaging", rank=1, target_s={"routine": 600}))
    case = await centre.case(await centre.queued())
    assert case.received_at is not None and case.due_at == case.received_at + timedelta(seconds=600)


async def test_old_idempotency_keys_are_dropped(centre: Centre) -> None:
    accepted = await centre.accept(idempotency_key="k")
    await centre.age("idempotency_key", "created_at", timedelta(days=8), accepted.case.case_id)
    await sweeps.drop_old_keys(centre.db)
    assert (await centre.accept(accession="A9", contents=("z",), idempotency_key="k")).outcome == "created"


async def spoil(centre: Centre, case_id: str) -> None:
    """Whatever step this case takes fails from now on: no event can tell of it."""
    async with centre.db.transaction() as session:
        await session.execute(update(Case).where(Case.case_id == case_id).values(card=[]))


async def test_a_case_that_always_fails_stops_no_sweep(centre: Centre, caplog: pytest.LogCaptureFixture) -> None:
    spoiled, sound = [(await centre.accept(accession=number, contents=(number,))).case.case_id for number in "AB"]
    await spoil(centre, spoiled)
    assert await sweeps.queue_received(centre.db, "imaging") == 1
    assert (await centre.case(sound)).state == State.queued
    logged = [(record.message, getattr(record, "gz", {})) for record in caplog.records]
    assert ("a sweep failed on a case", {"case_id": spoiled}) in logged
    assert ("a sweep left cases behind", {"count": 1}) in logged


async def test_a_case_that_always_fails_keeps_no_other_lease_alive(centre: Centre) -> None:
    spoiled, sound = (await centre.claimed()).case.case_id, (await centre.claimed()).case.case_id
    await spoil(centre, spoiled)
    for case_id, seconds in ((spoiled, 300), (sound, 200)):
        await centre.age("claim", "lease_until", timedelta(seconds=seconds), case_id)
    assert await sweeps.expire_claims(centre.db, "imaging") == 1
    assert (await centre.case(sound)).state == State.queued


async def test_a_case_that_always_fails_keeps_no_other_promise_unwatched(centre: Centre) -> None:
    spoiled = await centre.queued(priority="stat", ago=timedelta(minutes=12))
    sound = await centre.queued(priority="stat", ago=timedelta(minutes=11))
    await spoil(centre, spoiled)
    assert await sweeps.watch_turnaround(centre.db, "imaging") == 1
    case = await centre.case(sound)
    assert (case.overdue, case.reading_site_id) == (True, "org_b")


async def test_cases_that_nobody_reads_do_not_keep_the_sweep_from_those_behind_them(centre: Centre) -> None:
    sites = [SitePolicy(reading_site_id=site, center="imaging", modalities=["DX"]) for site in ("org_a", "org_b")]
    await centre.tell(*sites)
    for number in ("A1", "A2", "A3"):
        await centre.accept(accession=number, contents=(number,), modality="MR", priority="stat")
    behind = (await centre.accept(accession="A4", contents=("A4",))).case.case_id
    assert sum([await sweeps.queue_received(centre.db, "imaging", batch=2) for _ in range(2)]) == 1
    assert (await centre.case(behind)).state == State.queued

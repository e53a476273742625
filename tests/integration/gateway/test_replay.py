"""A real centre's cases and reports, as its own workflow tells them, in the gateway; and told again from nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.gateway.queries.feed import begin_anew
from shared import directory
from shared.bus import MemoryBus
from shared.db import Database
from shared.migrate import migrate
from shared.outbox import relay_once
from shared.reading.workflow import amendment, criticals, review
from shared.reading.workflow.restate import restate
from tests.integration.gateway.region import HOSPITAL, READER, Region
from tests.integration.reading.centre import CLINIC as CENTRES_CLINIC
from tests.integration.reading.centre import FORM, REVIEWER, Centre, Keys
from tests.integration.reading.centre import READER as AUTHOR
from tests.support.servers import MakeDatabase, RunningPostgres


@pytest.fixture
async def centre(
    region: Region, postgres_server: RunningPostgres, make_database: MakeDatabase
) -> AsyncIterator[Centre]:
    """An imaging centre whose signed reports lie in the region's store, and whose people the gateway knows."""
    await postgres_server.build_template("imaging", lambda url: migrate(url, "imaging"))
    db = Database(await make_database("reading", template="imaging"))
    keys = Keys.make()
    opened = await Centre.open(db, keys)
    region.resources.region_blobs = opened.desk.blobs
    async with region.db.transaction() as session:
        for record in keys.records():
            await directory.apply(session, directory.event_of(record, 2))
    yield opened
    await db.close()


async def relay(centre: Centre, region: Region) -> None:
    while await relay_once(centre.db, region.resources.bus):
        pass
    await region.settled()


async def seen(region: Region) -> dict[str, Any]:
    """What people see, without what counts on: the numbers of the feed and the seconds left."""
    worklist = (await region.get(READER, "/v1/worklist")).json()["items"]
    feed = (await region.get(HOSPITAL, "/v1/reports")).json()["reports"]
    reports = [
        (await region.get(HOSPITAL, f"/v1/reports/{line['report_id']}", version=line["version"])).json()
        for line in feed
    ]
    return {
        "worklist": [{name: value for name, value in item.items() if name != "seconds_left"} for item in worklist],
        "feed": sorted((line["report_id"], line["version"], line["kind"], line["status"]) for line in feed),
        "reports": sorted((each["report_id"], each["version"], each["status"], each["sha256"]) for each in reports),
    }


async def test_a_centres_own_events_make_worklist_feed_and_reports(region: Region, centre: Centre) -> None:
    queued = await centre.queued()
    held = await centre.claimed()
    signed = await centre.signed()
    await relay(centre, region)
    items = {item["case_id"]: item for item in (await region.get(READER, "/v1/worklist")).json()["items"]}
    assert set(items) == {queued, held.case.case_id}
    assert items[held.case.case_id]["claimed_by"]["name"] == AUTHOR.name
    (line,) = (await region.get(HOSPITAL, "/v1/reports")).json()["reports"]
    assert (line["report_id"], line["kind"]) == (signed.version.report_id, "signed")
    body = (await region.get(HOSPITAL, line["links"]["self"])).json()
    assert (body["impression"], body["reviewer"]["name"]) == (FORM["impression"], REVIEWER.name)
    pdf = (await region.get(HOSPITAL, line["links"]["pdf"])).content
    async with region.client() as client:
        verdict = (await client.post("/v1/reports/verify", content=pdf)).json()
    assert (verdict["valid"], verdict["registered"], verdict["problems"]) == (True, True, [])


async def test_a_critical_result_comes_with_all_its_steps_and_comes_again(region: Region, centre: Centre) -> None:
    signed = await centre.signed()
    async with centre.db.transaction() as session:
        finding = criticals.Finding("TENSION_PNEUMOTHORAX", "左侧张力性气胸")
        critical = await criticals.open_verified(session, REVIEWER, signed.case.case_id, finding)
    async with centre.db.transaction() as session:
        await criticals.acknowledge(session, CENTRES_CLINIC, critical.critical_id, read_back="右侧张力性气胸")
    await relay(centre, region)
    path, report = f"/v1/criticals/{critical.critical_id}", f"/v1/reports/{signed.version.report_id}"
    before = (await region.get(HOSPITAL, path)).json()
    assert [step["action"] for step in before["timeline"]] == ["open", "notify", "misread"]
    held = {"released": False, "held_by": [critical.critical_id]}
    assert (await region.get(HOSPITAL, report)).json()["patient_copy"] == held
    async with region.db.transaction() as session:
        await begin_anew(session)
    await restate(centre.db)
    await relay(centre, region)
    after = (await region.get(HOSPITAL, path)).json()
    assert {**after, "seconds_left": 0} == {**before, "seconds_left": 0}
    assert (await region.get(HOSPITAL, report)).json()["patient_copy"] == held


async def test_a_replay_from_nothing_shows_the_same(region: Region, centre: Centre) -> None:
    await centre.queued()
    await centre.claimed()
    amended, voided = await centre.signed(), await centre.signed()
    async with centre.db.transaction() as session:
        opened = await amendment.open_amendment(session, AUTHOR, amended.case.case_id, reason="补充所见")
    await centre.save(AUTHOR, opened, {**FORM, "impression": "右肺结节。"})
    await centre.submit(AUTHOR, opened)
    await centre.sign(REVIEWER, amended.case.case_id)
    async with centre.db.transaction() as session:
        await review.void(session, REVIEWER, voided.case.case_id, reason="误传图像")
    await relay(centre, region)
    before = await seen(region)
    assert [line[2] for line in before["feed"]].count("amended") == 1
    assert [line[2] for line in before["feed"]].count("voided") == 1
    old_cursor = (await region.get(HOSPITAL, "/v1/reports")).json()["next_cursor"]

    await restate(centre.db)  # on a gateway that knows it all, nothing changes
    await relay(centre, region)
    assert await seen(region) == before
    assert (await region.get(HOSPITAL, "/v1/reports", after=old_cursor)).json()["reports"] == []

    async with region.db.transaction() as session:
        await begin_anew(session)
    assert (await seen(region))["feed"] == []
    assert await restate(centre.db) == (4, 3)
    await relay(centre, region)
    assert await seen(region) == before
    refused = await region.get(HOSPITAL, "/v1/reports", after=old_cursor)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_cursor")
    bus = region.resources.bus
    assert isinstance(bus, MemoryBus)
    assert (await bus.list_dead()).items == []

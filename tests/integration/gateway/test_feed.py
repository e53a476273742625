"""The feed: each line once, in order, no gap, to those who may see it."""

import asyncio
import time
from typing import Any

from sqlalchemy import text

from services.gateway.queries import feed
from services.gateway.queries.feed import NewLine
from shared.auth import Actor
from tests.integration.gateway.region import (
    AUDITOR,
    CLINIC,
    FOREIGN_READER,
    HOSPITAL,
    OTHER_CLINIC,
    READER,
    Region,
    amended,
    report,
    void_event,
)


async def poll(region: Region, actor: Actor, **query: Any) -> dict[str, Any]:
    answer = await region.get(actor, "/v1/reports", **query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def lines(page: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(line["report_id"], line["version"], line["kind"]) for line in page["reports"]]


async def test_a_signed_report_reaches_its_clinic_its_site_and_the_region_only(nats_region: Region) -> None:
    document = report()
    await nats_region.release(document)
    await nats_region.settled()
    for actor in (CLINIC, READER, HOSPITAL):
        page = await poll(nats_region, actor)
        assert lines(page) == [(document.report_id, 1, "signed")]
        assert page["reports"][0]["patient"]["name"] == "测试甲"
        assert page["reports"][0]["clinic"] == {"id": "org_clinic1", "name": "示例甲镇卫生院"}
    for stranger in (OTHER_CLINIC, FOREIGN_READER):
        assert lines(await poll(nats_region, stranger)) == []
    assert (await nats_region.get(AUDITOR, "/v1/reports")).status_code == 403
    assert (await nats_region.get(None, "/v1/reports")).status_code == 401


async def test_events_twice_and_in_any_order_end_the_same(region: Region) -> None:
    document = report()
    second = amended(document)
    first_event, second_event = await region.released_event(document), await region.released_event(second)
    again = await region.released_event(document)  # the same fact under another event id, as a replay sends it
    for event in (second_event, first_event, void_event(second), second_event, again, first_event):
        await region.publish(event)
        await region.settled()
    page = await poll(region, CLINIC)
    assert sorted(lines(page)) == [
        (document.report_id, 1, "signed"),
        (document.report_id, 2, "amended"),
        (document.report_id, 2, "voided"),
    ]
    assert {line["status"] for line in page["reports"]} == {"voided"}
    body = (await region.get(CLINIC, f"/v1/reports/{document.report_id}")).json()
    assert (body["version"], body["status"], body["voided"]["reason"]) == (2, "voided", "误传图像")
    old = (await region.get(CLINIC, f"/v1/reports/{document.report_id}", version=1)).json()
    assert old["superseded_by"] == 2


async def test_a_void_that_comes_first_holds(region: Region) -> None:
    document = report()
    await region.publish(void_event(document))
    await region.settled()
    assert lines(await poll(region, CLINIC)) == [(document.report_id, 1, "voided")]
    await region.release(document)
    await region.settled()
    body = (await region.get(CLINIC, f"/v1/reports/{document.report_id}")).json()
    assert body["status"] == "voided"


async def test_nothing_is_missed_while_eight_writers_append(region: Region) -> None:
    """Lines of slow and fast transactions: a poller that resumes by cursor sees each once, in order."""
    writers, each = 8, 40

    async def write(writer: int) -> None:
        for number in range(each):
            async with region.db.transaction() as session:
                # A different time in the transaction before the number is taken, as verification has.
                await session.execute(text("SELECT pg_sleep(:s)"), {"s": (writer * 7 + number) % 5 / 1000})
                report_id = f"rep_{writer}_{number}"
                await session.execute(
                    text("INSERT INTO gateway.report (report_id, case_id, center) VALUES (:r, 'case_1', 'imaging')"),
                    {"r": report_id},
                )
                await feed.append_line(
                    session,
                    NewLine(report_id, 1, "signed", "imaging", "org_clinic1", "P1", ["org_clinic1"], _item()),
                )

    async def follow(done: asyncio.Event) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        after = ""
        while True:
            is_last = done.is_set()
            page = await poll(region, CLINIC, after=after, limit=7)
            seen += page["reports"]
            after = page["next_cursor"]
            if is_last and not page["reports"]:
                return seen

    done = asyncio.Event()
    following = asyncio.create_task(follow(done))
    await asyncio.gather(*(write(writer) for writer in range(writers)))
    done.set()
    seen = await following
    assert [line["seq"] for line in seen] == list(range(1, writers * each + 1))
    assert len({line["report_id"] for line in seen}) == writers * each


async def test_signing_concurrently_through_the_projection_loses_nothing(nats_region: Region) -> None:
    documents = [report(center=center) for center in ("imaging", "ecg", "lab") for _ in range(8)]
    events = [await nats_region.released_event(document) for document in documents]
    following = asyncio.create_task(_collect(nats_region, len(documents)))
    await asyncio.gather(*(nats_region.publish(event) for event in events))
    await asyncio.gather(*(nats_region.publish(event) for event in events))
    seen = await following
    await nats_region.settled()
    assert [line["seq"] for line in seen] == list(range(1, len(documents) + 1))
    assert {line["report_id"] for line in seen} == {document.report_id for document in documents}
    assert lines(await poll(nats_region, CLINIC, limit=500)) == lines({"reports": seen})


async def _collect(region: Region, count: int) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    after = ""
    async with asyncio.timeout(30):
        while len(seen) < count:
            page = await poll(region, CLINIC, after=after, wait=5)
            seen += page["reports"]
            after = page["next_cursor"]
    return seen


async def test_a_waiting_poll_wakes_at_once_and_holds_no_connection(nats_region: Region) -> None:
    start = (await poll(nats_region, CLINIC))["next_cursor"]
    event = await nats_region.released_event(report())
    waiting = [asyncio.create_task(poll(nats_region, CLINIC, after=start, wait=20)) for _ in range(8)]
    await _until_waiting(nats_region, 8)
    assert nats_region.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    published = time.monotonic()
    await nats_region.publish(event)
    pages = await asyncio.gather(*waiting)
    assert time.monotonic() - published < 2.0  # eight polls on a loaded machine; one alone is asked below
    assert all(len(page["reports"]) == 1 for page in pages)
    again = asyncio.create_task(poll(nats_region, CLINIC, after=pages[0]["next_cursor"], wait=20))
    event = await nats_region.released_event(report())
    await _until_waiting(nats_region, 1)
    published = time.monotonic()
    await nats_region.publish(event)
    assert len((await again)["reports"]) == 1
    assert time.monotonic() - published < 0.5


async def test_the_ninth_waiting_poll_of_an_account_is_asked_to_come_again(region: Region) -> None:
    start = (await poll(region, CLINIC))["next_cursor"]
    waiting = [asyncio.create_task(poll(region, CLINIC, after=start, wait=20)) for _ in range(8)]
    await _until_waiting(region, 8)
    refused = await region.get(CLINIC, "/v1/reports", after=start, wait=20)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_open")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await region.get(CLINIC, "/v1/reports", after=start)).status_code == 200
    elsewhere = asyncio.create_task(poll(region, HOSPITAL, after=start, wait=20))
    await _until_waiting(region, 9)
    await region.pulse.stop()
    await asyncio.gather(*waiting, elsewhere)


async def _until_waiting(region: Region, count: int) -> None:
    async with asyncio.timeout(10):
        while region.pulse.waiting != count:
            await asyncio.sleep(0.01)


async def test_a_poll_without_news_moves_the_cursor_and_ends_in_time(region: Region) -> None:
    await region.release(report(clinic={"id": "org_clinic2", "name": "示例乙镇卫生院"}))
    await region.settled()
    began = time.monotonic()
    page = await poll(region, CLINIC, wait=0.3)
    assert 0.25 < time.monotonic() - began < 2
    assert page["reports"] == []
    assert page["next_cursor"] == (await poll(region, HOSPITAL))["next_cursor"]


async def test_filters_choose_and_move_on(region: Region) -> None:
    film, ecg = report(), report(center="ecg")
    other = report(patient={"id": "P2", "issuer": "org_clinic1", "name": "测试乙"})
    foreign = report(clinic={"id": "org_clinic2", "name": "示例乙镇卫生院"})
    for document in (film, ecg, other, foreign):
        await region.release(document)
        await region.settled()
    assert [line["report_id"] for line in (await poll(region, HOSPITAL, center="ecg"))["reports"]] == [ecg.report_id]
    assert [line["report_id"] for line in (await poll(region, HOSPITAL, patient="P2"))["reports"]] == [other.report_id]
    page = await poll(region, HOSPITAL, clinic="org_clinic2")
    assert [line["report_id"] for line in page["reports"]] == [foreign.report_id]
    nothing = await poll(region, HOSPITAL, kind="voided")
    assert nothing["reports"] == []
    assert (await poll(region, HOSPITAL, after=nothing["next_cursor"]))["reports"] == []


async def test_a_cursor_that_is_not_ours_is_refused(region: Region) -> None:
    for bad in ("x", "WyJhIiwxXQ", "%F0", "W10", "WzEsMl0"):
        answer = await region.get(CLINIC, "/v1/reports", after=bad)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor"), bad
    for query in ({"wait": 31}, {"limit": 0}, {"limit": 501}, {"kind": "x"}, {"center": "x"}):
        assert (await region.get(CLINIC, "/v1/reports", **query)).status_code == 422


async def test_what_was_read_is_audited(region: Region) -> None:
    document = report()
    await region.release(document)
    await region.settled()
    await poll(region, CLINIC)
    async with region.db.transaction() as session:
        rows = await session.execute(text("SELECT action, detail FROM core.audit_entry WHERE org_id = 'org_clinic1'"))
        assert [(row.action, row.detail) for row in rows] == [("feed.read", {"reports": [f"{document.report_id}/1"]})]


def _item() -> dict[str, Any]:
    return {
        "center": "imaging",
        "case_id": "case_1",
        "accession_number": "A1",
        "clinic": {"id": "org_clinic1", "name": "示例甲镇卫生院"},
        "reading_site": None,
        "patient": {"id": "P1", "name": "测试甲", "sex": "M", "birth_date": None, "age": None},
        "exam": {"code": None, "name": "胸部正位", "modality": "DX", "laterality": None},
        "critical": False,
        "signed_at": None,
        "reason": None,
    }

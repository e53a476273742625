"""Server-sent events of the worklist: who gets which, and an exact resumption."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import text

from services.gateway.queries import feed
from shared.auth import Actor
from shared.events.report import ReportFacts
from tests.integration.gateway.region import (
    CLINIC,
    FOREIGN_READER,
    READER,
    SECOND_READER,
    Region,
    report,
    report_event,
    snapshot,
    sse_events,
)


class Stream:
    def __init__(self, response: httpx.Response) -> None:
        self._chunks = response.aiter_text()
        self._text = ""
        self.opened = ""

    async def open(self) -> None:
        while "\n\n" not in self._text:
            self._text += await anext(self._chunks)
        self.opened = self._text

    async def take(self, count: int) -> list[dict[str, Any]]:
        """The first ``count`` events of the stream."""
        async with asyncio.timeout(10):
            while len(found := sse_events(self._text)) < count:
                self._text += await anext(self._chunks)
        return found

    async def ended(self) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            async for chunk in self._chunks:
                self._text += chunk
        return sse_events(self._text)


@asynccontextmanager
async def following(
    region: Region, actor: Actor, last_id: str | None = None, *, path: str = "/v1/worklist/events"
) -> AsyncIterator[Stream]:
    headers = {"Last-Event-ID": last_id} if last_id is not None else {}
    async with (
        region.client(actor) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)
        await stream.open()
        yield stream


async def test_a_reader_gets_his_sites_events_of_his_centres(nats_region: Region) -> None:
    case = snapshot()
    async with following(nats_region, READER) as stream, following(nats_region, SECOND_READER) as second:
        await nats_region.tell("queued", snapshot(reading_site_id="org_b"))
        await nats_region.tell("queued", snapshot(center="ecg"))
        await nats_region.settled()
        await nats_region.tell("queued", case)
        events = await stream.take(2)
        assert [event["data"]["center"] for event in events] == ["ecg", "imaging"]
        assert events[1]["event"] == "queued"
        assert set(events[1]["data"]) == {"case_id", "center", "kind", "state", "priority", "due_at", "at"}
        assert [event["data"]["case_id"] for event in await second.take(1)] == [case.case_id]


async def test_both_sites_learn_of_a_reassignment_and_a_signature_is_told(region: Region) -> None:
    case = snapshot()
    await region.tell("queued", case)
    await region.settled()
    async with following(region, READER) as ours, following(region, FOREIGN_READER) as theirs:
        await region.tell("reassigned", case.model_copy(update={"case_version": 3, "reading_site_id": "org_b"}))
        await region.tell("overdue", case.model_copy(update={"case_version": 2}))  # old by now: nobody is told
        assert (await theirs.take(1))[0]["event"] == "reassigned"
        document = report()
        await region.publish(report_event("submitted", document, ReportFacts(report_id=document.report_id, version=1)))
        events = await ours.take(2)
        assert [event["event"] for event in events] == ["reassigned", "submitted"]


async def test_last_event_id_resumes_exactly(region: Region) -> None:
    cases = [snapshot(due_at=None) for _ in range(6)]
    async with following(region, READER) as stream:
        for case in cases[:2]:
            await region.tell("queued", case)
            await region.settled()
        last_id = (await stream.take(2))[-1]["id"]
    for case in cases[2:4]:
        await region.tell("queued", case)
        await region.tell("queued", snapshot(reading_site_id="org_b"))
        await region.settled()
    async with following(region, READER, last_id) as stream:
        for case in cases[4:]:
            await region.tell("queued", case)
            await region.settled()
        events = await stream.take(4)
    assert [event["data"]["case_id"] for event in events] == [case.case_id for case in cases[2:]]


async def test_an_id_that_is_not_kept_any_more_asks_to_read_again(region: Region) -> None:
    for _ in range(3):
        await region.tell("queued", snapshot())
    await region.settled()
    async with region.db.transaction() as session:
        epoch = (await feed.heads(session))["live"].epoch
        await session.execute(text("DELETE FROM gateway.live_event WHERE live_seq < 3"))
    for last_id in (f"{epoch}-1", "other-2", f"{epoch}-99", "nonsense", f"{epoch}-²"):
        headers = {b"Last-Event-ID": last_id.encode()}
        async with (
            region.client(READER) as client,
            client.stream("GET", "/v1/worklist/events", headers=headers) as response,
        ):
            stream = Stream(response)
            await stream.open()
            assert (await stream.take(1))[0]["event"] == "reset", last_id
    async with following(region, READER, f"{epoch}-2") as stream:
        assert [event["id"] for event in await stream.take(1)] == [f"{epoch}-3"]


async def test_the_ninth_open_stream_of_an_account_is_asked_to_come_again(region: Region) -> None:
    async with AsyncExitStack() as open_streams:
        for _ in range(7):
            await open_streams.enter_async_context(following(region, READER))
        async with following(region, READER):
            refused = await region.get(READER, "/v1/worklist/events")
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_open")
            assert int(refused.headers["Retry-After"]) > 0
            async with following(region, SECOND_READER):
                assert region.pulse.followers == 9
        async with asyncio.timeout(10):
            while region.pulse.followers > 7:  # a closed stream gives its place back
                await asyncio.sleep(0.01)
        await open_streams.enter_async_context(following(region, READER))


async def test_open_streams_hold_no_connection_and_end_with_the_process(region: Region) -> None:
    async with following(region, READER) as first, following(region, READER) as second:
        assert region.pulse.followers == 2
        assert region.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        await region.pulse.stop()
        assert await first.ended() == await second.ended() == []


async def test_after_a_rebuild_a_stream_ends_and_comes_back_to_a_reset(region: Region) -> None:
    await region.tell("queued", snapshot())
    await region.settled()
    async with following(region, READER) as stream:
        async with region.db.transaction() as session:
            old = (await feed.heads(session))["live"]
            await feed.begin_anew(session)
        assert await stream.ended() == []
    async with following(region, READER, f"{old.epoch}-{old.n}") as stream:
        assert (await stream.take(1))[0]["event"] == "reset"
        await region.tell("queued", snapshot())
        assert (await stream.take(2))[1]["event"] == "queued"


async def test_a_clinic_has_no_worklist_to_follow(region: Region) -> None:
    assert (await region.get(CLINIC, "/v1/worklist/events")).status_code == 403
    assert (await region.get(None, "/v1/worklist/events")).status_code == 401

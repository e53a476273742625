"""Critical results of the centres in the gateway: facts, who sees which, live, counted, the patient's copy."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.gateway.projections.consumers import on_case_event
from services.gateway.projections.files import ReportRefused
from services.gateway.queries import feed
from services.gateway.queries.feed import begin_anew
from shared.auth import Actor
from shared.bus import Delivery
from shared.clock import utc_now
from shared.events.critical import CriticalEvent, CriticalSnapshot, CriticalStep
from shared.events.envelope import Envelope, wrap
from shared.ids import new_id
from tests.integration.gateway.region import (
    AUDITOR,
    CLINIC,
    FOREIGN_READER,
    HOSPITAL,
    OTHER_CLINIC,
    READER,
    SECOND_READER,
    TECHNOLOGIST,
    Region,
    report,
)
from tests.integration.gateway.test_live import following

MINUTE = timedelta(minutes=1)
CARD = {"patient": {"id": "P1", "name": "测试甲", "sex": "M"}, "exam": {"name": "胸部正位", "modality": "DX"}}
STEPS = {"found": "find", "verified": "verify", "notified": "notify", "acknowledged": "acknowledge", "acted": "act"}


class Loop:
    """A result as its centre would tell it, minute by minute from ``start``."""

    def __init__(self, start: datetime | None = None, **changes: Any) -> None:
        self.start = start or utc_now() - timedelta(minutes=5)
        self.values: dict[str, Any] = {
            "critical_id": new_id("crit"),
            "critical_version": 0,
            "case_id": new_id("case"),
            "center": "imaging",
            "accession_number": "A1",
            "clinic_id": "org_clinic1",
            "reading_site_id": "org_a",
            "card": CARD,
            "code": "TENSION_PNEUMOTHORAX",
            "text": "左侧张力性气胸",
            "found_at": self.start,
            "acknowledge_by": self.start + timedelta(minutes=10),
            **changes,
        }
        self.state = "found"

    @property
    def id(self) -> str:
        return str(self.values["critical_id"])

    def step(self, event: str, minutes: float = 0, **changes: Any) -> Envelope:
        """``event`` without its noun; a state of that name is gone to."""
        at = self.start + minutes * MINUTE
        before, self.state = self.state, event if event in (*STEPS, "closed", "false_alarm") else self.state
        self.values |= {"critical_version": self.values["critical_version"] + 1, **changes}
        if event in STEPS:
            self.values[f"{event}_at"] = at
        if event == "notified":
            self.values["respond_by"] = at + timedelta(minutes=10)
        if event == "acknowledged":
            self.values["act_by"] = at + timedelta(minutes=30)
        snapshot = CriticalSnapshot.model_validate({**self.values, "state": self.state})
        step = CriticalStep(
            critical_version=snapshot.critical_version,
            at=at,
            action=STEPS.get(event, event),
            from_state=before,
            state=self.state,
        )
        return wrap(
            snapshot.center,
            f"critical.{event}",
            CriticalEvent(critical=snapshot, step=step),
            record_id=snapshot.critical_id,
            case_id=snapshot.case_id,
            case_version=3,
        )

    def sent(self) -> list[Envelope]:
        return [self.step("found"), self.step("verified", 1), self.step("notified", 1)]


async def tell(region: Region, *events: Envelope) -> None:
    for event in events:
        await region.publish(event, ".org_a")
    await region.settled()


async def seen(region: Region, actor: Actor, **query: Any) -> list[str]:
    answer = await region.get(actor, "/v1/criticals", **query)
    assert answer.status_code == 200, answer.text
    return [item["critical_id"] for item in answer.json()["items"]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
async def test_in_whatever_order_and_number_the_facts_come(region: Region, order: tuple[int, ...]) -> None:
    loop = Loop()
    events = [*loop.sent(), loop.step("acknowledged", 3, misreads=1)]
    await tell(region, *(events[place] for place in order), *events)
    body = (await region.get(CLINIC, f"/v1/criticals/{loop.id}")).json()
    assert (body["state"], body["critical_version"], body["misreads"]) == ("acknowledged", 4, 1)
    assert [step["action"] for step in body["timeline"]] == ["find", "verify", "notify", "acknowledge"]
    assert body["seconds_left"] is None and body["state_name"] == "已确认，待处置"


async def test_who_sees_which(nats_region: Region) -> None:
    suspicion, sent = Loop(), Loop(start=utc_now())
    await tell(nats_region, suspicion.step("found"), *sent.sent())
    assert await seen(nats_region, READER) == [sent.id, suspicion.id]
    for actor in (CLINIC, HOSPITAL):
        assert await seen(nats_region, actor) == [sent.id]
        assert (await nats_region.get(actor, f"/v1/criticals/{suspicion.id}")).status_code == 404
    for stranger in (OTHER_CLINIC, FOREIGN_READER, TECHNOLOGIST):  # the technologist works for the laboratory
        assert await seen(nats_region, stranger) == []
        assert (await nats_region.get(stranger, f"/v1/criticals/{sent.id}")).status_code == 404
    assert (await nats_region.get(AUDITOR, "/v1/criticals")).status_code == 403
    assert (await nats_region.get(AUDITOR, f"/v1/criticals/{sent.id}")).status_code == 403
    assert (await nats_region.get(None, f"/v1/criticals/{sent.id}")).status_code == 401
    (item,) = (await nats_region.get(CLINIC, "/v1/criticals")).json()["items"]
    assert item["card"]["patient"]["name"] == "测试甲" and 0 < item["seconds_left"] <= 600 and not item["late"]
    assert item["clinic"]["name"] == "示例甲镇卫生院" and item["links"]["center"] == f"/imaging/v1/criticals/{sent.id}"


async def test_filters_and_pages(region: Region) -> None:
    loops = [Loop(start=utc_now() - number * MINUTE) for number in range(5)]
    for loop in loops:
        await tell(region, *loop.sent())
    await tell(region, loops[0].step("false_alarm", 2))
    other = Loop(center="ecg", clinic_id="org_clinic2", start=utc_now() - timedelta(days=1))
    await tell(region, *other.sent())
    assert await seen(region, READER, open=True) == [*(loop.id for loop in loops[1:]), other.id]
    assert await seen(region, READER, state="false_alarm") == [loops[0].id]
    assert await seen(region, READER, center="ecg") == await seen(region, READER, clinic="org_clinic2") == [other.id]
    assert await seen(region, SECOND_READER, center="ecg") == []
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        body = (await region.get(READER, "/v1/criticals", **query)).json()
        found += [item["critical_id"] for item in body["items"]]
        if body["next_cursor"] is None:
            break
        query["cursor"] = body["next_cursor"]
    assert found == [*(loop.id for loop in loops), other.id]
    assert (await region.get(READER, "/v1/criticals", cursor="x")).json()["code"] == "bad_cursor"


async def test_the_clinic_and_the_site_are_told_at_once_and_nobody_else(region: Region) -> None:
    loop = Loop()
    path = "/v1/criticals/events"
    async with (
        following(region, CLINIC, path=path) as clinic,
        following(region, OTHER_CLINIC, path=path) as stranger,
        following(region, READER) as reader,
        following(region, READER, path=path) as of_criticals,
    ):
        for event in loop.sent():
            await tell(region, event)
        events = await reader.take(3)
        assert [(event["event"], event["data"]["step"]) for event in events] == [
            ("critical", "find"),
            ("critical", "verify"),
            ("critical", "notify"),
        ]
        assert [each["data"]["step"] for each in await of_criticals.take(3)] == ["find", "verify", "notify"]
        first = (await clinic.take(2))[0]
        assert first["data"]["critical_id"] == loop.id and first["data"]["state"] == "verified"
        assert "测试甲" not in str(first)
        own = Loop(clinic_id="org_clinic2")
        await tell(region, own.step("found"), own.step("verified", 1))
        assert [event["data"]["critical_id"] for event in await stranger.take(1)] == [own.id]
        last_id = (await clinic.take(2))[-1]["id"]
    await tell(region, loop.step("escalated", 10, escalations=1))
    async with following(region, CLINIC, last_id, path=path) as again:
        assert (await again.take(1))[0]["data"]["step"] == "escalated"


async def test_a_centre_cannot_speak_of_anothers_results(region: Region) -> None:
    event = Loop(center="ecg").step("found")
    forged = event.model_copy(update={"type": "imaging.critical.found.v1"})
    delivery = Delivery(forged.type, forged.to_bytes(), forged.id, sequence=1, published_at=utc_now())
    with pytest.raises(ReportRefused):
        await on_case_event(region.resources, "imaging", delivery)
    assert await seen(region, READER) == []


async def test_the_patients_copy_is_held_until_all_are_acknowledged(region: Region) -> None:
    document = report(critical=({"code": "TENSION_PNEUMOTHORAX", "text": "左侧张力性气胸"},))
    await region.publish(await region.released_event(document))
    await region.settled()
    path = f"/v1/reports/{document.report_id}"

    async def copy() -> dict[str, Any]:
        shown: dict[str, Any] = (await region.get(CLINIC, path)).json()["patient_copy"]
        return shown

    assert await copy() == {"released": False, "held_by": []}  # the report names it, its result has not come yet
    first, second = Loop(case_id=document.case_id), Loop(case_id=document.case_id)
    await tell(region, *first.sent(), *second.sent())
    await tell(region, first.step("acknowledged", 2))
    assert await copy() == {"released": False, "held_by": [second.id]}
    await tell(region, second.step("false_alarm", 3))
    assert await copy() == {"released": True, "held_by": []}


async def test_indicators(region: Region) -> None:
    day = datetime(2026, 11, 20, 2, tzinfo=UTC)
    in_time, late, silent = Loop(day), Loop(day, clinic_id="org_clinic2"), Loop(day)
    false, called = Loop(day), Loop(day, center="ecg", clinic_id="org_clinic2")
    fresh, other_month = Loop(), Loop(day - timedelta(days=40))
    await tell(region, *in_time.sent(), in_time.step("acknowledged", 4, misreads=2), in_time.step("acted", 24))
    await tell(region, *late.sent(), late.step("acknowledged", 12, escalations=1), late.step("acted", 60))
    await tell(region, *silent.sent(), *false.sent(), false.step("false_alarm", 5), *other_month.sent(), *fresh.sent())
    await tell(
        region, called.step("found"), called.step("verified", 1), called.step("unreached", 1, unreached=1),
        called.step("acknowledged", 8, telephoned=True),
    )  # fmt: skip
    query = {"from": "2026-11-20", "to": (utc_now() + timedelta(days=1)).date().isoformat()}
    body = (await region.get(READER, "/v1/criticals/indicators", **query)).json()
    total = body["total"]
    assert (total["found"], total["confirmed"], total["false_alarms"], total["open"]) == (6, 5, 1, 5)
    assert (total["notified_in_time"], total["notified_in_time_rate"]) == (2, 0.5)  # the fresh one is still in time
    assert (total["acknowledged_on_time"], total["acknowledged_on_time_rate"]) == (1, 0.3333)
    assert (total["acted_on_time"], total["acted_on_time_rate"]) == (1, 0.3333)
    assert (total["read_back_failures"], total["unreachable"], total["telephoned"], total["escalated"]) == (2, 1, 1, 1)
    assert (total["median_minutes_to_acknowledge"], total["median_minutes_to_respond"]) == (8, 7)
    assert total["median_minutes_to_act"] == 34
    assert {(each["center"], each["clinic"]["id"], each["found"]) for each in body["by_clinic"]} == {
        ("imaging", "org_clinic1", 4),
        ("imaging", "org_clinic2", 1),
        ("ecg", "org_clinic2", 1),
    }
    assert [(each["center"], each["found"]) for each in body["by_center"]] == [("ecg", 1), ("imaging", 5)]
    own = (await region.get(OTHER_CLINIC, "/v1/criticals/indicators", **query)).json()["total"]
    assert (own["found"], own["notified_in_time"], own["median_minutes_to_acknowledge"]) == (2, 1, 10)
    empty = (await region.get(FOREIGN_READER, "/v1/criticals/indicators", **query)).json()
    assert (empty["total"]["found"], empty["total"]["notified_in_time_rate"], empty["by_center"]) == (0, None, [])
    for wrong in ({"from": "2026-11-20", "to": "2026-11-19"}, {"from": "0001-01-01", "to": "9999-12-31"}):
        assert (await region.get(READER, "/v1/criticals/indicators", **wrong)).status_code == 422
    assert (await region.get(AUDITOR, "/v1/criticals/indicators")).status_code == 403


async def test_told_again_from_nothing(region: Region) -> None:
    loop = Loop()
    events = [*loop.sent(), loop.step("acknowledged", 3)]
    await tell(region, *events)
    before = (await region.get(CLINIC, f"/v1/criticals/{loop.id}")).json()
    async with region.db.transaction() as session:
        await begin_anew(session)
        epoch = (await feed.heads(session))["live"].epoch
    async with asyncio.timeout(10):
        while region.pulse.live_epoch != epoch:
            await asyncio.sleep(0.01)
    assert (await region.get(CLINIC, f"/v1/criticals/{loop.id}")).status_code == 404
    data = CriticalEvent.model_validate(events[-1].data)
    history = [CriticalEvent.model_validate(event.data).step for event in events]
    again = wrap(
        "imaging", "critical.restated", data.model_copy(update={"history": history}), record_id=loop.id,
        case_id=data.critical.case_id, case_version=3,
    )  # fmt: skip
    async with following(region, CLINIC, path="/v1/criticals/events") as stream:
        await region.publish(again)
        await region.settled()
        new = Loop()
        await tell(region, new.step("found"), new.step("verified", 1))
        assert (await stream.take(1))[0]["data"]["critical_id"] == new.id
    after = (await region.get(CLINIC, f"/v1/criticals/{loop.id}")).json()
    assert {**after, "seconds_left": 0} == {**before, "seconds_left": 0}

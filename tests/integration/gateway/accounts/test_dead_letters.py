import asyncio

from shared.bus import Delivery, Retry
from shared.clock import utc_now
from shared.errors import Invalid
from shared.events.envelope import Envelope
from tests.integration.gateway.accounts.desk import Desk

PATIENT = "测试病人甲"


async def _give_one_up(desk: Desk) -> None:
    """A consumer that never manages its one message."""

    async def fail(_: Delivery) -> None:
        raise Invalid(code="test_failure")

    event = Envelope(
        id="evt_1",
        source="/imaging",
        type="imaging.case.queued.v1",
        subject="case_1",
        time=utc_now(),
        case_id="case_1",
        case_version=3,
        data={"name": PATIENT},
    )
    await desk.bus.publish("imaging.case.queued.v1.org_demo_a", event.to_bytes(), message_id="evt_1")
    stop = asyncio.Event()
    task = asyncio.create_task(
        desk.bus.consume(
            stream="IMAGING",
            durable="projection",
            subjects=["imaging.case.>"],
            handler=fail,
            stop=stop,
            retry=Retry(attempts=1),
        )
    )
    async with asyncio.timeout(10):
        while not (await desk.bus.list_dead()).items:
            await asyncio.sleep(0.01)
    stop.set()
    await task


async def test_a_dead_letter_is_listed_shown_and_replayed_without_a_word_of_the_patient(desk: Desk) -> None:
    admin = await desk.bearer("admin1")
    await _give_one_up(desk)

    listed = await desk.http.get("/v1/admin/dead-letters", headers=admin)
    (item,) = listed.json()["items"]
    shown = await desk.http.get(f"/v1/admin/dead-letters/{item['sequence']}", headers=admin)
    assert shown.json()["event"]["case_id"] == "case_1"
    assert shown.json()["subject"] == "imaging.case.queued.v1.org_demo_a"
    assert PATIENT not in listed.text + shown.text

    replayed = await desk.http.post(f"/v1/admin/dead-letters/{item['sequence']}/replay", headers=admin)
    assert replayed.status_code == 200
    assert replayed.json()["message_id"]

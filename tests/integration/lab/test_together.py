"""Stored messages are applied several to a transaction: in their order, and a faulty one stops no other."""

from sqlalchemy import text

from services.lab.intake.apply import apply_received
from services.lab.intake.incoming import Arriving, Source, receive
from services.lab.intake.read import Protocol
from tests.integration.lab.centre import Centre
from tests.support.lab_oru import oru

SOURCE = Source("org_a", "listener", "hl7^192.0.2.1", "192.0.2.1", "utf-8")


async def stored(centre: Centre, *sent: bytes) -> None:
    await receive(centre.resources.db, [Arriving(Protocol.hl7, raw, SOURCE) for raw in sent])


async def test_a_correction_stored_with_what_it_corrects_comes_after_it(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    await stored(
        centre,
        oru(ordered.number, [("K", "4.1"), ("NA", "140")], control_id="1"),
        oru(ordered.number, [("K", "4.3")], control_id="2", status="C"),
        oru(ordered.number, [("NA", "")], control_id="3", status="D"),
    )

    assert await apply_received(centre.resources.db) == 3

    shown = await centre.shown(f"/lab/v1/cases/{ordered.case_id}/results")
    assert [(each["item"], each["value"], each["run"]) for each in shown["results"]] == [("K", "4.3", 2)]
    assert {(each["item"], each["value"]) for each in shown["earlier"]} >= {("K", "4.1"), ("NA", "140")}
    assert shown["missing"] == ["NA"]


async def test_a_message_that_cannot_be_applied_stops_none_of_those_beside_it(centre: Centre) -> None:
    before, after = [await centre.ordered("K", "NA") for _ in range(2)]
    values = [("K", "4.1"), ("NA", "140")]
    await stored(
        centre,
        oru(before.number, values, control_id="1"),
        oru(before.number, values, control_id="faulty"),
        oru(after.number, values, control_id="3"),
    )
    async with centre.resources.db.transaction() as session:
        await session.execute(text("UPDATE lab.message SET protocol = 'unheard of' WHERE control_id = 'faulty'"))

    assert await apply_received(centre.resources.db) == 2

    assert [await centre.state(each.case_id) for each in (before, after)] == ["resulted", "resulted"]
    assert await centre.rows("SELECT control_id, state, tries FROM lab.message ORDER BY sequence") == [
        ("1", "applied", 0), ("faulty", "received", 1), ("3", "applied", 0),
    ]  # fmt: skip

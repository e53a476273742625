"""CONTRACT.md "Clinic": when two uploads are one case, when they are two, and when the second is refused."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.errors import AccessionTaken, Conflict, Invalid, RoleRequired
from shared.events.case import Patient
from shared.events.directory import SitePolicy
from shared.reading.lifecycle import State
from shared.reading.schemas.order import Order
from shared.reading.workflow import management
from shared.reading.workflow.arrival import Outcome
from shared.reading.workflow.assign import queue
from shared.reading.workflow.intake import accept, complete, find_same, place_order
from tests.integration.reading.centre import CLINIC, READER, REVIEWER, STRANGER, Centre, arrival


async def same(centre: Centre, **what: Any) -> str | None:
    async with centre.db.transaction() as session:
        case = await find_same(session, CLINIC, arrival(**what))
        return case.case_id if case else None


async def reject(centre: Centre, case_id: str) -> None:
    held = await centre.claimed(case_id=case_id)
    async with centre.db.transaction() as session:
        await management.reject(session, READER, case_id, reason="模糊", comment=None, token=held.claim.token)


async def queue_case(centre: Centre, case_id: str) -> None:
    async with centre.db.transaction() as session:
        await queue(session, case_id)


async def test_a_first_upload_opens_a_received_case_with_its_event(centre: Centre) -> None:
    accepted = await centre.accept(priority="stat", ago=timedelta(seconds=30))
    case = await centre.case(accepted.case.case_id)
    assert (accepted.outcome, case.state, case.version, case.accession_number) == ("created", "received", 1, "A1")
    assert case.received_at is not None and case.due_at == case.received_at + timedelta(minutes=10)
    ((subject, envelope),) = await centre.events(case.case_id)
    assert subject == "imaging.case.received.v1"
    assert envelope.data["case"]["card"]["patient"]["name"] == "测试甲"
    assert envelope.case_version == 1


async def test_the_same_order_and_bytes_are_the_same_case(centre: Centre) -> None:
    first = await centre.accept(contents=("a", "b"))
    again = await centre.accept(contents=("b", "a"))
    assert (again.outcome, again.case.case_id, again.new_contents) == (Outcome.same, first.case.case_id, ())
    assert await same(centre, contents=("a", "b")) == first.case.case_id
    assert len(await centre.events(first.case.case_id)) == 1


async def test_other_bytes_under_the_number_are_added_until_it_is_signed(centre: Centre) -> None:
    first = await centre.accept(contents=("a",))
    added = await centre.accept(contents=("a", "b"), priority="stat")
    assert (added.outcome, added.case.case_id) == (Outcome.added, first.case.case_id)
    assert [content.record_id for content in added.new_contents] == ["ins_b"]
    case = await centre.case(first.case.case_id)
    assert (case.content_count, case.content_version, case.priority) == (2, 2, "stat")
    assert (await centre.events(case.case_id))[-1][0] == "imaging.case.content_changed.v1"


async def test_other_bytes_for_a_signed_case_are_refused_and_the_same_ones_are_not(centre: Centre) -> None:
    held = await centre.claimed(case_id=await centre.queued(accession="A1", contents=("a",)))
    await centre.save(READER, held, {"findings": "清晰", "impression": "正常"})
    await centre.submit(READER, held)
    await centre.sign(REVIEWER, held.case.case_id)
    with pytest.raises(AccessionTaken) as refused:
        await centre.accept(contents=("b",))
    assert refused.value.extra["case_id"] == held.case.case_id
    with pytest.raises(AccessionTaken):
        await same(centre, contents=("b",))
    assert (await centre.accept(contents=("a",))).outcome is Outcome.same


async def test_a_canceled_number_is_not_reused(centre: Centre) -> None:
    first = await centre.accept()
    async with centre.db.transaction() as session:
        await management.cancel(session, CLINIC, first.case.case_id)
    with pytest.raises(AccessionTaken) as refused:
        await centre.accept(contents=("b",))
    assert refused.value.extra["state"] == State.canceled


async def test_after_a_rejection_the_number_opens_a_repeat_that_both_cases_show(centre: Centre) -> None:
    case_id = await centre.queued(accession="A1", contents=("a",))
    await reject(centre, case_id)
    repeat = await centre.accept(contents=("b",))
    assert repeat.outcome is Outcome.repeat
    assert (repeat.case.repeats, repeat.case.accession_number) == (case_id, "A1")
    rejected = await centre.case(case_id)
    assert (rejected.state, rejected.repeated_by) == (State.rejected, repeat.case.case_id)
    assert (await centre.accept(contents=("b", "c"))).case.case_id == repeat.case.case_id


async def test_a_rejected_upload_sent_once_more_is_the_rejected_case_unless_its_order_changed(centre: Centre) -> None:
    case_id = await centre.queued(accession="A1", contents=("a",))
    await reject(centre, case_id)
    again = await centre.accept(contents=("a",))
    assert (again.outcome, again.case.case_id) == (Outcome.same, case_id)
    corrected = await centre.accept(contents=("a",), patient="P009")
    assert (corrected.outcome, corrected.case.repeats) == (Outcome.repeat, case_id)


async def test_another_patient_under_an_open_number_is_refused(centre: Centre) -> None:
    await centre.accept()
    with pytest.raises(Conflict) as refused:
        await centre.accept(contents=("b",), patient="P002")
    assert refused.value.code == "patient_mismatch"
    with pytest.raises(Conflict):
        await same(centre, contents=("a",), patient="P002")


@pytest.mark.parametrize(
    ("patient", "word"),
    [
        ({"id": "P001", "name": "测试乙", "sex": "M"}, "姓名"),
        ({"name": "测试甲", "sex": "F"}, "性别"),
        ({"name": "测试甲", "birth_date": "1961-01-31"}, "出生日期"),
    ],
)
async def test_a_second_order_that_contradicts_the_first_is_a_warning_to_the_reader(
    centre: Centre, patient: dict[str, Any], word: str
) -> None:
    await centre.accept()
    added = await centre.accept(contents=("b",), order={"patient": patient})
    assert added.outcome == Outcome.added
    assert [(each["code"], word in each["detail"]) for each in added.case.warnings] == [("patient_mismatch", True)]
    assert Patient.model_validate(added.case.card["patient"]).name == "测试甲"


async def test_the_same_bytes_with_a_higher_priority_hurry_the_case_once(centre: Centre) -> None:
    case_id = await centre.queued(accession="A1", contents=("a",))
    await centre.claimed(case_id=case_id)
    for _ in range(2):
        again = await centre.accept(contents=("a",), priority="stat")
        assert (again.outcome, again.case.case_id, again.new_contents) == (Outcome.same, case_id, ())
    await centre.accept(contents=("a",), priority="urgent")
    case = await centre.case(case_id)
    assert case.received_at is not None
    assert (case.priority, case.priority_rank, case.due_at) == ("stat", 0, case.received_at + timedelta(minutes=10))
    told = [subject for subject, _ in await centre.events(case_id)]
    assert told.count("imaging.case.reprioritized.v1") == 1


async def test_a_look_before_the_bytes_are_stored_takes_the_changed_order_too(centre: Centre) -> None:
    first = await centre.accept(contents=("a",))
    assert await same(centre, contents=("a",), priority="urgent") == first.case.case_id
    assert (await centre.case(first.case.case_id)).priority == "urgent"


async def test_the_same_bytes_with_a_corrected_patient_warn_the_reader_once(centre: Centre) -> None:
    case_id = await centre.queued(accession="A1", contents=("a",))
    corrected = {"patient": {"id": "P001", "name": "测试乙", "sex": "M"}}
    for _ in range(2):
        again = await centre.accept(contents=("a",), order=corrected)
        assert (again.outcome, again.case.case_id) == (Outcome.same, case_id)
    case = await centre.case(case_id)
    assert [(each["code"], "姓名" in each["detail"]) for each in case.warnings] == [("patient_mismatch", True)]
    assert (Patient.model_validate(case.card["patient"]).name, case.content_version) == ("测试甲", 1)
    assert [subject for subject, _ in await centre.events(case_id)][-1] == "imaging.case.content_changed.v1"


async def test_a_changed_order_for_a_signed_case_changes_nothing(centre: Centre) -> None:
    held = await centre.claimed(case_id=await centre.queued(accession="A1", contents=("a",)))
    await centre.save(READER, held, {"findings": "清晰", "impression": "正常"})
    await centre.submit(READER, held)
    signed = (await centre.sign(REVIEWER, held.case.case_id)).case
    other = {"patient": {"id": "P001", "name": "测试乙"}}
    again = await centre.accept(contents=("a",), priority="stat", order=other)
    assert (again.outcome, again.case.version, again.case.warnings) == (Outcome.same, signed.version, [])


async def test_a_name_for_somebody_unknown_is_no_contradiction(centre: Centre) -> None:
    unknown = {"patient": {"name": "无名氏", "unknown": True}}
    await centre.accept(order=unknown)
    added = await centre.accept(contents=("b",), order={"patient": {"name": "测试甲", "sex": "M"}})
    assert (added.outcome, added.case.warnings) == (Outcome.added, [])


async def test_without_a_number_clinic_patient_and_bytes_are_the_case(centre: Centre) -> None:
    first = await centre.accept(accession=None)
    again = await centre.accept(accession=None)
    other_patient = await centre.accept(accession=None, patient="P002")
    assert (again.outcome, again.case.case_id) == (Outcome.same, first.case.case_id)
    assert other_patient.outcome is Outcome.created
    assert len({first.case.accession_number, other_patient.case.accession_number}) == 2


async def test_the_same_number_of_another_clinic_is_another_case(centre: Centre) -> None:
    first = await centre.accept()
    other = await centre.accept(STRANGER)
    assert other.outcome is Outcome.created and other.case.case_id != first.case.case_id


async def test_instances_of_one_study_sent_one_by_one_are_one_case(centre: Centre) -> None:
    sent = [
        await centre.accept(
            no_order=True, contents=(name,), is_complete=False, patient_from_file=Patient(id="P7", name="测试乙")
        )
        for name in ("a", "b", "c")
    ]
    assert [each.outcome for each in sent] == [Outcome.created, Outcome.added, Outcome.added]
    assert len({each.case.case_id for each in sent}) == 1
    case = await centre.case(sent[0].case.case_id)
    assert (case.content_count, case.completed_at, case.patient_id) == (3, None, "P7")


async def test_an_exam_is_whole_at_its_announced_count_or_when_its_clinic_says_so(centre: Centre) -> None:
    counted = await centre.accept(accession="A1", is_complete=False, expected_count=2, contents=("a",))
    assert (await centre.case(counted.case.case_id)).completed_at is None
    await centre.accept(accession="A1", is_complete=False, contents=("b",))
    assert (await centre.case(counted.case.case_id)).completed_at is not None
    told = await centre.accept(accession="A2", is_complete=False, contents=("c",))
    async with centre.db.transaction() as session:
        assert not await queue(session, told.case.case_id)
        await complete(session, CLINIC, told.case.case_id)
        assert await queue(session, told.case.case_id)
        assert (await complete(session, CLINIC, told.case.case_id)).state == State.queued


async def test_bytes_fulfil_an_order_that_came_before_them(centre: Centre) -> None:
    order = Order.model_validate(
        {"accession_number": "A1", "priority": "urgent", "patient": {"id": "P001", "name": "测试甲"}}
    )
    async with centre.db.transaction() as session:
        placed = await place_order(session, CLINIC, "imaging", order)
    assert (placed.outcome, placed.case.state, placed.case.due_at) == (Outcome.created, State.ordered, None)
    async with centre.db.transaction() as session:
        assert (await place_order(session, CLINIC, "imaging", order)).outcome is Outcome.same
    arrived = await centre.accept(
        no_order=True, accession_number="A1", patient_from_file=Patient(id="P999", name="X"), contents=("a",)
    )
    case = await centre.case(placed.case.case_id)
    assert (arrived.outcome, arrived.case.case_id, case.state) == (Outcome.from_order, case.case_id, State.received)
    assert (case.priority, case.patient_id) == ("urgent", "P001")
    assert [warning["code"] for warning in case.warnings] == ["patient_mismatch"]


async def test_an_order_for_a_number_in_use_is_refused(centre: Centre) -> None:
    await centre.accept()
    order = Order.model_validate({"accession_number": "A1", "patient": {"id": "P001"}})
    async with centre.db.transaction() as session:
        with pytest.raises(AccessionTaken):
            await place_order(session, CLINIC, "imaging", order)


async def test_an_idempotency_key_answers_the_same_case_and_refuses_another_body(centre: Centre) -> None:
    first = await centre.accept(accession=None, idempotency_key="k1")
    again = await centre.accept(accession=None, idempotency_key="k1")
    assert (again.outcome, again.case.case_id) == (Outcome.same, first.case.case_id)
    with pytest.raises(Invalid) as refused:
        await centre.accept(accession=None, contents=("z",), idempotency_key="k1")
    assert refused.value.code == "idempotency_key_reused"
    await centre.age("idempotency_key", "created_at", timedelta(days=8), first.case.case_id)
    assert (await centre.accept(accession="A5", contents=("z",), idempotency_key="k1")).outcome is Outcome.created


async def test_an_order_that_says_nobody_is_refused(centre: Centre) -> None:
    with pytest.raises(Invalid) as refused:
        await centre.accept(order={"patient": {}})
    assert refused.value.code == "patient_missing"
    assert (await centre.accept(order={"patient": {"unknown": True}})).outcome is Outcome.created


async def test_only_clinics_send(centre: Centre) -> None:
    with pytest.raises(RoleRequired):
        await centre.accept(READER)


async def test_parallel_uploads_under_one_number_are_one_case(centre: Centre) -> None:
    sent = await asyncio.gather(*(centre.accept(contents=(f"c{n}",)) for n in range(8)))
    assert len({each.case.case_id for each in sent}) == 1
    assert sorted(each.outcome for each in sent) == ["added"] * 7 + ["created"]
    assert (await centre.case(sent[0].case.case_id)).content_count == 8


async def test_parallel_uploads_of_the_same_bytes_without_a_number_are_one_case(centre: Centre) -> None:
    sent = await asyncio.gather(*(centre.accept(accession=None) for _ in range(6)))
    assert len({each.case.case_id for each in sent}) == 1
    assert sorted(each.outcome for each in sent) == ["created"] + ["same"] * 5


async def test_a_reading_site_that_nobody_offers_leaves_the_case_visible_and_waiting(centre: Centre) -> None:
    accepted = await centre.accept()
    nobody = [SitePolicy(reading_site_id=site, center="imaging", accepts=False) for site in ("org_a", "org_b")]
    await centre.tell(*nobody)
    await queue_case(centre, accepted.case.case_id)
    await queue_case(centre, accepted.case.case_id)
    case = await centre.case(accepted.case.case_id)
    assert (case.state, case.reading_site_id) == (State.received, None)
    changed = [e for s, e in await centre.events(case.case_id) if s == "imaging.case.content_changed.v1"]
    assert [warning["code"] for warning in changed[0].data["case"]["warnings"]] == ["no_reading_site"]
    assert len(changed) == 1


async def test_an_upload_of_many_studies_takes_few_locks(centre: Centre) -> None:
    """PostgreSQL has room for some ten thousand locks in all: one upload must not take them from everybody."""
    many = [f"1.2.{number}" for number in range(1000)]
    async with centre.db.transaction() as session:
        await accept(session, CLINIC, arrival(study_uids=many))
        held = await session.execute(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        )
        assert held.scalar_one() < 100

"""A laboratory's case: specimen, results checked by rule, a technologist, a second one; and whatever comes between."""

from datetime import timedelta

import pytest

from shared.auth import SYSTEM
from shared.errors import ContentUnseen, IllegalTransition, NotFound, RoleRequired, SamePerson
from shared.events.case import CaseWarning
from shared.events.directory import SitePolicy
from shared.reading.lifecycle import State
from shared.reading.queries import cases
from shared.reading.routes.show import works_on
from shared.reading.workflow import amendment, claims, management, review, signing, sweeps
from shared.reading.workflow.arrival import Arrival, Content, Outcome
from shared.reading.workflow.assign import queue
from shared.reading.workflow.intake import accept
from tests.integration.reading.centre import (
    CLINIC,
    DISPATCHER,
    READER,
    REVIEWER,
    Centre,
    arrival,
    digest_of,
)
from tests.integration.reading.laboratory import LAB1, LAB2, LAB3, TEXT, Laboratory

DELTA = CaseWarning(code="delta_check", detail="血红蛋白较上次下降超过限值")
FLAG = CaseWarning(code="instrument_flag", detail="血小板聚集")


@pytest.fixture
async def laboratory(centre: Centre) -> Laboratory:
    return await Laboratory.open(centre)


async def look(laboratory: Laboratory, case_id: str, account_id: str) -> None:
    async with laboratory.centre.db.transaction() as session:
        case = await cases.see(session, SYSTEM, case_id)
        await cases.mark_seen(session, case_id, account_id, case.content_version)


async def test_an_order_is_at_its_laboratory_before_the_specimen_is(laboratory: Laboratory) -> None:
    case_id = await laboratory.ordered(priority="stat")
    case = await laboratory.centre.case(case_id)
    assert (case.state, case.reading_site_id, case.received_at, case.due_at) == ("ordered", "org_a", None, None)
    received = await laboratory.receive(case_id)
    assert received.received_at is not None and received.due_at is not None
    assert (received.state, received.due_at - received.received_at) == ("received", timedelta(minutes=20))
    assert (await laboratory.receive(case_id)).version == received.version
    with pytest.raises(NotFound):
        await laboratory.receive(case_id, LAB3)
    with pytest.raises(RoleRequired):
        await laboratory.receive(case_id, CLINIC)


async def test_an_order_nobody_takes_waits_and_is_assigned_later(laboratory: Laboratory) -> None:
    closed = SitePolicy(reading_site_id="org_a", center="lab", accepts=False)
    await laboratory.centre.tell(closed)
    case_id = await laboratory.ordered()
    case = await laboratory.centre.case(case_id)
    assert (case.state, case.reading_site_id, case.unassigned_reason is None) == ("ordered", None, False)
    await sweeps.queue_received(laboratory.centre.db, "lab")
    assert (await laboratory.centre.case(case_id)).reading_site_id is None
    await laboratory.centre.tell(closed.model_copy(update={"accepts": True}))
    assert await sweeps.queue_received(laboratory.centre.db, "lab") == 1
    case = await laboratory.centre.case(case_id)
    assert (case.state, case.reading_site_id, case.unassigned_reason) == ("ordered", "org_a", None)
    assert await sweeps.queue_received(laboratory.centre.db, "lab") == 0
    assert (await laboratory.centre.events(case_id))[-1][0] == "lab.case.reassigned.v1.org_a"


async def test_results_are_told_to_the_site_as_passed_or_held(laboratory: Laboratory) -> None:
    case_id = await laboratory.ordered()
    await laboratory.receive(case_id)
    partial = await laboratory.put(case_id, "WBC=4.5", is_complete=False)
    assert (partial.state, partial.completed_at, partial.content_count) == ("resulted", None, 1)
    held = await laboratory.put(case_id, "WBC=4.5", "HGB=70", is_held=True, warnings=[DELTA])
    assert (held.state, held.completed_at is not None, held.content_count) == ("held", True, 2)
    assert (await laboratory.put(case_id, "HGB=70", is_held=True, warnings=[DELTA])).version == held.version
    again = await laboratory.put(case_id, "HGB=71", is_held=True, warnings=[FLAG])
    assert [warning["code"] for warning in again.warnings] == ["instrument_flag"]
    passed = await laboratory.put(case_id, "HGB=125")
    assert (passed.state, passed.warnings, passed.content_version) == ("resulted", [], 4)
    told = [subject for subject, _ in await laboratory.centre.events(case_id)]
    assert told == [
        "lab.case.ordered.v1",
        "lab.case.received.v1",
        "lab.case.resulted.v1.org_a",
        "lab.case.held.v1.org_a",
        "lab.case.held.v1.org_a",
        "lab.case.resulted.v1.org_a",
    ]


async def test_results_sent_with_the_order_are_received_and_resulted_at_once(laboratory: Laboratory) -> None:
    given = arrival(accession="L1")
    message = Content(digest_of("oru"), "msg_1", "message")
    sent = Arrival("lab", given.order, [message], given.first_byte_at, modality="LAB")
    async with laboratory.centre.db.transaction() as session:
        accepted = await accept(session, CLINIC, sent)
    case_id = accepted.case.case_id
    assert (accepted.case.state, accepted.case.reading_site_id) == ("received", "org_a")
    case = await laboratory.put(case_id, "WBC=4.5", is_complete=False)
    assert (case.state, case.content_count, case.completed_at) == ("resulted", 2, None)
    async with laboratory.centre.db.transaction() as session:
        assert not await queue(session, case_id)
        assert (await accept(session, CLINIC, sent)).outcome is Outcome.same


async def test_results_of_an_ordered_case_start_its_clock(laboratory: Laboratory) -> None:
    case_id = await laboratory.ordered()
    case = await laboratory.put(case_id, "GLU=5.1")
    assert case.state == State.resulted and case.received_at is not None and case.due_at is not None


async def test_a_report_by_two_technologists(laboratory: Laboratory) -> None:
    centre, case_id = laboratory.centre, await laboratory.resulted(is_held=True)
    async with centre.db.transaction() as session:
        held = await claims.claim_next(session, LAB1, "lab", "report")
    assert held is not None and held.case.case_id == case_id
    await centre.save(LAB1, held, TEXT)
    submitted = await centre.submit(LAB1, held)
    assert (submitted.case.state, submitted.version.author_id) == ("verified", LAB1.account_id)
    with pytest.raises(SamePerson):
        await centre.sign(LAB1, case_id)
    async with centre.db.transaction() as session:
        assert await claims.claim_next(session, LAB1, "lab", "review") is None
        reviewed = await claims.claim_next(session, LAB2, "lab", "review")
    assert reviewed is not None
    signed = await centre.sign(LAB2, case_id, reviewed.claim.token)
    assert (signed.case.state, signed.version.reviewer_id) == ("released", LAB2.account_id)
    again = await centre.sign(LAB2, case_id)
    assert (again.version.version, again.case.version) == (signed.version.version, signed.case.version)
    subject, envelope = (await centre.events(case_id))[-1]
    assert (subject, envelope.data["case"]["state"]) == ("lab.report.signed.v1", "released")


@pytest.mark.parametrize("is_held", [True, False])
async def test_a_case_goes_back_to_where_it_waited(laboratory: Laboratory, is_held: bool) -> None:
    centre, case_id = laboratory.centre, await laboratory.resulted(is_held=is_held)
    waits = "held" if is_held else "resulted"
    held = await centre.claimed(LAB1, case_id)
    async with centre.db.transaction() as session:
        assert (await claims.release(session, LAB1, case_id, held.claim.token)).state == waits
    await centre.claimed(LAB1, case_id)
    await centre.age("claim", "lease_until", timedelta(seconds=121), case_id)
    assert await sweeps.expire_claims(centre.db, "lab") == 1
    assert (await centre.case(case_id)).state == waits
    await centre.claimed(LAB1, case_id)
    async with centre.db.transaction() as session:
        assert (await claims.force_release(session, DISPATCHER, case_id)).state == waits
    held = await centre.claimed(LAB1, case_id)
    await centre.save(LAB1, held, TEXT)
    await centre.submit(LAB1, held)
    async with centre.db.transaction() as session:
        returned = await review.return_(session, LAB2, case_id, comment="请复查", token=None)
    assert (returned.state, returned.kept_for_id) == (waits, LAB1.account_id)
    assert [row.to_state for row in await centre.history(case_id)][-1] == waits


async def test_what_comes_while_it_is_claimed_must_be_seen_and_decides_where_it_goes_back(
    laboratory: Laboratory,
) -> None:
    centre, case_id = laboratory.centre, await laboratory.resulted()
    held = await centre.claimed(LAB1, case_id)
    await centre.save(LAB1, held, TEXT)
    case = await laboratory.put(case_id, "PLT=30", is_held=True, warnings=[FLAG])
    assert (case.state, case.waited_in) == ("claimed", "held")
    with pytest.raises(ContentUnseen):
        await centre.submit(LAB1, held)
    await look(laboratory, case_id, LAB1.account_id)
    assert (await centre.submit(LAB1, held)).case.state == State.verified
    await laboratory.put(case_id, "PLT=150")
    with pytest.raises(ContentUnseen):
        await centre.sign(LAB2, case_id)
    async with centre.db.transaction() as session:
        assert (await review.return_(session, LAB2, case_id, comment="新结果", token=None)).state == State.resulted


async def test_a_closed_case_takes_no_news_but_knows_what_it_has(laboratory: Laboratory) -> None:
    case_id = await laboratory.released()
    version = (await laboratory.centre.case(case_id)).version
    assert (await laboratory.put(case_id, "WBC=4.5")).version == version
    with pytest.raises(IllegalTransition):
        await laboratory.put(case_id, "WBC=5.4")
    with pytest.raises(IllegalTransition):
        await laboratory.receive(case_id)


async def test_an_amendment_states_the_corrected_result(laboratory: Laboratory) -> None:
    centre, case_id = laboratory.centre, await laboratory.released()
    async with centre.db.transaction() as session:
        held = await amendment.open_amendment(session, LAB2, case_id, reason="仪器更正")
    await laboratory.put(case_id, "WBC=5.4")
    await centre.save(LAB2, held, {"conclusion": "白细胞更正。"})
    with pytest.raises(ContentUnseen):
        await centre.submit(LAB2, held)
    await look(laboratory, case_id, LAB2.account_id)
    submitted = await centre.submit(LAB2, held)
    assert (submitted.case.state, submitted.version.amends) == ("amend_review", 1)
    amended = await centre.sign(LAB1, case_id)
    assert (amended.case.state, amended.version.status) == ("released", "amended")
    assert "WBC=5.4" in (amended.version.document or {})["content"]["findings"]
    async with centre.db.transaction() as session:
        assert (await review.void(session, LAB2, case_id, reason="标本弄错")).state == State.voided


async def test_partial_results_make_a_preliminary_report(laboratory: Laboratory) -> None:
    centre, case_id = laboratory.centre, await laboratory.ordered()
    await laboratory.put(case_id, "WBC=4.5", is_complete=False)
    held = await centre.claimed(LAB1, case_id)
    await centre.save(LAB1, held, TEXT)
    issued = await signing.issue_preliminary(
        centre.desk, LAB1, case_id, token=held.claim.token, grant=centre.grant(LAB1)
    )
    assert (issued.case.state, issued.version.status) == ("claimed", "preliminary")


async def test_a_refused_specimen_ends_the_case_and_tells_the_clinic(laboratory: Laboratory) -> None:
    case_id = await laboratory.ordered(accession_number="L7")

    async def refuse(reason: str) -> State:
        async with laboratory.centre.db.transaction() as session:
            case = await management.reject(session, LAB1, case_id, reason=reason, comment="请重采", token=None)
        return State(case.state)

    assert await refuse("haemolysed") == State.rejected
    assert await refuse("haemolysed") == State.rejected
    with pytest.raises(IllegalTransition):
        await refuse("clotted")
    subject, envelope = (await laboratory.centre.events(case_id))[-1]
    assert (subject, envelope.data["case"]["reason"]) == ("lab.case.rejected.v1", "haemolysed")
    repeated = await laboratory.centre.case(await laboratory.ordered(accession_number="L7", clinical_info="重采"))
    assert (repeated.repeats, repeated.reading_site_id) == (case_id, "org_a")


async def test_a_diagnostic_report_is_a_physicians_to_release(laboratory: Laboratory) -> None:
    case_id = await laboratory.verified()
    laboratory.form.is_diagnostic = True
    with pytest.raises(RoleRequired) as refused:
        await laboratory.centre.sign(LAB2, case_id)
    assert refused.value.extra["roles"] == ["reviewer"]
    assert (await laboratory.centre.case(case_id)).state == State.verified
    assert (await laboratory.centre.sign(REVIEWER, case_id)).case.state == State.released


async def test_a_reader_may_write_a_laboratory_report_but_not_release_one(laboratory: Laboratory) -> None:
    centre, case_id = laboratory.centre, await laboratory.resulted()
    held = await centre.claimed(READER, case_id)
    await centre.save(READER, held, TEXT)
    await centre.submit(READER, held)
    with pytest.raises(RoleRequired):
        await centre.sign(READER, case_id)
    assert (await centre.sign(LAB1, case_id)).case.state == State.released


async def test_an_overdue_laboratory_case_is_told_and_stays(laboratory: Laboratory) -> None:
    await laboratory.centre.tell(SitePolicy(reading_site_id="org_b", center="lab", rank=2))
    case_id = await laboratory.resulted()
    await laboratory.centre.age("case", "due_at", timedelta(hours=3), case_id)
    await laboratory.centre.age("case_history", "at", timedelta(hours=3), case_id)
    assert await sweeps.watch_turnaround(laboratory.centre.db, "lab") == 1
    case = await laboratory.centre.case(case_id)
    assert (case.overdue, case.state, case.reading_site_id) == (True, "resulted", "org_a")


async def test_a_technologist_has_no_part_in_imaging(laboratory: Laboratory, centre: Centre) -> None:
    case_id = await centre.queued()
    technologist = type(LAB1)(LAB1.account_id, LAB1.username, LAB1.name, "org_a", LAB1.roles)
    async with centre.db.transaction() as session:
        case = await cases.see(session, technologist, case_id)
        assert not works_on(technologist, case)
        for stage in ("report", "review"):
            with pytest.raises(RoleRequired):
                await claims.claim_next(session, technologist, "imaging", stage)
    with pytest.raises(RoleRequired):
        await centre.claimed(technologist, case_id)
    submitted = await centre.submitted()
    with pytest.raises(RoleRequired):
        await centre.sign(technologist, submitted.case.case_id)

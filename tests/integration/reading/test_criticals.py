"""The critical-result loop on a real database: who may what, what is told, what happens when two come at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.auth import SYSTEM, Actor
from shared.clock import utc_now
from shared.errors import ClaimLost, IllegalTransition, Invalid, NotFound, RoleRequired
from shared.events.directory import Account
from shared.reading.lifecycle import Action
from shared.reading.queries import criticals as queries
from shared.reading.workflow import criticals
from shared.reading.workflow.apply import apply as apply_to_case
from shared.reading.workflow.criticals import Call, Finding, ReadBack
from tests.integration.reading.centre import (
    CLINIC,
    DISPATCHER,
    FAR_READER,
    FORM,
    OTHER_READER,
    READER,
    REVIEWER,
    STRANGER,
    Centre,
)
from tests.integration.reading.critical_loop import (
    COLLEAGUE,
    LUNG,
    POTASSIUM,
    Step,
    found,
    opened,
    read,
    run,
    told,
)


async def test_the_loop_from_a_suspicion_to_its_end(centre: Centre) -> None:
    case_id = await centre.queued()
    critical = await found(centre, case_id)
    assert (critical.state, critical.version, critical.timer_at is not None) == ("found", 1, True)
    critical = await run(centre, criticals.verify, REVIEWER, critical.critical_id)
    assert (critical.state, critical.version) == ("notified", 3)
    done: ReadBack = await run(centre, criticals.acknowledge, CLINIC, critical.critical_id, read_back="钾6.80")
    assert done.was_right and done.critical.state == "acknowledged"
    critical = await run(centre, criticals.act, CLINIC, critical.critical_id, text="静推葡萄糖酸钙，转县医院")
    critical = await run(centre, criticals.close, READER, critical.critical_id)
    assert (critical.state, critical.timer_at) == ("closed", None)
    assert critical.found_at <= critical.verified_at <= critical.acknowledged_at <= critical.acted_at  # type: ignore[operator]
    assert {state: person["account_id"] for state, person in critical.people.items()} == {
        "verified": "acc_reviewer1",
        "acknowledged": "acc_clinic1",
        "acted": "acc_clinic1",
        "closed": "acc_reader1",
    }
    assert await told(centre, critical) == [
        (f"imaging.critical.{kind}.v1.org_a", version)
        for version, kind in enumerate(("found", "verified", "notified", "acknowledged", "acted", "closed"), 1)
    ]


async def test_a_suspicion_is_read_next_and_may_only_bring_the_promise_forward(centre: Centre) -> None:
    case_id = await centre.queued(ago=timedelta(minutes=30))
    due_before = (await centre.case(case_id)).due_at
    await found(centre, case_id)
    case = await centre.case(case_id)
    assert case.priority == "stat" and due_before is not None and case.due_at is not None
    assert utc_now() < case.due_at < due_before
    late = await centre.queued(ago=timedelta(hours=3))
    due_before = (await centre.case(late)).due_at
    await found(centre, late)
    assert (await centre.case(late)).due_at == due_before
    submitted = await centre.submitted()
    await found(centre, submitted.case.case_id)
    assert (await centre.case(submitted.case.case_id)).priority == "routine"


async def test_the_same_finding_is_one_result(centre: Centre) -> None:
    case_id = await centre.queued()
    both = await asyncio.gather(found(centre, case_id), found(centre, case_id))
    assert both[0].critical_id == both[1].critical_id
    other = await run(centre, criticals.find, SYSTEM, case_id, Finding("K_HIGH", "血钾 7.1 mmol/L", "7.1", "mmol/L"))
    assert other.critical_id != both[0].critical_id
    await run(centre, criticals.dismiss, READER, other.critical_id, reason="溶血")
    again = await run(centre, criticals.find, SYSTEM, case_id, Finding("K_HIGH", "血钾 7.1 mmol/L", "7.1", "mmol/L"))
    assert (again.critical_id, again.state) == (other.critical_id, "false_alarm")


async def test_a_false_alarm_says_nothing_of_content_that_came_since(centre: Centre) -> None:
    case_id = await centre.queued()
    first = await found(centre, case_id)
    await run(centre, criticals.dismiss, READER, first.critical_id, reason="溶血")
    later = await run(centre, criticals.find, SYSTEM, case_id, POTASSIUM, is_of_new_content=True)
    assert (later.critical_id != first.critical_id, later.state) == (True, "found")
    again = await run(centre, criticals.find, SYSTEM, case_id, POTASSIUM, is_of_new_content=True)
    assert again.critical_id == later.critical_id


async def test_what_an_intake_finds_goes_with_the_intake(centre: Centre) -> None:
    accepted = await centre.accept()
    with pytest.raises(RuntimeError):
        async with centre.db.transaction() as session:
            await criticals.find(session, SYSTEM, accepted.case.case_id, POTASSIUM)
            raise RuntimeError("the intake fails")
    assert await run(centre, queries.of_case, SYSTEM, accepted.case.case_id) == []
    assert not [subject for subject, _ in await centre.events(accepted.case.case_id) if "critical" in subject]


async def test_a_wrong_read_back_is_recorded_and_tried_again(centre: Centre) -> None:
    critical = await run(centre, criticals.verify, READER, (await found(centre)).critical_id)
    for typed in ("8.6", "血钠6.8"):
        wrong: ReadBack = await run(centre, criticals.acknowledge, CLINIC, critical.critical_id, read_back=typed)
        assert not wrong.was_right and wrong.critical.state == "notified"
    right: ReadBack = await run(centre, criticals.acknowledge, CLINIC, critical.critical_id, read_back="6.8")
    assert right.was_right and right.critical.misreads == 2
    history = await run(centre, queries.history, [critical.critical_id])
    assert [row.detail for row in history if row.action == "misread"] == [{"typed": "8.6"}, {"typed": "血钠6.8"}]


async def test_the_same_call_again_is_answered_again_and_changes_nothing(centre: Centre) -> None:
    case_id = (held := await centre.claimed()).case.case_id
    critical = await run(centre, criticals.open_verified, READER, case_id, LUNG, token=held.claim.token)
    again = await run(centre, criticals.open_verified, READER, case_id, LUNG)
    assert (again.critical_id, again.version) == (critical.critical_id, critical.version)
    suspicion = await found(centre, case_id)
    steps: list[tuple[Step, Actor, dict[str, Any]]] = [
        (criticals.verify, READER, {}),
        (criticals.acknowledge, CLINIC, {"read_back": "6.8"}),
        (criticals.recall_patient, CLINIC, {}),
        (criticals.act, CLINIC, {"text": "转院"}),
        (criticals.close, READER, {}),
    ]
    for step, actor, said in steps:
        await run(centre, step, actor, suspicion.critical_id, **said)
        version = (await read(centre, suspicion.critical_id)).version
        await run(centre, step, actor, suspicion.critical_id, **said)
        assert (await read(centre, suspicion.critical_id)).version == version, step.__name__
    with pytest.raises(IllegalTransition):
        await run(centre, criticals.act, CLINIC, suspicion.critical_id, text="观察")


async def test_of_two_acknowledgements_at_once_one_counts(centre: Centre) -> None:
    await centre.tell(
        Account(account_id="acc_clinic1b", username="clinic1b", name="测试护士", org_id="org_c1", roles=["clinic"])
    )
    critical = await opened(centre, POTASSIUM)
    answers = await asyncio.gather(
        *(
            run(centre, criticals.acknowledge, who, critical.critical_id, read_back="6.8")
            for who in (CLINIC, COLLEAGUE)
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["IllegalTransition", "ReadBack"]
    twice = await asyncio.gather(
        *(run(centre, criticals.act, CLINIC, critical.critical_id, text="转院") for _ in range(2))
    )
    assert {each.state for each in twice} == {"acted"}
    versions = [version for _, version in await told(centre, critical)]
    assert versions == list(range(1, len(versions) + 1))


async def test_verified_by_two_at_once_is_sent_once(centre: Centre) -> None:
    critical = await found(centre)
    answers = await asyncio.gather(
        *(run(centre, criticals.verify, who, critical.critical_id) for who in (READER, OTHER_READER)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["CriticalResult", "IllegalTransition"]
    assert [subject for subject, _ in await told(centre, critical)].count("imaging.critical.notified.v1.org_a") == 1


async def test_who_may_see_and_do_what(centre: Centre) -> None:
    critical_id = (await found(centre)).critical_id
    for stranger in (STRANGER, FAR_READER, CLINIC):  # the clinic's own, but nobody has verified it yet
        with pytest.raises(NotFound):
            await run(centre, criticals.recall_patient, stranger, critical_id)
    with pytest.raises(RoleRequired):
        await run(centre, criticals.verify, DISPATCHER, critical_id)
    await run(centre, criticals.verify, READER, critical_id)
    with pytest.raises(RoleRequired):
        await run(centre, criticals.acknowledge, READER, critical_id, read_back="6.8")
    for step in (criticals.close, criticals.verify):
        with pytest.raises(RoleRequired):
            await run(centre, step, CLINIC, critical_id)
    with pytest.raises(RoleRequired):
        await run(centre, criticals.find, CLINIC, (await read(centre, critical_id)).case_id, LUNG)


async def test_a_reader_opens_one_on_the_case_he_holds_or_that_was_submitted(centre: Centre) -> None:
    queued = await centre.queued()
    with pytest.raises(ClaimLost):
        await run(centre, criticals.open_verified, READER, queued, LUNG)
    held = await centre.claimed(case_id=queued)
    for token in (None, "lost"):
        with pytest.raises(ClaimLost):
            await run(centre, criticals.open_verified, OTHER_READER, queued, LUNG, token=token)
    await run(centre, criticals.open_verified, READER, queued, LUNG, token=held.claim.token)
    signed = (await centre.signed()).case.case_id
    critical = await run(centre, criticals.open_verified, OTHER_READER, signed, LUNG)
    assert critical.state == "notified"
    with pytest.raises(RoleRequired):
        await run(centre, criticals.open_verified, CLINIC, signed, LUNG)


async def test_a_reader_finds_after_all_what_was_called_a_false_alarm(centre: Centre) -> None:
    critical = await opened(centre)
    await run(centre, criticals.dismiss, READER, critical.critical_id, reason="皮肤皱褶")
    again = await run(centre, criticals.open_verified, READER, critical.case_id, LUNG)
    assert again.critical_id != critical.critical_id and again.state == "notified"


async def test_a_reader_who_finds_what_the_computer_suspected_verifies_it(centre: Centre) -> None:
    held = await centre.claimed()
    critical = await found(centre, held.case.case_id)
    same = await run(centre, criticals.open_verified, READER, held.case.case_id, POTASSIUM)
    assert (same.critical_id, same.state) == (critical.critical_id, "notified")


async def test_a_clinic_without_an_account_is_for_the_telephone(centre: Centre) -> None:
    account = Account(
        account_id="acc_clinic1",
        username="clinic1",
        name="测试卫生员甲",
        org_id="org_c1",
        roles=["clinic"],
        active=False,
    )
    await centre.tell(account)
    critical = await opened(centre, POTASSIUM)
    assert (critical.state, critical.notified_at, critical.unreached) == ("verified", None, 1)
    called_at = utc_now() - timedelta(minutes=1)
    missed: ReadBack = await run(
        centre, criticals.telephone, READER, critical.critical_id, Call("值班室", called_at, None)
    )
    assert (missed.critical.state, missed.critical.unreached) == ("verified", 2)
    wrong = await run(centre, criticals.telephone, READER, critical.critical_id, Call("测试护士", utc_now(), "血钾8.6"))
    assert not wrong.was_right
    done: ReadBack = await run(
        centre, criticals.telephone, READER, critical.critical_id, Call("测试护士", called_at, "血钾6.8")
    )
    entered = done.critical
    assert (entered.state, entered.telephoned, entered.told) == ("acknowledged", True, "测试护士")
    assert entered.acknowledged_at == called_at and entered.entered_at is not None and entered.entered_at > called_at
    await centre.tell(account)
    assert (await run(centre, criticals.act, CLINIC, critical.critical_id, text="转院")).state == "acted"


async def test_a_call_cannot_have_been_made_tomorrow_or_last_week(centre: Centre) -> None:
    critical = await opened(centre, POTASSIUM)
    for told_at in (utc_now() + timedelta(minutes=5), utc_now() - timedelta(days=2)):
        with pytest.raises(Invalid):
            await run(centre, criticals.telephone, READER, critical.critical_id, Call("护士", told_at, "6.8"))
    assert (await read(centre, critical.critical_id)).state == "notified"


async def test_a_signed_report_names_what_was_verified_and_warns_of_what_was_not(centre: Centre) -> None:
    held = await centre.claimed()
    case_id = held.case.case_id
    await run(centre, criticals.open_verified, READER, case_id, LUNG)
    dismissed = await run(centre, criticals.open_verified, READER, case_id, Finding("X", "皱褶"))
    await run(centre, criticals.dismiss, READER, dismissed.critical_id, reason="皱褶")
    await found(centre, case_id)
    await centre.save(READER, held, FORM)
    submitted = await centre.submit(READER, held)
    document = submitted.version.document
    assert document is not None
    assert document["critical"] == [{"code": LUNG.code, "text": LUNG.text}]
    assert [each["code"] for each in document["warnings"]] == ["critical_undecided"]
    assert POTASSIUM.text in document["warnings"][0]["detail"]
    await centre.sign(REVIEWER, case_id)


async def test_a_case_that_moves_on_does_not_hold_up_an_acknowledgement(centre: Centre) -> None:
    critical = await opened(centre)
    async with centre.db.transaction() as session:
        async with apply_to_case(session, SYSTEM, critical.case_id, Action.mark_half_way) as step:
            step.case.half_way = True
        async with asyncio.timeout(5):
            done = await run(centre, criticals.acknowledge, CLINIC, critical.critical_id, read_back=LUNG.text)
    assert done.was_right

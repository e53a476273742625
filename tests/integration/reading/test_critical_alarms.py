"""What time alone does to critical results: reminders, calls, reading sites that come late, cases that end."""

import asyncio
from datetime import timedelta

import pytest

from shared.db import Session
from shared.errors import NotFound
from shared.events.directory import DutyContact
from shared.reading.lifecycle import CriticalState, State
from shared.reading.queries import criticals as queries
from shared.reading.workflow import criticals, management, review
from shared.reading.workflow.assign import queue
from shared.reading.workflow.criticals import ReadBack, sweeps
from tests.integration.reading.centre import (
    CLINIC,
    DISPATCHER,
    FAR_READER,
    READER,
    REVIEWER,
    Centre,
)
from tests.integration.reading.critical_loop import (
    LUNG,
    POTASSIUM,
    age,
    found,
    opened,
    read,
    run,
    told,
)


async def test_a_site_that_comes_late_is_told_and_so_is_the_next_one(centre: Centre) -> None:
    accepted = await centre.accept()
    case_id = accepted.case.case_id
    critical = await found(centre, case_id)
    assert await told(centre, critical) == [("imaging.critical.found.v1", 1)]
    assert await sweeps.address(centre.db, "imaging") == 0
    assert await run(centre, queue, case_id)
    assert await sweeps.address(centre.db, "imaging") == 1
    assert await sweeps.address(centre.db, "imaging") == 0
    await run(centre, management.reassign, DISPATCHER, case_id, to="org_b")
    assert await sweeps.address(centre.db, "imaging") == 1
    assert [subject for subject, _ in await told(centre, critical)][1:] == [
        "imaging.critical.found.v1.org_a",
        "imaging.critical.found.v1.org_b",
    ]
    assert (await run(centre, criticals.verify, FAR_READER, critical.critical_id)).state == "notified"
    with pytest.raises(NotFound):
        await run(centre, queries.see, READER, critical.critical_id)


async def test_it_stays_open_when_its_case_is_void_or_canceled(centre: Centre) -> None:
    signed = (await centre.signed()).case.case_id
    critical = await run(centre, criticals.open_verified, READER, signed, POTASSIUM)
    await run(centre, review.void, REVIEWER, signed, reason="误传图像")
    held = await centre.claimed()
    canceled = await run(centre, criticals.open_verified, READER, held.case.case_id, POTASSIUM)
    await run(centre, management.cancel, CLINIC, held.case.case_id, reason="重复")
    await run(centre, management.cancel, READER, held.case.case_id, token=held.claim.token)
    assert (await centre.case(held.case.case_id)).state == State.canceled
    for each in (critical, canceled):
        await age(centre, each.critical_id, timedelta(minutes=6))
        assert await sweeps.watch(centre.db, "imaging") == 1
        await run(centre, criticals.acknowledge, CLINIC, each.critical_id, read_back="6.8")
        await run(centre, criticals.act, CLINIC, each.critical_id, text="转院")
        assert (await run(centre, criticals.close, READER, each.critical_id)).state == "closed"


async def test_a_suspicion_of_a_case_that_never_had_a_reading_site_ends_with_it(centre: Centre) -> None:
    accepted = await centre.accept()
    critical = await found(centre, accepted.case.case_id)
    await run(centre, management.cancel, CLINIC, accepted.case.case_id, reason="误传")
    await age(centre, critical.critical_id, timedelta(minutes=6))
    assert await sweeps.watch(centre.db, "imaging") == 1
    ended = await read(centre, critical.critical_id)
    assert (ended.state, ended.reason) == ("false_alarm", "case_ended_without_reading_site")


async def test_reminder_clinics_contact_reading_sites_contact(centre: Centre) -> None:
    await centre.tell(
        DutyContact(contact_id="con_1", org_id="org_c1", name="测试值班一", phone="1", rank=1),
        DutyContact(contact_id="con_ecg", org_id="org_a", name="心电值班", phone="2", rank=1, center="ecg"),
        DutyContact(contact_id="con_a", org_id="org_a", name="影像值班", phone="3", rank=2, center="imaging"),
    )
    critical = await opened(centre)
    for minutes, expected in ((4, 0), (1, 1), (4, 0), (1, 1), (5, 1), (14, 0), (1, 1)):
        await age(centre, critical.critical_id, timedelta(minutes=minutes))
        assert await sweeps.watch(centre.db, "imaging") == expected, minutes
    calls = [
        (
            event.data["step"]["action"],
            event.data["step"]["detail"]["to"],
            event.data.get("contact", {}).get("contact_id"),
        )
        for subject, event in await centre.events(critical.case_id)
        if ".reminded." in subject or ".escalated." in subject
    ]
    assert calls == [
        ("remind", "clinic", None),
        ("escalate", "clinic", "con_1"),
        ("escalate", "reading_site", "con_a"),
        ("escalate", "clinic", "con_1"),
    ]
    pressed = await read(centre, critical.critical_id)
    assert (pressed.state, pressed.reminders, pressed.escalations, pressed.unreached) == ("notified", 1, 3, 0)


async def test_nobody_on_duty_is_counted_and_does_not_stop_the_ladder(centre: Centre) -> None:
    critical = await opened(centre)
    for _ in range(3):
        await age(centre, critical.critical_id, timedelta(minutes=5))
        assert await sweeps.watch(centre.db, "imaging") == 1
    assert ((await read(centre, critical.critical_id)).unreached, (await read(centre, critical.critical_id)).rung) == (
        2,
        3,
    )


async def test_what_is_acknowledged_and_not_acted_on_is_escalated(centre: Centre) -> None:
    critical = await opened(centre)
    await run(centre, criticals.acknowledge, CLINIC, critical.critical_id, read_back=LUNG.text)
    await age(centre, critical.critical_id, timedelta(minutes=29))
    assert await sweeps.watch(centre.db, "imaging") == 0
    await age(centre, critical.critical_id, timedelta(minutes=2))
    assert await sweeps.watch(centre.db, "imaging") == 1
    (last,) = [event for subject, event in await centre.events(critical.case_id) if ".escalated." in subject]
    assert last.data["step"]["detail"]["reason"] == "not_acted"
    assert last.data["critical"]["state"] == CriticalState.acknowledged


async def test_an_acknowledgement_and_an_escalation_at_once(centre: Centre) -> None:
    critical = await opened(centre)
    await age(centre, critical.critical_id, timedelta(minutes=11))
    await asyncio.gather(
        run(centre, criticals.acknowledge, CLINIC, critical.critical_id, read_back=LUNG.text),
        sweeps.watch(centre.db, "imaging"),
        sweeps.watch(centre.db, "imaging"),
    )
    after = await read(centre, critical.critical_id)
    assert after.state == "acknowledged" and after.escalations <= 1
    versions = [version for _, version in await told(centre, critical)]
    assert versions == list(range(1, after.version + 1))


async def test_a_worker_killed_before_its_commit_escalates_once_after_all(centre: Centre) -> None:
    critical = await opened(centre)
    await age(centre, critical.critical_id, timedelta(minutes=11))

    async def killed(session: Session, critical_id: str) -> None:
        assert await sweeps.raise_alarm(session, critical_id)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run(centre, killed, critical.critical_id)
    assert (await read(centre, critical.critical_id)).escalations == 0
    assert await sweeps.watch(centre.db, "imaging") == 1
    assert [subject for subject, _ in await told(centre, critical)].count("imaging.critical.escalated.v1.org_a") == 1


async def test_a_clock_that_was_set_back_makes_no_negative_times(centre: Centre) -> None:
    critical = await opened(centre)
    await age(centre, critical.critical_id, timedelta(hours=-1))  # as if it had been written by a clock an hour ahead
    done: ReadBack = await run(centre, criticals.acknowledge, CLINIC, critical.critical_id, read_back=LUNG.text)
    after = done.critical
    assert after.notified_at is not None and after.acknowledged_at is not None
    assert after.notified_at <= after.acknowledged_at == after.updated_at
    history = await run(centre, queries.history, [critical.critical_id])
    assert history[-1].at >= after.notified_at

"""An overdue case goes on to the next site, also where it was being read when its time was over."""

from datetime import timedelta

from shared.auth import SYSTEM
from shared.events.directory import SitePolicy
from shared.reading.lifecycle import Action, State
from shared.reading.models import Case
from shared.reading.workflow import review, sweeps
from shared.reading.workflow.apply import apply
from tests.integration.reading.centre import REVIEWER, Centre

LATE = timedelta(minutes=11)


async def watched(centre: Centre, case_id: str) -> Case:
    await sweeps.watch_turnaround(centre.db, "imaging")
    return await centre.case(case_id)


async def test_a_lost_claim_of_an_overdue_case_goes_to_the_next_site(centre: Centre) -> None:
    held = await centre.claimed(case_id=await centre.queued(priority="stat", ago=LATE))
    case_id = held.case.case_id
    await centre.age("case_history", "at", LATE, case_id)
    assert (await watched(centre, case_id)).reading_site_id == "org_a"
    await centre.age("claim", "lease_until", timedelta(seconds=121), case_id)
    await sweeps.expire_claims(centre.db, "imaging")
    case = await watched(centre, case_id)
    assert (case.state, case.reading_site_id, case.offered_sites) == (State.queued, "org_b", ["org_a", "org_b"])
    assert (await watched(centre, case_id)).version == case.version


async def test_a_crash_behind_the_overdue_mark_loses_no_escalation(centre: Centre) -> None:
    case_id = await centre.queued(priority="stat", ago=LATE)
    async with centre.db.transaction() as session, apply(session, SYSTEM, case_id, Action.mark_overdue) as step:
        step.case.overdue = True
    await centre.age("case_history", "at", LATE, case_id)
    assert (await watched(centre, case_id)).reading_site_id == "org_b"


async def test_each_site_has_its_time_before_the_next_is_asked(centre: Centre) -> None:
    await centre.tell(SitePolicy(reading_site_id="org_c", center="imaging", rank=3))
    case_id = await centre.queued(priority="stat", ago=LATE)
    assert (await watched(centre, case_id)).reading_site_id == "org_b"
    assert (await watched(centre, case_id)).reading_site_id == "org_b"
    await centre.age("case_history", "at", LATE, case_id)
    assert (await watched(centre, case_id)).reading_site_id == "org_c"
    await centre.age("case_history", "at", LATE, case_id)
    assert (await watched(centre, case_id)).reading_site_id == "org_c"


async def test_a_returned_case_stays_for_its_author_while_it_is_kept(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    async with centre.db.transaction() as session:
        await review.return_(session, REVIEWER, case_id, comment="请补充", token=None)
    await centre.age("case", "due_at", timedelta(hours=3), case_id)
    await centre.age("case_history", "at", LATE, case_id)
    case = await watched(centre, case_id)
    assert (case.overdue, case.reading_site_id, case.kept_for_id) == (True, "org_a", "acc_reader1")
    await centre.age("case", "kept_until", timedelta(minutes=16), case_id)
    assert (await watched(centre, case_id)).reading_site_id == "org_b"

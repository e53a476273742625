"""Claims on a real database: one holder a case, whatever happens at once."""

import asyncio
from datetime import timedelta

import pytest

from shared.auth import Actor, Role
from shared.errors import AlreadyClaimed, ClaimLost, Conflict, IllegalTransition, NotFound, RoleRequired, SamePerson
from shared.reading.lifecycle import State
from shared.reading.workflow import claims, review, sweeps
from shared.reading.workflow.claims import Claimed
from shared.reading.workflow.step import Stage
from tests.integration.reading.centre import (
    CLINIC,
    DISPATCHER,
    FAR_READER,
    OTHER_READER,
    OTHER_REVIEWER,
    READER,
    REVIEWER,
    STRANGER,
    Centre,
)

OVER = timedelta(seconds=121)


async def claim_next(centre: Centre, actor: Actor, stage: Stage = "report", **wanted: str) -> Claimed | None:
    async with centre.db.transaction() as session:
        return await claims.claim_next(session, actor, "imaging", stage, **wanted)


async def expire(centre: Centre, case_id: str) -> int:
    await centre.age("claim", "lease_until", OVER, case_id)
    return await sweeps.expire_claims(centre.db, "imaging")


async def test_two_hundred_claimers_on_fifty_cases_claim_each_once(centre: Centre) -> None:
    waiting = {await centre.queued() for _ in range(50)}
    people = [Actor(f"acc_{n}", f"r{n}", f"测试医师{n}", "org_a", frozenset({Role.reader})) for n in range(200)]
    got = await asyncio.gather(*(claim_next(centre, person) for person in people))
    held = [claimed.case.case_id for claimed in got if claimed is not None]
    assert len(held) == 50
    assert set(held) == waiting
    assert {len(await centre.claims(case_id)) for case_id in waiting} == {1}


async def test_next_is_the_most_urgent_then_the_first_due(centre: Centre) -> None:
    late = await centre.queued(priority="routine", ago=timedelta(minutes=60))
    urgent = await centre.queued(priority="urgent")
    stat = await centre.queued(priority="stat")
    early = await centre.queued(priority="routine", ago=timedelta(minutes=90))
    got = [await claim_next(centre, READER) for _ in range(5)]
    assert [claimed.case.case_id if claimed else None for claimed in got] == [stat, urgent, early, late, None]


async def test_next_can_be_narrowed(centre: Centre) -> None:
    await centre.queued(modality="DX", priority="stat")
    computed = await centre.queued(modality="CT")
    assert await claim_next(centre, READER, priority="urgent") is None
    got = await claim_next(centre, READER, modality="CT")
    assert got is not None and got.case.case_id == computed


async def test_a_second_reader_learns_who_holds_it_and_until_when(centre: Centre) -> None:
    held = await centre.claimed()
    with pytest.raises(AlreadyClaimed) as refused:
        await centre.claimed(OTHER_READER, held.case.case_id)
    assert refused.value.extra == {
        "claimed_by": {"account_id": READER.account_id, "name": READER.name},
        "claim_until": held.claim.lease_until.isoformat(),
    }


async def test_the_holder_who_lost_his_page_gets_his_own_claim_again(centre: Centre) -> None:
    held = await centre.claimed()
    again = await centre.claimed(case_id=held.case.case_id)
    assert again.claim.token == held.claim.token
    assert len(await centre.claims(held.case.case_id)) == 1


async def test_who_may_not_claim(centre: Centre) -> None:
    case_id = await centre.queued()
    for actor, refusal in (
        (CLINIC, RoleRequired),
        (DISPATCHER, RoleRequired),
        (FAR_READER, NotFound),
        (STRANGER, NotFound),
    ):
        with pytest.raises(refusal):
            await centre.claimed(actor, case_id)


async def test_a_heartbeat_renews_and_a_lease_that_is_over_ends_the_claim(centre: Centre) -> None:
    held = await centre.claimed()
    case_id, token = held.case.case_id, held.claim.token
    await centre.age("claim", "lease_until", timedelta(seconds=60), case_id)
    async with centre.db.transaction() as session:
        renewed = await claims.heartbeat(session, READER, case_id, token)
    assert renewed.claim.lease_until > held.claim.lease_until - timedelta(seconds=1)
    assert await sweeps.expire_claims(centre.db, "imaging") == 0
    assert await expire(centre, case_id) == 1
    case = await centre.case(case_id)
    assert case.state == State.queued
    assert (await centre.claims(case_id))[0].ended_by == "expire"
    with pytest.raises(ClaimLost):
        async with centre.db.transaction() as session:
            await claims.heartbeat(session, READER, case_id, token)


async def test_a_lease_that_is_over_holds_nobody_up_before_the_sweep(centre: Centre) -> None:
    held = await centre.claimed()
    await centre.age("claim", "lease_until", OVER, held.case.case_id)
    taken = await centre.claimed(OTHER_READER, held.case.case_id)
    assert taken.claim.account_id == OTHER_READER.account_id
    assert [each.ended_by for each in await centre.claims(held.case.case_id)] == ["expire", None]


async def test_resume_takes_up_what_nobody_held_since(centre: Centre) -> None:
    held = await centre.claimed()
    case_id = held.case.case_id
    await expire(centre, case_id)
    async with centre.db.transaction() as session:
        resumed = await claims.resume(session, READER, case_id, held.claim.token)
    assert resumed.case.state == State.claimed and resumed.claim.token != held.claim.token
    await expire(centre, case_id)
    other = await centre.claimed(OTHER_READER, case_id)
    async with centre.db.transaction() as session:
        await claims.release(session, OTHER_READER, case_id, other.claim.token)
    with pytest.raises(ClaimLost):
        async with centre.db.transaction() as session:
            await claims.resume(session, READER, case_id, resumed.claim.token)


async def test_resume_against_a_new_holder_is_a_lost_claim(centre: Centre) -> None:
    held = await centre.claimed()
    await expire(centre, held.case.case_id)
    await centre.claimed(OTHER_READER, held.case.case_id)
    with pytest.raises(ClaimLost):
        async with centre.db.transaction() as session:
            await claims.resume(session, READER, held.case.case_id, held.claim.token)


async def test_release_needs_the_token_and_gives_the_case_back(centre: Centre) -> None:
    held = await centre.claimed()
    for token in (None, "wrong", "王"):
        with pytest.raises(ClaimLost):
            async with centre.db.transaction() as session:
                await claims.release(session, READER, held.case.case_id, token)
    async with centre.db.transaction() as session:
        case = await claims.release(session, READER, held.case.case_id, held.claim.token)
    assert case.state == State.queued


async def test_a_stolen_token_is_worth_nothing_to_another_account(centre: Centre) -> None:
    held = await centre.claimed()
    with pytest.raises(ClaimLost):
        async with centre.db.transaction() as session:
            await claims.release(session, OTHER_READER, held.case.case_id, held.claim.token)


async def test_the_dispatcher_ends_a_claim(centre: Centre) -> None:
    held = await centre.claimed()
    with pytest.raises(RoleRequired):
        async with centre.db.transaction() as session:
            await claims.force_release(session, OTHER_READER, held.case.case_id)
    async with centre.db.transaction() as session:
        case = await claims.force_release(session, DISPATCHER, held.case.case_id)
    assert case.state == State.queued


async def test_a_review_is_claimed_by_another_person_than_the_writer(centre: Centre) -> None:
    written = await centre.written(REVIEWER)
    case_id = (await centre.submit(REVIEWER, written)).case.case_id
    with pytest.raises(SamePerson):
        await centre.review(REVIEWER, case_id)
    assert await claim_next(centre, REVIEWER, "review") is None
    got = await claim_next(centre, OTHER_REVIEWER, "review")
    assert got is not None and got.claim.stage == "review"
    assert await claim_next(centre, OTHER_REVIEWER, "review") is None
    with pytest.raises(IllegalTransition):
        await centre.claimed(READER, case_id)


async def test_a_held_review_is_refused_to_others_until_its_lease_is_over(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    held = await centre.review(REVIEWER, case_id)
    with pytest.raises(AlreadyClaimed):
        await centre.review(OTHER_REVIEWER, case_id)
    with pytest.raises(AlreadyClaimed):
        await centre.sign(OTHER_REVIEWER, case_id)
    with pytest.raises(ClaimLost):
        await centre.sign(REVIEWER, case_id)
    assert await expire(centre, case_id) == 1
    assert (await centre.case(case_id)).state == State.in_review
    assert (await centre.review(OTHER_REVIEWER, case_id)).claim.token != held.claim.token


async def test_a_returned_case_is_its_authors_for_a_while(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    async with centre.db.transaction() as session:
        await review.return_(session, REVIEWER, case_id, comment="请补充左下肺", token=None)
    assert await claim_next(centre, OTHER_READER) is None
    with pytest.raises(Conflict) as refused:
        await centre.claimed(OTHER_READER, case_id)
    assert refused.value.code == "kept_for_author"
    await centre.age("case", "kept_until", timedelta(minutes=15), case_id)
    assert (await centre.claimed(OTHER_READER, case_id)).case.kept_for_id is None


async def test_a_reviews_token_takes_up_nothing_that_is_kept_for_its_author(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    held = await centre.review(REVIEWER, case_id)
    async with centre.db.transaction() as session:
        await review.return_(session, REVIEWER, case_id, comment="请补充", token=held.claim.token)
    with pytest.raises(Conflict) as kept:
        async with centre.db.transaction() as session:
            await claims.resume(session, REVIEWER, case_id, held.claim.token)
    assert kept.value.code == "kept_for_author"

"""The same call twice: at once, or again because its answer was lost."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.auth import Actor
from shared.errors import ClaimLost, IllegalTransition, NotFound
from shared.reading.lifecycle import State
from shared.reading.models import Case
from shared.reading.workflow import claims, management, review, signing, sweeps
from shared.reading.workflow.claims import Claimed
from shared.signing.document import ReportDocument
from tests.integration.reading.centre import CLINIC, FORM, OTHER_READER, OTHER_REVIEWER, READER, REVIEWER, Centre


class Together:
    """A form whose sheets are rendered only once two are wanted: both calls have passed their first checks."""

    def __init__(self, form: Any, both: asyncio.Barrier, loop: asyncio.AbstractEventLoop) -> None:
        self.center, self.model = form.center, form.model
        self.gather, self.problems, self.content_of = form.gather, form.problems, form.content_of
        self.positive_of, self.summary = form.positive_of, form.summary
        self._form, self._both, self._loop = form, both, loop

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Any:
        asyncio.run_coroutine_threadsafe(_meet(self._both), self._loop).result(20)
        return self._form.render_sheet(document, files)


async def _meet(both: asyncio.Barrier) -> None:
    await both.wait()


async def test_a_submit_clicked_twice_is_one_version_and_two_good_answers(centre: Centre) -> None:
    held = await centre.written()
    centre.desk.form = Together(centre.desk.form, asyncio.Barrier(2), asyncio.get_running_loop())
    one, other = await asyncio.gather(centre.submit(READER, held), centre.submit(READER, held))
    assert (one.version.version, one.case.version) == (other.version.version, other.case.version)
    assert (await centre.case(held.case.case_id)).state == State.in_review


async def test_a_signature_clicked_twice_is_one_release_and_two_good_answers(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    one, other = await asyncio.gather(centre.sign(REVIEWER, case_id), centre.sign(REVIEWER, case_id))
    assert (one.case.version, one.case.state) == (other.case.version, State.signed)


async def return_(centre: Centre, case_id: str, token: str | None, comment: str = "请补充") -> Case:
    async with centre.db.transaction() as session:
        return await review.return_(session, REVIEWER, case_id, comment=comment, token=token)


async def test_a_lost_answer_of_return_is_answered_again(centre: Centre) -> None:
    case_id = (await centre.submitted()).case.case_id
    held = await centre.review(REVIEWER, case_id)
    first = await return_(centre, case_id, held.claim.token)
    again = await return_(centre, case_id, held.claim.token)
    assert (again.state, again.version) == (State.queued, first.version)
    assert len([each for each in await centre.history(case_id) if each.action == "return"]) == 1
    with pytest.raises(IllegalTransition):
        await return_(centre, case_id, None, "别的话")
    with pytest.raises(IllegalTransition):
        async with centre.db.transaction() as session:
            await review.return_(session, OTHER_REVIEWER, case_id, comment="请补充", token=None)


async def release(centre: Centre, actor: Actor, held: Claimed) -> Case:
    async with centre.db.transaction() as session:
        return await claims.release(session, actor, held.case.case_id, held.claim.token)


async def test_a_lost_answer_of_release_is_answered_again_whoever_holds_it_now(centre: Centre) -> None:
    held = await centre.claimed()
    first = await release(centre, READER, held)
    assert (await release(centre, READER, held)).version == first.version
    other = await centre.claimed(OTHER_READER, first.case_id)
    assert (await release(centre, READER, held)).version == other.case.version
    assert (await centre.case(first.case_id)).state == State.claimed


async def test_a_lost_answer_of_a_released_review_is_answered_again(centre: Centre) -> None:
    held = await centre.review(REVIEWER, (await centre.submitted()).case.case_id)
    first = await release(centre, REVIEWER, held)
    assert (await release(centre, REVIEWER, held)).version == first.version


async def test_an_expired_claim_is_lost_and_not_released(centre: Centre) -> None:
    held = await centre.claimed()
    await centre.age("claim", "lease_until", timedelta(seconds=121), held.case.case_id)
    await sweeps.expire_claims(centre.db, "imaging")
    with pytest.raises(ClaimLost):
        await release(centre, READER, held)


async def refer(centre: Centre, held: Claimed, reason: str = "专科") -> Case:
    async with centre.db.transaction() as session:
        token = held.claim.token
        return await management.refer(session, READER, held.case.case_id, to="org_b", reason=reason, token=token)


async def test_a_lost_answer_of_refer_is_answered_again_for_a_while(centre: Centre) -> None:
    held = await centre.claimed()
    first, again = await asyncio.gather(refer(centre, held), refer(centre, held))
    assert (first.version, first.reading_site_id) == (again.version, "org_b")
    with pytest.raises(NotFound):
        await refer(centre, held, "别的话")
    for table, column in (("claim", "ended_at"), ("case_history", "at")):
        await centre.age(table, column, timedelta(minutes=11), first.case_id)
    with pytest.raises(NotFound):
        await refer(centre, held)


async def reject(centre: Centre, held: Claimed, comment: str | None) -> Case:
    async with centre.db.transaction() as session:
        token = held.claim.token
        return await management.reject(session, READER, held.case.case_id, reason="模糊", comment=comment, token=token)


@pytest.mark.parametrize("comment", [None, "请重拍"])
async def test_a_lost_answer_of_reject_is_answered_again(centre: Centre, comment: str | None) -> None:
    held = await centre.claimed()
    first = await reject(centre, held, comment)
    assert (await reject(centre, held, comment)).version == first.version
    with pytest.raises(ClaimLost):
        await reject(centre, held, "别的话")


async def cancel(centre: Centre, actor: Actor, case_id: str, token: str | None = None, reason: str = "重复") -> Case:
    async with centre.db.transaction() as session:
        return await management.cancel(session, actor, case_id, reason=reason, token=token)


async def test_a_lost_answer_of_the_clinics_cancel_is_answered_again(centre: Centre) -> None:
    case_id = await centre.queued()
    first = await cancel(centre, CLINIC, case_id)
    assert (await cancel(centre, CLINIC, case_id)).version == first.version
    with pytest.raises(IllegalTransition):
        await cancel(centre, CLINIC, case_id, reason="别的话")


async def test_a_cancel_is_asked_for_once_and_the_readers_is_answered_again(centre: Centre) -> None:
    held = await centre.claimed()
    case_id = held.case.case_id
    asked = await cancel(centre, CLINIC, case_id)
    assert (await cancel(centre, CLINIC, case_id)).version == asked.version
    first = await cancel(centre, READER, case_id, held.claim.token)
    again = await cancel(centre, READER, case_id, held.claim.token)
    assert (again.state, again.version) == (State.canceled, first.version)


async def preliminary(centre: Centre, held: Claimed, grant: str | None) -> tuple[int, bool]:
    signed = await signing.issue_preliminary(
        centre.desk, READER, held.case.case_id, token=held.claim.token, grant=grant
    )
    return signed.version.version, signed.version.jws is not None


async def test_a_preliminary_of_an_unchanged_draft_is_one_version(centre: Centre) -> None:
    held = await centre.written()
    assert [await preliminary(centre, held, None) for _ in range(2)] == [(1, False), (1, False)]
    grant = centre.grant(READER)
    assert [await preliminary(centre, held, grant) for _ in range(2)] == [(2, True), (2, True)]
    assert await preliminary(centre, held, None) == (2, True)
    await centre.save(READER, held, {**FORM, "findings": "补充。"})
    assert await preliminary(centre, held, None) == (3, False)


async def test_a_preliminary_clicked_twice_is_one_version(centre: Centre) -> None:
    held = await centre.written()
    centre.desk.form = Together(centre.desk.form, asyncio.Barrier(2), asyncio.get_running_loop())
    grant = centre.grant(READER)
    answers = await asyncio.gather(preliminary(centre, held, grant), preliminary(centre, held, grant))
    assert set(answers) == {(1, True)}

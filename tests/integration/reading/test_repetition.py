"""The same call twice: at once, or again because its answer was lost."""

import asyncio
from typing import Any

import pytest

from shared.errors import IllegalTransition
from shared.reading.lifecycle import State
from shared.reading.models import Case
from shared.reading.workflow import review
from shared.signing.document import ReportDocument
from tests.integration.reading.centre import OTHER_REVIEWER, READER, REVIEWER, Centre


class Together:
    """A form whose sheets are rendered only once two are wanted: both calls have passed their first checks."""

    def __init__(self, form: Any, both: asyncio.Barrier, loop: asyncio.AbstractEventLoop) -> None:
        self.center, self.model = form.center, form.model
        self.problems, self.positive_of, self.summary = form.problems, form.positive_of, form.summary
        self._form, self._both, self._loop = form, both, loop

    def render_sheet(self, document: ReportDocument) -> Any:
        asyncio.run_coroutine_threadsafe(_meet(self._both), self._loop).result(20)
        return self._form.render_sheet(document)


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

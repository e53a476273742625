"""Content that came late is seen by looking at it, not by getting a case back."""

from datetime import timedelta

import pytest

from shared.errors import ContentUnseen
from shared.reading.workflow import claims, review, sweeps
from tests.integration.reading.centre import FORM, READER, Centre


async def test_a_page_that_resumes_has_not_shown_what_came_meanwhile(centre: Centre) -> None:
    held = await centre.claimed(case_id=await centre.queued(accession="A1", contents=("a",)))
    case_id = held.case.case_id
    await centre.save(READER, held, FORM)
    await centre.age("claim", "lease_until", timedelta(seconds=121), case_id)
    assert await sweeps.expire_claims(centre.db, "imaging") == 1
    await centre.accept(accession="A1", contents=("late",))
    async with centre.db.transaction() as session:
        resumed = await claims.resume(session, READER, case_id, held.claim.token)
    with pytest.raises(ContentUnseen):
        await centre.submit(READER, resumed)


async def test_an_author_who_recalls_has_not_seen_what_came_in_review(centre: Centre) -> None:
    held = await centre.claimed(case_id=await centre.queued(accession="A1", contents=("a",)))
    await centre.save(READER, held, FORM)
    await centre.submit(READER, held)
    await centre.accept(accession="A1", contents=("late",))
    async with centre.db.transaction() as session:
        back = await review.recall(session, READER, held.case.case_id)
    with pytest.raises(ContentUnseen):
        await centre.submit(READER, back)

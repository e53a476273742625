"""A signed report is amended by a new version; the old one stays readable."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import AlreadyClaimed, ClaimLost, IllegalTransition, SamePerson
from shared.events.directory import SitePolicy
from shared.reading.lifecycle import State
from shared.reading.models import ReportVersion
from shared.reading.queries import reports
from shared.reading.workflow import amendment, review, sweeps
from shared.reading.workflow.claims import Claimed
from shared.signing.document import ReportDocument
from tests.integration.reading.centre import FORM, OTHER_READER, OTHER_REVIEWER, READER, REVIEWER, Centre

AMENDED = {**FORM, "impression": "右下肺小结节。", "positive": True}


async def opened(centre: Centre, case_id: str) -> Claimed:
    async with centre.db.transaction() as session:
        return await amendment.open_amendment(session, READER, case_id, reason="漏写结节")


async def current_text(centre: Centre, case_id: str) -> object:
    async with centre.db.transaction() as session:
        draft = await reports.latest_draft(session, case_id)
        return draft.form["impression"] if draft else None


async def versions(centre: Centre, case_id: str) -> list[ReportVersion]:
    async with centre.db.transaction() as session:
        return list(await reports.versions(session, case_id))


async def test_an_amendment_is_submitted_reviewed_and_replaces_the_old_version(centre: Centre) -> None:
    case_id = (await centre.signed()).case.case_id
    held = await opened(centre, case_id)
    assert await current_text(centre, case_id) == FORM["impression"]
    await centre.save(READER, held, AMENDED)
    submitted = await centre.submit(READER, held)
    assert (submitted.case.state, submitted.version.amends) == (State.amend_review, 1)
    with pytest.raises(SamePerson):
        await centre.sign(replace(READER, roles=REVIEWER.roles), case_id)
    signed = await centre.sign(REVIEWER, case_id)
    first, second = await versions(centre, case_id)
    assert [(first.version, first.status), (second.version, second.status)] == [(1, "superseded"), (2, "amended")]
    document = ReportDocument.model_validate(second.document)
    assert document.amends is not None
    assert (document.status, document.amends.version, document.amends.sha256, document.amends.reason) == (
        "amended",
        1,
        first.payload_sha256,
        "漏写结节",
    )
    assert signed.case.state == State.signed
    assert (await centre.events(case_id))[-1][0] == "imaging.report.amended.v1"
    assert first.form["impression"] == FORM["impression"]


async def test_a_discarded_amendment_leaves_the_released_text(centre: Centre) -> None:
    case_id = (await centre.signed()).case.case_id
    held = await opened(centre, case_id)
    await centre.save(READER, held, AMENDED)
    async with centre.db.transaction() as session:
        case = await amendment.discard(session, READER, case_id, token=held.claim.token)
    assert case.state == State.signed
    await opened(centre, case_id)
    assert await current_text(centre, case_id) == FORM["impression"]


async def test_an_expired_amendment_keeps_its_drafts_for_the_next_try(centre: Centre) -> None:
    case_id = (await centre.signed()).case.case_id
    held = await opened(centre, case_id)
    await centre.save(READER, held, AMENDED)
    await centre.age("claim", "lease_until", timedelta(seconds=121), case_id)
    await sweeps.expire_claims(centre.db, "imaging")
    assert (await centre.case(case_id)).state == State.signed
    with pytest.raises(ClaimLost):
        await centre.save(READER, held, FORM)
    await opened(centre, case_id)
    assert await current_text(centre, case_id) == AMENDED["impression"]


async def test_a_returned_amendment_waits_for_its_author(centre: Centre) -> None:
    case_id = (await centre.signed()).case.case_id
    held = await opened(centre, case_id)
    await centre.save(READER, held, AMENDED)
    await centre.submit(READER, held)
    async with centre.db.transaction() as session:
        case = await review.return_(session, REVIEWER, case_id, comment="再看", token=None)
    assert case.state == State.amending
    with pytest.raises(IllegalTransition):
        async with centre.db.transaction() as session:
            await amendment.open_amendment(session, OTHER_READER, case_id)
    again = await opened(centre, case_id)
    assert again.claim.account_id == READER.account_id
    await centre.submit(READER, again)
    await centre.sign(OTHER_REVIEWER, case_id)
    assert [(each.version, each.status) for each in await versions(centre, case_id)] == [
        (1, "superseded"),
        (2, "superseded"),
        (3, "amended"),
    ]


@pytest.mark.parametrize("ends", ["expires", "is discarded"])
async def test_a_signed_case_shows_its_author_after_a_returned_amendment_ends(centre: Centre, ends: str) -> None:
    case_id = (await centre.signed()).case.case_id
    async with centre.db.transaction() as session:
        held = await amendment.open_amendment(session, OTHER_READER, case_id, reason="漏写结节")
    await centre.save(OTHER_READER, held, AMENDED)
    await centre.submit(OTHER_READER, held)
    async with centre.db.transaction() as session:
        returned = await review.return_(session, REVIEWER, case_id, comment="再看", token=None)
    assert returned.author_id == READER.account_id
    if ends == "expires":
        await centre.age("claim", "lease_until", timedelta(minutes=16), case_id)
        assert await sweeps.expire_claims(centre.db, "imaging") == 1
    else:
        async with centre.db.transaction() as session:
            again = await amendment.open_amendment(session, OTHER_READER, case_id)
            await amendment.discard(session, OTHER_READER, case_id, token=again.claim.token)
    case = await centre.case(case_id)
    assert (case.state, case.author_id, case.author_name) == (State.signed, READER.account_id, READER.name)
    assert (await centre.events(case_id))[-1][1].data["case"]["author"]["account_id"] == READER.account_id


async def test_a_second_amendment_is_of_the_amended_version(centre: Centre) -> None:
    await centre.tell(SitePolicy(reading_site_id="org_a", center="imaging", rank=1, signatures="single"))
    held = await centre.written()
    case_id = held.case.case_id
    await centre.sign(READER, case_id, held.claim.token)
    for words in ("一改", "二改"):
        held = await opened(centre, case_id)
        await centre.save(READER, held, {**FORM, "impression": words})
        await centre.sign(READER, case_id, held.claim.token)
    assert [(each.status, each.amends) for each in await versions(centre, case_id)] == [
        ("superseded", None),
        ("superseded", 1),
        ("amended", 2),
    ]


async def test_one_person_amends_at_a_time(centre: Centre) -> None:
    case_id = (await centre.signed()).case.case_id
    await opened(centre, case_id)
    with pytest.raises((AlreadyClaimed, IllegalTransition)):
        async with centre.db.transaction() as session:
            await amendment.open_amendment(session, OTHER_READER, case_id)

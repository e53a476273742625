"""The text while it is written: numbered, coalesced, never lost."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from shared.errors import ClaimLost, NotFound, PreconditionFailed
from shared.reading.models import ReportDraft
from shared.reading.queries import reports
from shared.reading.workflow import claims, drafts, management, sweeps
from tests.integration.reading.centre import FORM, OTHER_READER, READER, STRANGER, Centre


async def kept(centre: Centre, case_id: str) -> list[ReportDraft]:
    async with centre.db.transaction() as session:
        found = await session.scalars(
            select(ReportDraft).where(ReportDraft.case_id == case_id).order_by(ReportDraft.id)
        )
        return list(found)


def text(findings: str) -> dict[str, object]:
    return {**FORM, "findings": findings}


async def test_each_save_is_a_new_version_and_autosaves_share_a_row(centre: Centre) -> None:
    held = await centre.claimed()
    numbers = [(await centre.save(READER, held, text(word))).report.draft_revision for word in ("一", "一二", "一二三")]
    assert numbers == [1, 2, 3]
    (row,) = await kept(centre, held.case.case_id)
    assert (row.form["findings"], row.revision) == ("一二三", 3)
    await centre.age("report_draft", "first_saved_at", timedelta(seconds=61), held.case.case_id)
    await centre.save(READER, held, text("四"))
    assert [row.form["findings"] for row in await kept(centre, held.case.case_id)] == ["一二三", "四"]


async def test_the_same_text_again_only_renews_the_lease(centre: Centre) -> None:
    held = await centre.claimed()
    await centre.save(READER, held, text("一"))
    before = await centre.case(held.case.case_id)
    await centre.age("claim", "lease_until", timedelta(seconds=90), held.case.case_id)
    again = await centre.save(READER, held, text("一"))
    assert again.report.draft_revision == 1
    assert again.lease_until > held.claim.lease_until - timedelta(seconds=1)
    assert (await centre.case(held.case.case_id)).version == before.version


async def test_a_save_renews_the_lease(centre: Centre) -> None:
    held = await centre.claimed()
    await centre.age("claim", "lease_until", timedelta(seconds=90), held.case.case_id)
    saved = await centre.save(READER, held, text("一"))
    assert saved.lease_until > held.claim.lease_until - timedelta(seconds=1)


async def test_if_match_names_the_last_version(centre: Centre) -> None:
    held = await centre.claimed()
    await centre.save(READER, held, text("一"), if_match=0)
    with pytest.raises(PreconditionFailed) as refused:
        await centre.save(READER, held, text("二"), if_match=0)
    assert refused.value.extra == {"version": 1}
    await centre.save(READER, held, text("二"), if_match=1)


async def test_a_lost_claim_keeps_the_text_as_a_recovered_draft(centre: Centre) -> None:
    held = await centre.claimed()
    case_id = held.case.case_id
    await centre.save(READER, held, text("一"))
    await centre.age("claim", "lease_until", timedelta(seconds=121), case_id)
    await sweeps.expire_claims(centre.db, "imaging")
    other = await centre.claimed(OTHER_READER, case_id)
    await centre.save(OTHER_READER, other, text("别人的"))
    with pytest.raises(ClaimLost) as refused:
        await centre.save(READER, held, text("我后来写的"))
    async with centre.db.transaction() as session:
        (mine,) = await reports.recovered_drafts(session, case_id, READER.account_id)
        current = await reports.latest_draft(session, case_id)
        assert not await reports.recovered_drafts(session, case_id, OTHER_READER.account_id)
    assert (mine.id, mine.form["findings"]) == (refused.value.extra["recovered_draft"], "我后来写的")
    assert current is not None and current.form["findings"] == "别人的"


async def test_the_text_is_kept_even_where_the_case_went_to_another_site(centre: Centre) -> None:
    held = await centre.claimed()
    async with centre.db.transaction() as session:
        await management.refer(session, READER, held.case.case_id, to="org_b", reason="专科", token=held.claim.token)
    with pytest.raises(ClaimLost) as refused:
        await centre.save(READER, held, text("最后几个字"))
    assert [row.form["findings"] for row in await kept(centre, held.case.case_id)] == ["最后几个字"]
    assert refused.value.extra["recovered_draft"]


async def test_the_same_text_with_a_lost_claim_is_kept_once(centre: Centre) -> None:
    held = await centre.claimed()
    async with centre.db.transaction() as session:
        await claims.release(session, READER, held.case.case_id, held.claim.token)
    ids = set()
    for _ in range(3):
        with pytest.raises(ClaimLost) as refused:
            await centre.save(READER, held, text("同样的话"))
        ids.add(refused.value.extra["recovered_draft"])
    (row,) = await kept(centre, held.case.case_id)
    assert ids == {row.id}


async def test_the_newest_twenty_texts_of_a_lost_claim_are_kept_of_each_account(centre: Centre) -> None:
    held = await centre.claimed()
    case_id = held.case.case_id
    async with centre.db.transaction() as session:
        await claims.release(session, READER, case_id, held.claim.token)
    other = await centre.claimed(OTHER_READER, case_id)
    async with centre.db.transaction() as session:
        await claims.release(session, OTHER_READER, case_id, other.claim.token)
    for actor, lost, numbers in ((OTHER_READER, other, range(1)), (READER, held, range(22))):
        for number in numbers:
            with pytest.raises(ClaimLost):
                await centre.save(actor, lost, text(f"第{number}稿"))
    rows = await kept(centre, case_id)
    assert [row.form["findings"] for row in rows if row.saved_by == READER.account_id] == [
        f"第{number}稿" for number in range(2, 22)
    ]
    assert len(rows) == 21


async def test_only_a_kept_text_is_said_to_be_kept(centre: Centre) -> None:
    held = await centre.claimed()
    async with centre.db.transaction() as session:
        await claims.release(session, READER, held.case.case_id, held.claim.token)
    with pytest.raises(ClaimLost) as kept_one:
        await centre.save(READER, held, FORM)
    assert "恢复稿" in kept_one.value.detail
    with pytest.raises(ClaimLost) as lost:
        async with centre.db.transaction() as session:
            await claims.heartbeat(session, READER, held.case.case_id, held.claim.token)
    assert lost.value.detail == "领取已失效"


@pytest.mark.parametrize("token", [None, "never-given"])
async def test_who_never_held_it_leaves_no_text_behind(centre: Centre, token: str | None) -> None:
    held = await centre.claimed()
    for actor, refusal in ((OTHER_READER, ClaimLost), (STRANGER, NotFound)):
        with pytest.raises(refusal):
            await drafts.save(centre.db, actor, held.case.case_id, FORM, token=token)
    assert await kept(centre, held.case.case_id) == []


async def test_drafts_leave_no_history_and_no_event(centre: Centre) -> None:
    held = await centre.claimed()
    before = (len(await centre.history(held.case.case_id)), len(await centre.events(held.case.case_id)))
    saved = await centre.save(READER, held, text("一"))
    assert (len(await centre.history(held.case.case_id)), len(await centre.events(held.case.case_id))) == before
    assert saved.case.version == held.case.version + 1

"""The worklist, the clinic's day and the next claim: the newest snapshot of each case, for who may see it."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from shared.auth import Actor
from shared.clock import to_shanghai, utc_now
from shared.events.case import CaseSnapshot
from tests.integration.gateway.region import (
    AUDITOR,
    CLINIC,
    FOREIGN_READER,
    HOSPITAL,
    OTHER_CLINIC,
    READER,
    REVIEWER,
    SECOND_READER,
    TECHNOLOGIST,
    Region,
    case_event,
    held_by,
    snapshot,
    with_patient,
)


async def worklist(region: Region, actor: Actor, **query: Any) -> list[dict[str, Any]]:
    answer = await region.get(actor, "/v1/worklist", **query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def told(region: Region, *cases: CaseSnapshot) -> None:
    for case in cases:
        await region.tell(case.state if case.state not in ("in_review", "verified", "released") else "queued", case)
    await region.settled()


async def test_a_queued_case_stands_on_its_sites_worklist_only(nats_region: Region) -> None:
    case = snapshot(warnings=[{"code": "patient_mismatch", "detail": "图像与申请单姓名不符"}])
    await told(nats_region, case)
    (item,) = await worklist(nats_region, READER)
    assert item["case_id"] == case.case_id
    assert item["clinic"] == {"id": "org_clinic1", "name": "示例甲镇卫生院"}
    assert item["reading_site"]["name"] == "示例县人民医院"
    assert 7100 < item["seconds_left"] <= 7200
    assert item["warnings"][0]["code"] == "patient_mismatch"
    assert item["links"]["claim"] == f"/imaging/v1/cases/{case.case_id}/claim"
    assert await worklist(nats_region, FOREIGN_READER) == []
    for stranger in (CLINIC, HOSPITAL, AUDITOR):
        answer = await nats_region.get(stranger, "/v1/worklist")
        assert (answer.status_code, answer.json()["code"]) == (403, "role_required")


async def test_a_reader_sees_the_centres_he_works_for(region: Region) -> None:
    film, ecg, tube = snapshot(), snapshot(center="ecg"), snapshot(center="lab")
    await told(region, film, ecg, tube)
    assert {item["case_id"] for item in await worklist(region, READER)} == {film.case_id, ecg.case_id}
    assert {item["case_id"] for item in await worklist(region, SECOND_READER)} == {film.case_id}
    assert [item["case_id"] for item in await worklist(region, READER, center="ecg")] == [ecg.case_id]


async def test_the_highest_version_wins_in_any_order(region: Region) -> None:
    case = snapshot()
    claimed = case.model_copy(
        update={"case_version": 3, "state": "claimed", "holder": snapshot(**held_by(READER)).holder}
    )
    events = [case_event("claimed", claimed), case_event("queued", case)]
    for event in (*events, *events):
        await region.publish(event)
        await region.settled()
    (item,) = await worklist(region, READER)
    assert (item["state"], item["claimed_by"]["name"]) == ("claimed", "测试医师甲")
    assert item["claim_until"] is not None
    overrun = claimed.model_copy(update={"case_version": 4, "holder": snapshot(**held_by(READER, minutes=-1)).holder})
    await told(region, overrun)
    (item,) = await worklist(region, READER)
    assert (item["claimed_by"]["name"], item["claim_until"]) == ("测试医师甲", None)
    assert [each["case_id"] for each in await worklist(region, READER, mine=True)] == [case.case_id]
    assert await worklist(region, SECOND_READER, mine=True) == []


async def test_a_case_that_moved_to_another_site_leaves_the_first(region: Region) -> None:
    case = snapshot()
    await told(region, case, case.model_copy(update={"case_version": 3, "reading_site_id": "org_b"}))
    assert await worklist(region, READER) == []
    assert [item["case_id"] for item in await worklist(region, FOREIGN_READER)] == [case.case_id]


async def test_pages_follow_priority_then_due_and_stay_stable(region: Region) -> None:
    now = utc_now()
    cases = [
        snapshot(priority=priority, due_at=now + timedelta(minutes=minutes))
        for priority in ("routine", "stat", "urgent")
        for minutes in (30, 10, 10)
    ]
    await told(region, *cases)
    seen: list[dict[str, Any]] = []
    cursor: str | None = None
    for page in range(5):
        answer = (await region.get(READER, "/v1/worklist", limit=2, **({"cursor": cursor} if cursor else {}))).json()
        seen += answer["items"]
        cursor = answer["next_cursor"]
        if page == 1:  # one that goes before the cursor and one that goes behind it change no page that follows
            await told(region, snapshot(priority="stat", due_at=now), snapshot(state="signed"))
        if cursor is None:
            break
    assert cursor is None
    assert {item["case_id"] for item in seen} == {case.case_id for case in cases}
    rank = {"stat": 0, "urgent": 1, "routine": 2}
    keys = [(rank[item["priority"]], item["due_at"], item["case_id"]) for item in seen]
    assert all(first < second for first, second in pairwise(keys))


async def test_search_finds_by_any_part(region: Region) -> None:
    wanted = with_patient(snapshot(), id="P-7788", name="测试甲")
    other = with_patient(snapshot(accession_number="B1"), id="Q1", name="样本乙")
    other.card.exam.name = "腹部平片"
    await told(region, wanted, other)
    for words in ("测试", "试甲", "ceshi", "shijia", "csj", "CSJ", "P-77", "a2026", "胸部", "ceshi 胸部", "CeShi  p-7"):
        assert [item["case_id"] for item in await worklist(region, READER, q=words)] == [wanted.case_id], words


async def test_search_with_what_stands_nowhere_finds_nothing(region: Region) -> None:
    await told(region, with_patient(snapshot(), name="测试甲"))
    for words in ("甲测", "测甲", "xyz", "%", "_", "测试 乙", "\u4e00" * 60):
        assert await worklist(region, READER, q=words) == [], words


async def test_filters(region: Region) -> None:
    late = snapshot(due_at=utc_now() - timedelta(minutes=5), priority="urgent")
    done = snapshot(state="signed", card={"patient": {"name": "测试甲"}, "exam": {"name": "头部", "modality": "CT"}})
    await told(region, late, snapshot(), done)
    assert [item["case_id"] for item in await worklist(region, READER, overdue=True)] == [late.case_id]
    assert (await worklist(region, READER, overdue=True))[0]["seconds_left"] < 0
    assert len(await worklist(region, READER, overdue=False)) == 1
    assert [item["case_id"] for item in await worklist(region, READER, state="signed")] == [done.case_id]
    assert [item["case_id"] for item in await worklist(region, READER, priority="urgent")] == [late.case_id]
    assert await worklist(region, READER, modality="CT") == []
    assert len(await worklist(region, READER, modality="CT", state="signed")) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "WzEsIngiLCJ5Il0"},
        {"cursor": "WzEsIjAwMDEtMDEtMDFUMDA6MDA6MDArMTQ6MDAiLCJ5Il0"},
        {"limit": 0},
        {"priority": "soon"},
        {"q": "x" * 101},
    ],
)
async def test_a_bad_query_is_422(region: Region, query: dict[str, Any]) -> None:
    assert (await region.get(READER, "/v1/worklist", **query)).status_code == 422


async def test_a_clinic_sees_its_day(region: Region) -> None:
    yesterday = utc_now() - timedelta(days=1)
    new = snapshot()
    old = snapshot(received_at=yesterday, state="rejected", reason="image_quality", comment="体位不正，请重拍")
    foreign = snapshot(clinic_id="org_clinic2")
    await told(region, new, old, foreign)
    today = (await region.get(CLINIC, "/v1/cases")).json()
    assert [item["case_id"] for item in today["items"]] == [new.case_id]
    assert today["items"][0]["state_name"] == "待书写"
    day = to_shanghai(yesterday).date().isoformat()
    (rejected,) = (await region.get(CLINIC, "/v1/cases", date=day)).json()["items"]
    assert (rejected["state_name"], rejected["reason"], rejected["comment"]) == (
        "已退回",
        "image_quality",
        "体位不正，请重拍",
    )
    assert rejected["seconds_left"] is None
    (other,) = (await region.get(OTHER_CLINIC, "/v1/cases")).json()["items"]
    assert other["case_id"] == foreign.case_id
    assert (await region.get(CLINIC, "/v1/cases", date="0001-01-01")).json()["items"] == []
    assert (await region.get(CLINIC, "/v1/cases", date="9999-12-31")).json()["items"] == []
    assert (await region.get(AUDITOR, "/v1/cases")).status_code == 403


async def test_what_a_reviewer_tells_the_author_is_not_in_the_clinics_day(region: Region) -> None:
    await told(region, snapshot(comment="漏报右上肺结节"))
    (item,) = (await region.get(CLINIC, "/v1/cases")).json()["items"]
    assert item["comment"] is None


async def test_a_signed_case_links_its_report_and_pages_follow(region: Region) -> None:
    signed = snapshot(state="signed", report_id="rep_1", report_version=1)
    await told(region, signed, snapshot(), snapshot())
    first = (await region.get(CLINIC, "/v1/cases", limit=2)).json()
    second = (await region.get(CLINIC, "/v1/cases", limit=2, cursor=first["next_cursor"])).json()
    assert second["next_cursor"] is None
    items = first["items"] + second["items"]
    assert len({item["case_id"] for item in items}) == 3
    (found,) = [item for item in items if item["state"] == "signed"]
    assert found["links"]["pdf"] == "/v1/reports/rep_1.pdf"


async def ask(region: Region, actor: Actor, **body: Any) -> Any:
    async with region.client(actor) as client:
        return await client.post("/v1/claims/next", json=body)


async def test_the_next_claim_names_the_centre_with_the_most_pressing_case(region: Region) -> None:
    assert (await ask(region, READER, stage="report")).status_code == 204
    now = utc_now()
    await told(
        region,
        snapshot(priority="routine", due_at=now - timedelta(hours=1)),
        snapshot(center="ecg", priority="stat", due_at=now + timedelta(minutes=9)),
        snapshot(center="ecg"),
        snapshot(center="lab", priority="stat", due_at=now),
    )
    answer = (await ask(region, READER, stage="report")).json()
    assert (answer["center"], answer["url"], answer["waiting"]) == ("ecg", "/ecg/v1/claims/next", 2)
    assert [other["center"] for other in answer["others"]] == ["imaging"]
    assert (await ask(region, SECOND_READER, stage="report")).json()["center"] == "imaging"
    assert (await ask(region, SECOND_READER, stage="report", priority="stat")).status_code == 204
    assert (await ask(region, FOREIGN_READER, stage="report")).status_code == 204
    assert (await ask(region, REVIEWER, stage="report")).status_code == 403
    assert (await ask(region, READER, stage="x")).status_code == 422


async def test_nobody_is_offered_his_own_report_to_review_nor_what_is_kept_for_another(region: Region) -> None:
    own = snapshot(state="in_review", author={"account_id": REVIEWER.account_id, "name": REVIEWER.name})
    kept = snapshot(
        kept_for={"account_id": READER.account_id, "name": READER.name}, kept_until=utc_now() + timedelta(minutes=15)
    )
    amended = snapshot(state="amend_review", author={"account_id": READER.account_id, "name": READER.name})
    await told(region, own, kept, amended)
    assert (await ask(region, REVIEWER, stage="review")).status_code == 204
    assert (await ask(region, SECOND_READER, stage="report")).status_code == 204
    assert (await ask(region, READER, stage="report")).json()["waiting"] == 1
    await told(region, snapshot(state="in_review", author={"account_id": READER.account_id, "name": READER.name}))
    assert (await ask(region, REVIEWER, stage="review")).json()["waiting"] == 1


async def test_a_technologist_is_offered_the_laboratorys_results_and_nothing_else(region: Region) -> None:
    another = {"account_id": "acc_lab2", "name": "测试检验师乙"}
    await told(region, snapshot(), snapshot(state="in_review", author=another))
    assert (await ask(region, TECHNOLOGIST, stage="report")).status_code == 204
    assert (await ask(region, TECHNOLOGIST, stage="review")).status_code == 204
    own = {"account_id": TECHNOLOGIST.account_id, "name": TECHNOLOGIST.name}
    held, verified = snapshot(center="lab", state="held"), snapshot(center="lab", state="verified", author=another)
    await told(region, held, snapshot(center="lab", state="resulted"), verified)
    await told(region, snapshot(center="lab", state="verified", author=own), snapshot(center="lab", state="released"))
    report = (await ask(region, TECHNOLOGIST, stage="report")).json()
    review = (await ask(region, TECHNOLOGIST, stage="review")).json()
    assert (report["center"], report["waiting"], report["others"]) == ("lab", 2, [])
    assert (review["center"], review["waiting"], review["others"]) == ("lab", 1, [])
    (item,) = await worklist(region, TECHNOLOGIST, state="held")
    assert (item["case_id"], item["state_name"]) == (held.case_id, "被规则拦截")
    names = {item["state"]: item["state_name"] for item in await worklist(region, TECHNOLOGIST)}
    assert names == {"held": "被规则拦截", "resulted": "待审核结果", "verified": "已检验"}

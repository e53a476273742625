"""Deletion: administrators only, for a reason, never of what a report rests on; what stays is a tombstone."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest

from services.imaging.queries import studies, studies_shown
from tests.integration.imaging.conftest import ORDER, actor_named
from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid
from tests.support.related import CONTENT_TYPE, related

S, R, R2, I, I2 = (str(uid(name)) for name in ("s1", "r1", "r2", "i1", "i2"))  # noqa: E741 - study, series, instance
STUDY = f"/studies/{S}"
INSTANCE = f"{STUDY}/series/{R}/instances/{I}"
REASON = "误传：非本患者影像"


async def delete(web: Web, path: str, username: str = "admin1", **query: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {username}"}
    return await web.http.delete(f"{web.root}{path}", headers=headers, params={"reason": REASON, **query})


async def store(web: Web, *contents: bytes, username: str = "clinic1") -> httpx.Response:
    headers = {"Authorization": f"Bearer {username}", "Content-Type": CONTENT_TYPE}
    return await web.http.post(f"{web.root}/studies", content=related(list(contents)), headers=headers)


async def set_state(web: Web, case_id: str, state: str) -> None:
    await web.centre.rows(
        f"UPDATE reading.case SET state = '{state}', waited_in = 'queued' WHERE case_id = '{case_id}' RETURNING 1"
    )


async def case_row(web: Web, case_id: str) -> tuple[Any, ...]:
    (row,) = await web.centre.rows(
        f"SELECT state, content_count, study_uids, reason, comment FROM reading.case WHERE case_id = '{case_id}'"
    )
    return row


async def test_a_study_goes_and_a_tombstone_stays(web: Web) -> None:
    contents = [dicom(), dicom("i2"), dicom("i3", series="r2")]
    case_id = (await web.centre.upload(*contents)).json()["case_id"]
    deleted = await delete(web, STUDY)
    assert deleted.status_code == 200, deleted.text
    record = deleted.json()
    assert (record["reason"], record["deleted_by"], record["clinic_id"]) == (REASON, "admin1", "org_c1")
    assert (record["case_ids"], record["count"], record["series_uid"]) == ([case_id], 3, None)
    assert {each["sha256"] for each in record["instances"]} == {hashlib.sha256(each).hexdigest() for each in contents}
    for path in (STUDY, f"{STUDY}/metadata", INSTANCE, f"{INSTANCE}/frames/1", f"{INSTANCE}/rendered"):
        assert (await web.get(path)).status_code == 404, path
    assert (await web.get(f"{web.origin}/imaging/v1/studies/{S}/manifest")).status_code == 404
    assert (await web.get("/studies")).json() == []
    assert web.centre.objects() == []
    for table in ("study", "series", "instance"):
        assert await web.centre.count(f"imaging.{table}") == 0
    assert await web.centre.rows(
        "SELECT account_id, detail->>'deletion_id' FROM core.audit_entry WHERE action = 'study.delete'"
    ) == [("acct_admin1", record["deletion_id"])]


async def test_deleted_again_is_answered_with_the_same_tombstone(web: Web) -> None:
    await web.centre.upload(dicom())
    first = await delete(web, STUDY)
    again = await delete(web, STUDY, reason="又一次")
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await delete(web, INSTANCE)).status_code == 404
    assert (await delete(web, f"/studies/{uid('other')}")).status_code == 404
    assert await web.centre.count("imaging.deletion") == 1


async def test_only_an_administrator_deletes_and_only_for_a_reason(web: Web) -> None:
    case_id = (await web.centre.upload(dicom())).json()["case_id"]
    await web.centre.assign(case_id, "org_a")
    for path in (STUDY, f"{STUDY}/series/{R}", INSTANCE):
        answers = [(await delete(web, path, who)).status_code for who in ("clinic1", "reader1", "clinic2", "reader2")]
        assert answers == [403, 403, 404, 404], path
        assert (await delete(web, path, reason=" ")).status_code == 422
    assert (await delete(web, f"{STUDY}/series/{R2}", "clinic1")).status_code == 404
    nameless = await web.http.delete(f"{web.root}{STUDY}", headers={"Authorization": "Bearer admin1"})
    assert nameless.status_code == 422
    assert (await web.get(INSTANCE)).status_code == 200


async def test_one_instance_goes_and_the_rest_stays_readable(web: Web) -> None:
    case_id = (await web.centre.upload(dicom(), dicom("i2"))).json()["case_id"]
    before = await web.get(f"{STUDY}/metadata")
    await web.centre.rows("DELETE FROM core.outbox RETURNING 1")
    assert (await delete(web, INSTANCE)).json()["count"] == 1
    after = await web.get(f"{STUDY}/metadata", If_None_Match=before.headers["etag"])
    assert after.status_code == 200
    assert [each["00080018"]["Value"] for each in after.json()] == [[I2]]
    (study,) = (await web.get("/studies")).json()
    assert study["00201208"]["Value"] == [1]
    manifest = (await web.get(f"{web.origin}/imaging/v1/studies/{S}/manifest")).json()
    assert [each["sop_instance_uid"] for each in manifest["instances"]] == [I2]
    assert (await web.get(f"{STUDY}/series/{R}/instances/{I2}")).status_code == 200, "it lies in the same pack"
    assert (await case_row(web, case_id))[:3] == ("received", 1, [S])
    assert await web.centre.rows("SELECT subject FROM core.outbox") == [("imaging.case.content_changed.v1",)]
    assert len(web.centre.objects()) == 1
    assert (await delete(web, f"{STUDY}/series/{R}")).json()["count"] == 1
    assert web.centre.objects() == []


@pytest.mark.parametrize("state", ["received", "queued"])
async def test_a_case_left_with_nothing_is_rejected_and_sent_anew_as_its_repeat(web: Web, state: str) -> None:
    first = (await web.centre.upload(dicom(), Idempotency_Key="k1")).json()["case_id"]
    await set_state(web, first, state)
    await delete(web, STUDY)
    assert await case_row(web, first) == ("rejected", 0, [S], "内容已由管理员删除", REASON)
    again = await web.centre.upload(dicom(), Idempotency_Key="k1")
    assert again.status_code == 202
    repeat = again.json()["case_id"]
    assert await web.centre.rows(f"SELECT repeats FROM reading.case WHERE case_id = '{repeat}'") == [(first,)]
    assert (await web.get(INSTANCE)).status_code == 200


async def test_an_instance_stored_again_is_new(web: Web) -> None:
    assert (await store(web, dicom(), dicom("i2"))).status_code == 200
    await delete(web, INSTANCE)
    assert (await store(web, dicom())).status_code == 200
    assert len((await web.get(f"{STUDY}/metadata")).json()) == 2
    await delete(web, STUDY)
    assert (await store(web, dicom(pixel=9))).status_code == 200, "other bytes under the UID are no conflict any more"
    assert [len((await web.get(path)).json()) for path in ("/studies", f"{STUDY}/metadata")] == [1, 1]


async def test_a_canceled_case_gives_its_images_up_and_takes_none_back(web: Web) -> None:
    await store(web, dicom())
    ((case_id,),) = await web.centre.rows("SELECT case_id FROM reading.case")
    await set_state(web, case_id, "canceled")
    assert (await delete(web, STUDY)).status_code == 200
    assert (await case_row(web, case_id))[:3] == ("canceled", 0, [])
    assert (await store(web, dicom())).status_code == 200
    assert await web.centre.count("reading.case") == 2


@pytest.mark.parametrize("state", ["claimed", "in_review", "amending", "amend_review"])
async def test_what_is_being_read_stays(web: Web, state: str) -> None:
    case_id = (await web.centre.upload(dicom())).json()["case_id"]
    await set_state(web, case_id, state)
    for path in (STUDY, f"{STUDY}/series/{R}", INSTANCE):
        refused = await delete(web, path)
        assert (refused.status_code, refused.json()["code"]) == (409, "content_being_read")
        assert refused.json()["cases"] == [{"case_id": case_id, "state": state}]
    assert (await web.get(INSTANCE)).status_code == 200
    assert await web.centre.count("imaging.deletion") == 0


@pytest.mark.parametrize("state", ["signed", "voided", "queued"])
async def test_what_a_report_rests_on_stays(web: Web, state: str) -> None:
    case_id = (await web.centre.upload(dicom(), dicom("i2"))).json()["case_id"]
    await set_state(web, case_id, state)
    await web.centre.rows(
        f"INSERT INTO reading.report (report_id, case_id, status) VALUES ('rep_1', '{case_id}', 'final') RETURNING 1"
    )
    await web.centre.rows(
        "INSERT INTO reading.report_version (report_id, version, case_id, status, form, author_id, author_name,"
        " author_org_id, written_by, content_version, case_version, submitted_at)"
        f" VALUES ('rep_1', 1, '{case_id}', 'final', '{{}}', 'a', 'a', 'org_a', '{{}}', 1, 3, now()) RETURNING 1"
    )
    refused = await delete(web, INSTANCE)
    assert (refused.status_code, refused.json()["code"]) == (409, "content_reported")
    assert await web.centre.count("imaging.instance") == 2


async def test_what_a_critical_result_was_told_of_stays(web: Web) -> None:
    case_id = (await web.centre.upload(dicom(), dicom("i2"))).json()["case_id"]
    await web.centre.rows(
        "INSERT INTO reading.critical_result (critical_id, case_id, center, state, version, code, text, finding_key,"
        f" policy, found_at, verified_at) VALUES ('crit_1', '{case_id}', 'imaging', 'notified', 1, 'c', 't', 'k',"
        " '{}', now(), now()) RETURNING 1"
    )
    await set_state(web, case_id, "queued")
    refused = await delete(web, INSTANCE)
    assert (refused.status_code, refused.json()["code"]) == (409, "content_reported")
    assert await web.centre.count("imaging.instance") == 2


async def test_two_clinics_with_one_uid_must_be_told_apart(web: Web) -> None:
    await web.centre.upload(dicom(pixel=1))
    await web.centre.upload(dicom(pixel=2), username="clinic2", order={**ORDER, "accession_number": "B1"})
    refused = await delete(web, STUDY)
    assert (refused.status_code, refused.json()["code"]) == (409, "ambiguous_study")
    assert refused.json()["clinics"] == ["org_c1", "org_c2"]
    assert (await delete(web, STUDY, clinic="org_c2")).json()["clinic_id"] == "org_c2"
    assert [(await web.get(STUDY, who)).status_code for who in ("clinic1", "clinic2")] == [200, 404]
    assert (await delete(web, STUDY, clinic="org_c2")).json()["clinic_id"] == "org_c2", "the other's is not next"
    assert (await web.get(STUDY)).status_code == 200


async def test_deleting_and_uploading_at_once_end_in_one_of_two_ways(web: Web) -> None:
    contents = [dicom(f"i{number}") for number in range(4)]
    await web.centre.upload(*contents)
    for _ in range(4):
        answers = await asyncio.gather(delete(web, STUDY), web.centre.upload(*contents), web.centre.upload(*contents))
        assert {answer.status_code for answer in answers} <= {200, 202, 404, 409, 503}, [a.text for a in answers]
        held = await web.get(STUDY)
        assert held.status_code in (200, 404)
        assert (await web.centre.upload(*contents)).status_code in (200, 202)
        assert (await web.get(STUDY)).status_code == 200


async def test_a_list_being_shown_waits_for_no_deletion_and_hinders_none(web: Web) -> None:
    """Both orders: shown first and not yet committed; deleted between the list and the note that it was shown."""
    case_id = (await web.centre.upload(dicom(), dicom("i2", series="r2"))).json()["case_id"]
    await web.centre.assign(case_id, "org_a")
    db, reader = web.centre.resources.db, actor_named("reader1")
    async with db.transaction() as session:
        study = await studies.see(session, reader, S)
        unseen = await studies_shown.unseen_cases(session, study)
        first, second = await studies.series_states(session, study, None)
        await studies_shown.record_shown(session, study, [first.series_pk], unseen)
        deleting = asyncio.create_task(delete(web, f"{STUDY}/series/{first.series_uid}"))
        while not await web.centre.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert not deleting.done(), deleting.result().text
            await asyncio.sleep(0.01)
    assert (await deleting).status_code == 200
    async with db.transaction() as session:
        unseen = await studies_shown.unseen_cases(session, study)
        assert (await delete(web, STUDY)).status_code == 200
        await studies_shown.record_shown(session, study, [second.series_pk], unseen)
    assert await web.centre.count("imaging.series_shown") == 0

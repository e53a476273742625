"""An upload becomes a case, once, durable, with the order's word before the file's."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import event, text

from services.imaging.queries import instances
from shared import directory
from shared.events.directory import SitePolicy
from shared.reading.workflow.assign import queue
from tests.integration.imaging.conftest import ORDER, Centre
from tests.support.dicom import archive, dicom, gbk_dicom, uid
from tests.support.multipart import closing, part


async def test_an_upload_is_a_case_with_its_event_and_its_bytes(centre: Centre) -> None:
    files = [dicom("i1"), dicom("i2", pixel=3)]
    answer = await centre.upload(*files)
    assert answer.status_code == 202, answer.text
    case = answer.json()
    assert (case["accession_number"], case["state"], case["warnings"], case["ignored"]) == ("A1", "received", [], [])
    assert case["due_at"]
    ((payload,),) = await centre.rows("SELECT payload FROM core.outbox WHERE subject LIKE 'imaging.case.received%'")
    snapshot = json.loads(payload)["data"]["case"]
    assert snapshot["case_id"] == case["case_id"]
    assert snapshot["card"]["patient"]["name"] == "测试甲"
    assert (snapshot["content_count"], snapshot["study_uids"]) == (2, [uid("s1")])
    assert snapshot["completed_at"]
    assert len(centre.objects()) == 1
    listed = (await centre.get(case["links"]["instances"])).json()["instances"]
    assert {each["sop_instance_uid"] for each in listed} == {uid("i1"), uid("i2")}
    bodies = [await centre.get(each["link"]) for each in listed]
    assert {body.content for body in bodies} == set(files)
    assert {body.headers["content-type"] for body in bodies} == {"application/dicom"}


async def test_one_image_is_found_without_reading_the_list_of_its_study(centre: Centre) -> None:
    case = (await centre.upload(*(dicom(f"i{number}") for number in range(6)))).json()
    rows: list[int] = []

    def note(_connection: Any, cursor: Any, *_: Any) -> None:
        rows.append(cursor.rowcount)

    engine = centre.resources.db.engine.sync_engine
    event.listen(engine, "after_cursor_execute", note)
    answer = await centre.get(f"{case['links']['instances']}/{uid('i3')}")
    event.remove(engine, "after_cursor_execute", note)
    assert answer.status_code == 200
    assert rows
    assert max(rows) == 1
    assert (await centre.get(f"{case['links']['instances']}/{uid('i9')}")).status_code == 404


async def test_an_image_of_another_case_is_not_found_in_this_one(centre: Centre) -> None:
    first = (await centre.upload(dicom("i1"))).json()
    other = {**ORDER, "accession_number": "A2"}
    second = (await centre.upload(dicom("i2", study="s2"), order=other)).json()
    assert first["case_id"] != second["case_id"]
    assert (await centre.get(f"{first['links']['instances']}/{uid('i2')}")).status_code == 404
    assert (await centre.get(f"{second['links']['instances']}/{uid('i2')}")).status_code == 200


async def test_the_same_again_is_the_same_case_and_writes_nothing(centre: Centre) -> None:
    first = await centre.upload(dicom("i1"))
    before = (centre.objects(), await centre.count("core.outbox"), await centre.count("core.audit_entry"))
    again = await centre.upload(dicom("i1", implementation="OTHER_GROUP_2"))
    assert (again.status_code, again.json()["case_id"]) == (200, first.json()["case_id"])
    assert (centre.objects(), await centre.count("core.outbox"), await centre.count("core.audit_entry")) == before
    assert await centre.count("imaging.instance") == 1


async def test_without_an_accession_number_patient_and_bytes_are_the_case(centre: Centre) -> None:
    order = {key: value for key, value in ORDER.items() if key != "accession_number"}
    first = await centre.upload(dicom("i1"), order=order)
    again = await centre.upload(dicom("i1"), order=order)
    other = await centre.upload(dicom("i1"), order=order | {"patient": {"id": "P009", "name": "测试乙"}})
    assert [first.status_code, again.status_code, other.status_code] == [202, 200, 202]
    assert first.json()["accession_number"]
    assert again.json()["case_id"] == first.json()["case_id"] != other.json()["case_id"]
    assert len(centre.objects()) == 1


async def test_ten_equal_uploads_at_once_are_one_case_and_one_pack(centre: Centre) -> None:
    answers = await asyncio.gather(*(centre.upload(dicom("i1"), dicom("i2")) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [202]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert await centre.count("reading.case") == 1
    assert await centre.count("imaging.instance") == 2
    assert await centre.count("imaging.study") == 1
    assert len(centre.objects()) == 1


async def test_late_images_join_the_open_case(centre: Centre) -> None:
    first = await centre.upload(dicom("i1"))
    late = await centre.upload(dicom("i1"), dicom("i2"))
    assert (late.status_code, late.json()["case_id"]) == (202, first.json()["case_id"])
    ((count,),) = await centre.rows("SELECT content_count FROM reading.case")
    assert count == 2
    assert len(centre.objects()) == 2
    subjects = {subject for (subject,) in await centre.rows("SELECT subject FROM core.outbox")}
    assert any(subject.startswith("imaging.case.content_changed") for subject in subjects)


async def test_an_idempotency_key_answers_again_and_refuses_another_body(centre: Centre) -> None:
    order = {"patient": {"id": "P001", "name": "测试甲"}}
    first = await centre.upload(dicom("i1"), order=order, Idempotency_Key="k1")
    again = await centre.upload(dicom("i1"), order=order, Idempotency_Key="k1")
    other = await centre.upload(dicom("i2"), order=order, Idempotency_Key="k1")
    assert (again.status_code, again.json()["case_id"]) == (200, first.json()["case_id"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await centre.count("reading.case"), len(centre.objects())) == (1, 1)


async def test_another_data_set_under_a_known_uid_is_a_conflict_and_kept_apart(centre: Centre) -> None:
    await centre.upload(dicom("i1"))
    answer = await centre.upload(dicom("i2"), dicom("i1", pixel=9), order=ORDER | {"accession_number": "A2"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "instance_conflict")
    assert problem["errors"][0]["pointer"] == "file:2"
    assert problem["sop_instance_uids"] == [uid("i1")]
    assert await centre.count("reading.case") == 1
    assert await centre.count("imaging.instance") == 1
    assert await centre.rows("SELECT code, clinic_id FROM reading.quarantine") == [("instance_conflict", "org_c1")]


async def test_another_clinics_equal_uid_neither_blocks_nor_shows(centre: Centre) -> None:
    first = await centre.upload(dicom("i1"))
    other = await centre.upload(dicom("i1", pixel=9), username="clinic2")
    assert (first.status_code, other.status_code) == (202, 202)
    assert first.json()["case_id"] != other.json()["case_id"]
    strange = await centre.get(other.json()["links"]["instances"], "clinic1")
    assert (strange.status_code, strange.json()["code"]) == (404, "not_found")
    own = (await centre.get(first.json()["links"]["instances"])).json()["instances"]
    assert len(own) == 1
    strange_bytes = await centre.get(own[0]["link"], "clinic2")
    assert strange_bytes.status_code == 404


async def test_the_order_wins_and_the_contradiction_is_shown(centre: Centre) -> None:
    answer = await centre.upload(dicom("i1", name="测试^乙", sex="F"))
    assert [warning["code"] for warning in answer.json()["warnings"]] == ["patient_mismatch"]
    ((card, warnings),) = await centre.rows("SELECT card, warnings FROM reading.case")
    assert (card["patient"]["name"], card["patient"]["sex"]) == ("测试甲", "M")
    assert warnings[0]["code"] == "patient_mismatch"
    assert "测试乙" not in warnings[0]["detail"]


@pytest.mark.parametrize("file", [dicom("i1"), gbk_dicom(patient_id="P001"), dicom("i1", charset="GB18030")])
async def test_names_are_chinese_in_card_and_header_however_they_were_written(centre: Centre, file: bytes) -> None:
    answer = await centre.upload(file, order={"accession_number": "A1"})
    assert answer.status_code == 202, answer.text
    ((card,),) = await centre.rows("SELECT card FROM reading.case")
    ((header, name),) = await centre.rows("SELECT header, patient_name FROM imaging.instance, imaging.study")
    assert card["patient"]["name"] == "测试甲"
    assert card["patient"]["birth_date"] == "1960-01-31"
    assert header["00100010"]["Value"] == [{"Alphabetic": "测试^甲"}]
    assert name == "测试^甲"


async def test_a_patient_cd_is_read_and_what_is_no_image_is_ignored(centre: Centre) -> None:
    cd = archive({"DICOM/IM1": dicom("i1"), "DICOM/IM2": dicom("i2"), "autorun.exe": b"MZ", "VIEWER/a.dll": b"MZ"})
    body = part("files", cd, filename="cd.zip") + part("order", json.dumps(ORDER).encode()) + closing()
    answer = await centre.send(body)
    assert answer.status_code == 202, answer.text
    assert {each["name"] for each in answer.json()["ignored"]} == {"cd.zip/autorun.exe", "cd.zip/VIEWER/a.dll"}
    assert await centre.count("imaging.instance") == 2


async def test_an_order_may_come_first_and_its_images_later(centre: Centre) -> None:
    placed = await centre.post("/imaging/v1/orders", json=ORDER | {"expected_instances": 2})
    assert (placed.status_code, placed.json()["state"], placed.json()["due_at"]) == (202, "ordered", None)
    assert (await centre.post("/imaging/v1/orders", json=ORDER | {"expected_instances": 2})).status_code == 200
    answer = await centre.upload(dicom("i1"), order=ORDER | {"expected_instances": 2})
    assert (answer.json()["case_id"], answer.json()["state"]) == (placed.json()["case_id"], "received")
    assert await centre.rows("SELECT completed_at, expected_count FROM reading.case") == [(None, 2)]
    await centre.upload(dicom("i2"), order=ORDER | {"expected_instances": 2})
    ((completed_at,),) = await centre.rows("SELECT completed_at FROM reading.case")
    assert completed_at is not None


async def test_a_clinic_may_say_that_a_study_is_whole(centre: Centre) -> None:
    await centre.upload(dicom("i1"), order=ORDER | {"expected_instances": 5})
    path = f"/imaging/v1/studies/{uid('s1')}/complete"
    assert (await centre.post(path, "clinic2")).status_code == 404
    answer = await centre.post(path)
    assert answer.status_code == 200, answer.text
    ((completed_at,),) = await centre.rows("SELECT completed_at FROM reading.case")
    assert completed_at is not None
    assert (await centre.post(path)).status_code == 200


async def test_the_reader_of_the_case_sees_its_images_and_the_read_is_audited(centre: Centre) -> None:
    case_id = (await centre.upload(dicom("i1"))).json()["case_id"]
    path = f"/imaging/v1/cases/{case_id}/instances"
    assert (await centre.get(path, "reader1")).status_code == 404
    await centre.assign(case_id, "org_a")
    shown = await centre.get(path, "reader1")
    assert shown.status_code == 200
    await centre.get(shown.json()["instances"][0]["link"], "reader1")
    assert (await centre.get(path, "reader2")).status_code == 404
    assert (await centre.get(f"{path}/1.2.3", "reader1")).status_code == 404
    assert await centre.rows("SELECT account_id FROM core.audit_entry WHERE action = 'instances.read'") == [
        ("acct_reader1",)
    ]
    assert await centre.rows("SELECT account_id, content_version FROM reading.content_seen") == [("acct_reader1", 1)]


async def test_looking_at_late_images_counts_as_having_seen_them(centre: Centre) -> None:
    policy = SitePolicy(reading_site_id="org_a", center="imaging")
    case_id = (await centre.upload(dicom("i1"))).json()["case_id"]
    async with centre.resources.db.transaction() as session:
        await directory.apply(session, directory.event_of(policy, 1))
        await queue(session, case_id)
    claimed = await centre.post(f"/imaging/v1/cases/{case_id}/claim", "reader1")
    assert claimed.status_code == 200, claimed.text
    await centre.upload(dicom("i2"))
    own = await centre.get(f"/imaging/v1/cases/{case_id}/instances")
    await centre.get(own.json()["instances"][0]["link"], "reader1")
    assert await centre.rows("SELECT content_version FROM reading.content_seen") == [(1,)]
    shown = await centre.get(f"/imaging/v1/cases/{case_id}/instances", "reader1")
    assert len(shown.json()["instances"]) == 2
    assert await centre.rows("SELECT account_id, content_version FROM reading.content_seen") == [("acct_reader1", 2)]


async def test_a_repeat_after_a_rejection_shows_the_same_images_without_storing_them_again(centre: Centre) -> None:
    first = (await centre.upload(dicom("i1"))).json()
    await centre.rows("UPDATE reading.case SET state = 'rejected' RETURNING 1")
    repeat = await centre.upload(dicom("i1"), order=ORDER | {"clinical_info": "左膝外伤"})
    assert (repeat.status_code, repeat.json()["accession_number"]) == (202, "A1")
    assert repeat.json()["case_id"] != first["case_id"]
    assert (len(centre.objects()), await centre.count("imaging.instance")) == (1, 1)
    shown = (await centre.get(repeat.json()["links"]["instances"])).json()["instances"]
    assert [each["sop_instance_uid"] for each in shown] == [uid("i1")]


async def test_instances_of_many_studies_are_locked_by_few_locks(centre: Centre) -> None:
    async with centre.resources.db.transaction() as session:
        await instances.lock_studies(session, "org_c1", [f"1.2.{number}" for number in range(1000)])
        held = await session.execute(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        )
        assert held.scalar_one() < 100

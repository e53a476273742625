"""STOW-RS of an exam image by image: the short way adds up to the same as the long one, and gives way to it."""

import asyncio

import pytest

from services.imaging.queries import arrivals
from shared.reading.queries.cases import lock
from shared.reading.queries.intake import study_locks, take_locks
from tests.integration.imaging.conftest import ORDER, Centre, actor_named
from tests.integration.imaging.test_store_instances import cases, store, stored
from tests.support.dicom import dicom, uid

CHANGED = "SELECT count(*) FROM core.outbox WHERE subject LIKE '%content_changed%'"


async def held(centre: Centre) -> tuple[int, int]:
    """Instances, and how many of them cases hold by their own digest and row."""
    ((instances, in_cases),) = await centre.rows(
        "SELECT count(*), count(c.case_id) FROM imaging.instance i LEFT JOIN reading.case_content c "
        "ON c.record_id = i.instance_id AND c.sha256 = i.data_set_sha256 AND c.clinic_id = i.clinic_id"
    )
    return instances, in_cases


async def test_image_by_image_is_one_case_that_is_told_of_now_and_then(centre: Centre) -> None:
    for number in range(12):
        answer = await store(centre, dicom(f"i{number}"))
        assert (answer.status_code, stored(answer)) == (200, [uid(f"i{number}")])
    assert await held(centre) == (12, 12)
    ((count, content_version, version, settles_in),) = await centre.rows(
        "SELECT content_count, content_version, version, extract(epoch FROM settles_at - updated_at) FROM reading.case"
    )
    assert (count, content_version, version) == (12, 12, 12)
    assert float(settles_in) == pytest.approx(30, abs=0.1)
    assert await centre.rows("SELECT count(*) FROM core.audit_entry WHERE action = 'case.upload'") == [(12,)]
    ((told,),) = await centre.rows(CHANGED)
    assert told < 11
    shown = await centre.get(f"/dicomweb/studies/{uid('s1')}/instances?includefield=all")
    assert len(shown.json()) == 12


async def test_all_at_once_over_many_connections(centre: Centre) -> None:
    await store(centre, dicom("i0"))
    files = [dicom(f"i{1 + number % 15}", series=f"r{number % 3}") for number in range(30)]
    answers = await asyncio.gather(*(store(centre, file) for file in files))
    assert [answer.status_code for answer in answers] == [200] * 30
    assert await held(centre) == (16, 16)
    assert [count for _, _, count in await cases(centre)] == [16]


async def test_more_for_a_case_that_was_whole_meanwhile_takes_the_long_way(centre: Centre) -> None:
    await store(centre, dicom("i1"))
    await store(centre, dicom("i2"))
    assert (await centre.post(f"/imaging/v1/studies/{uid('s1')}/complete")).status_code == 200
    before = await centre.rows(CHANGED)
    assert (await store(centre, dicom("i3"))).status_code == 200
    assert await held(centre) == (3, 3)
    assert await centre.rows(CHANGED) != before
    assert await centre.rows("SELECT settles_at, content_count FROM reading.case") == [(None, 3)]


async def test_what_the_next_image_says_otherwise_is_heard(centre: Centre) -> None:
    await store(centre, dicom("i1"))
    await store(centre, dicom("i2"))
    await store(centre, dicom("i3", name="测试乙"))
    ((warnings,),) = await centre.rows("SELECT warnings FROM reading.case")
    assert [warning["code"] for warning in warnings] == ["patient_mismatch"]


async def test_the_order_that_came_meanwhile_coerces_the_next_image(centre: Centre) -> None:
    await store(centre, dicom("i1"))
    await centre.rows("UPDATE reading.case SET order_sha256 = 'as after a match' RETURNING case_id")
    before = await centre.rows(CHANGED)
    assert (await store(centre, dicom("i2"))).status_code in (200, 202)
    assert await held(centre) == (2, 2)
    assert await centre.rows(CHANGED) != before


async def test_known_images_among_new_ones_are_not_written_again(centre: Centre) -> None:
    await store(centre, dicom("i1"), dicom("i2"))
    answer = await store(centre, dicom("i1"), dicom("i3"), b"no image", dicom("i2"))
    assert answer.status_code == 202
    assert set(stored(answer)) == {uid("i1"), uid("i2"), uid("i3")}
    assert await held(centre) == (3, 3)
    assert await centre.count("reading.quarantine") == 1
    packs = await centre.rows("SELECT blob_key, sum(blob_length) FROM imaging.instance GROUP BY blob_key")
    assert len(packs) == 2
    # What was refused lies in quarantine, not in the pack of what was taken.
    assert {key: (centre.store / key).stat().st_size for key, _ in packs} == {key: int(size) for key, size in packs}


async def test_images_of_a_rejected_exam_are_not_passed_over_as_known(centre: Centre) -> None:
    await centre.upload(dicom("i1"), order=ORDER)
    await centre.rows("UPDATE reading.case SET state = 'rejected' RETURNING case_id")
    async with centre.resources.db.look_up() as session:
        sent = await arrivals.sent(session, "org_c1", [uid("i1"), uid("i9")])
    assert [(name, each.is_in_case) for name, each in sent.items()] == [(uid("i1"), False)]
    assert (await store(centre, dicom("i1"))).status_code in (200, 202)
    assert [state for _, state, _ in await cases(centre)] == ["rejected", "received"]


async def test_a_series_that_was_deleted_comes_again(centre: Centre) -> None:
    await store(centre, dicom("i1"))
    await store(centre, dicom("i2"))
    await centre.rows("WITH gone AS (DELETE FROM imaging.instance RETURNING 1) SELECT count(*) FROM gone")
    await centre.rows("WITH gone AS (DELETE FROM imaging.series RETURNING 1) SELECT count(*) FROM gone")
    assert (await store(centre, dicom("i3"))).status_code == 200
    assert await centre.rows("SELECT sop_instance_uid FROM imaging.instance") == [(uid("i3"),)]


async def test_images_of_a_rejected_exam_join_its_repeat_image_by_image(centre: Centre) -> None:
    """As they would in one request: what is said to be stored must be where the exam is read."""
    await store(centre, dicom("i1"), dicom("i2"))
    await centre.rows("UPDATE reading.case SET state = 'rejected' RETURNING case_id")
    for number in (3, 1, 2):
        assert (await store(centre, dicom(f"i{number}"))).status_code == 200
    assert [(state, count) for _, state, count in await cases(centre)] == [("rejected", 2), ("received", 3)]


async def test_an_order_is_joined_while_images_arrive(centre: Centre) -> None:
    """Both take the exam's locks before its case: in opposite order they would wait for each other."""
    placed = (await centre.post("/imaging/v1/orders", json=ORDER)).json()
    await store(centre, dicom("i1"))
    ((case_id,),) = await centre.rows("SELECT case_id FROM reading.case WHERE state = 'received'")
    async with centre.resources.db.transaction() as session:  # as the acceptance of an image does
        await take_locks(session, study_locks("org_c1/imaging", [uid("s1")]))
        path, body = f"/imaging/v1/cases/{case_id}/order-suggestions", {"order_case_id": placed["case_id"]}
        joining = asyncio.create_task(centre.post(path, json=body))
        while not await centre.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            assert not joining.done(), joining.result().text
            await asyncio.sleep(0.01)
        assert (await lock(session, actor_named("clinic1"), case_id)).state == "received"
    assert (await joining).status_code == 202, (await joining).text

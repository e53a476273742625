"""A clinic sees its own, a reading site what is assigned to it; what was seen is written down."""

import asyncio

import pytest

from services.imaging.queries import search
from shared.auth import Actor, Role
from tests.integration.imaging.conftest import ORDER
from tests.integration.imaging.dicomweb.conftest import Web
from tests.support.dicom import dicom, uid

S, R, I = (str(uid(name)) for name in ("s1", "r1", "i1"))  # noqa: E741 - study, series, instance
INSTANCE = f"/studies/{S}/series/{R}/instances/{I}"
PATHS = [
    f"/studies/{S}",
    f"/studies/{S}/metadata",
    f"/studies/{S}/series",
    f"/studies/{S}/instances",
    f"/studies/{S}/rendered",
    f"/studies/{S}/thumbnail",
    f"/studies/{S}/bulkdata",
    f"/studies/{S}/pixeldata",
    f"/studies/{S}/series/{R}",
    f"/studies/{S}/series/{R}/bulkdata",
    f"/studies/{S}/series/{R}/pixeldata",
    f"/studies/{S}/series/{R}/metadata",
    f"/studies/{S}/series/{R}/instances",
    f"/studies/{S}/series/{R}/rendered",
    f"/studies/{S}/series/{R}/thumbnail",
    INSTANCE,
    f"{INSTANCE}/metadata",
    f"{INSTANCE}/frames/1",
    f"{INSTANCE}/frames/1/rendered",
    f"{INSTANCE}/frames/1/thumbnail",
    f"{INSTANCE}/pixeldata",
    f"{INSTANCE}/bulkdata",
    f"{INSTANCE}/bulkdata/7FE00010",
    f"{INSTANCE}/rendered",
    f"{INSTANCE}/thumbnail",
]


async def test_owner_and_assigned_reader_see_and_strangers_do_not(web: Web) -> None:
    case_id = (await web.centre.upload(dicom())).json()["case_id"]
    await web.centre.assign(case_id, "org_a")
    for path in PATHS:
        answers = {who: (await web.get(path, who)).status_code for who in ("clinic1", "reader1", "clinic2", "reader2")}
        assert answers == {"clinic1": 200, "reader1": 200, "clinic2": 404, "reader2": 404}, path
    for path in ("/studies", "/series", "/instances"):
        counts = {who: len((await web.get(path, who)).json()) for who in ("clinic1", "reader1", "clinic2", "reader2")}
        assert counts == {"clinic1": 1, "reader1": 1, "clinic2": 0, "reader2": 0}, path
    manifest = f"{web.origin}/imaging/v1/studies/{S}/manifest"
    assert [(await web.get(manifest, who)).status_code for who in ("clinic1", "clinic2")] == [200, 404]
    assert (await web.http.get(f"{web.root}/studies")).status_code == 401


async def test_another_clinic_s_equal_uids_neither_block_nor_show(web: Web) -> None:
    await web.centre.upload(dicom(name="测试^甲", pixel=1))
    other = {**ORDER, "patient": {**ORDER["patient"], "name": "测试^乙"}}
    await web.centre.upload(dicom(name="测试^乙", pixel=2), username="clinic2", order=other)
    for who, name, pixel in (("clinic1", "测试^甲", 1), ("clinic2", "测试^乙", 2)):
        (metadata,) = (await web.get(f"/studies/{S}/metadata", who)).json()
        assert metadata["00100010"]["Value"][0]["Alphabetic"] == name
        frame = await web.get(f"{INSTANCE}/frames/1", who, accept="application/octet-stream")
        assert frame.content[:2] == pixel.to_bytes(2, "little")
        (study,) = (await web.get("/studies", who)).json()
        assert study["00201208"]["Value"] == [1]


async def test_a_reader_of_both_is_told_of_both_and_never_shown_a_mixture(web: Web) -> None:
    ids = []
    for username, pixel in (("clinic1", 1), ("clinic2", 2)):
        case_id = (await web.centre.upload(dicom(pixel=pixel), username=username)).json()["case_id"]
        await web.centre.assign(case_id, "org_a")
        ids.append(case_id)
    listed = (await web.get("/studies", "reader1")).json()
    assert {study["00100020"]["Value"][0] for study in listed} == {"org_c1:P001", "org_c2:P001"}
    answer = await web.get(f"/studies/{S}/metadata", "reader1")
    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous_study")
    await web.centre.rows(
        f"UPDATE reading.case SET state = 'queued', waited_in = 'queued' WHERE case_id = '{ids[1]}' RETURNING 1"
    )
    claimed = await web.centre.post(f"/imaging/v1/cases/{ids[1]}/claim", "reader1")
    assert claimed.status_code == 200, claimed.text
    frame = await web.get(f"{INSTANCE}/frames/1", "reader1", accept="application/octet-stream")
    assert frame.content[:2] == b"\x02\x00"


async def test_a_study_of_two_cases_shows_each_site_its_own_images(web: Web) -> None:
    for number, site in ((1, "org_a"), (2, "org_b")):
        order = {**ORDER, "accession_number": f"A{number}"}
        case_id = (await web.centre.upload(dicom(f"i{number}", pixel=number), order=order)).json()["case_id"]
        await web.centre.assign(case_id, site)
    for who, instance in (("reader1", "i1"), ("reader2", "i2")):
        found = (await web.get(f"/studies/{S}/metadata", who)).json()
        assert [each["00080018"]["Value"] for each in found] == [[str(uid(instance))]]
    assert (await web.get(INSTANCE, "reader2")).status_code == 404
    assert len((await web.get(f"/studies/{S}/metadata")).json()) == 2


async def test_who_has_no_role_sees_nothing_of_his_own_clinic_either(web: Web) -> None:
    await web.centre.upload(dicom())
    for roles, shown in ((frozenset({Role.clinic}), 1), (frozenset(), 0), (frozenset({Role.auditor}), 0)):
        actor = Actor("acct_x", "x", "x", "org_c1", roles)
        async with web.centre.resources.db.transaction() as session:
            found = await search.studies(session, actor, search.Search({}, 10, 0))
            images = await search.instances(session, actor, search.Search({}, 10, 0))
        assert (len(found), len(images)) == (shown, shown), roles


async def test_a_row_is_written_again_when_the_last_one_is_five_minutes_old(web: Web) -> None:
    """However lately this process has asked for it."""
    await web.centre.upload(dicom())
    age = "UPDATE core.audit_entry SET at = at - interval '297 seconds' WHERE action = 'study.pixels' RETURNING 1"
    written = "SELECT count(*) FROM core.audit_entry WHERE action = 'study.pixels'"
    await web.get(f"{INSTANCE}/frames/1")
    await web.centre.rows(age)
    await web.get(f"{INSTANCE}/frames/1")
    assert await web.centre.rows(written) == [(1,)]
    old = f"{written} AND at < clock_timestamp() - interval '5 minutes'"
    while await web.centre.rows(old) == [(0,)]:
        await asyncio.sleep(0.05)
    await web.get(f"{INSTANCE}/frames/1")
    assert await web.centre.rows(written) == [(2,)]


async def test_pixels_are_one_audit_row_for_an_actor_and_a_study(web: Web) -> None:
    case_id = (await web.centre.upload(dicom(), dicom("i2"))).json()["case_id"]
    await web.centre.assign(case_id, "org_a")
    for _ in range(3):
        for who in ("clinic1", "reader1"):
            for instance in (I, uid("i2")):
                await web.get(f"/studies/{S}/series/{R}/instances/{instance}/frames/1", who)
    rows = await web.centre.rows(
        "SELECT account_id, count(*) FROM core.audit_entry WHERE action = 'study.pixels' GROUP BY 1 ORDER BY 1"
    )
    assert rows == [("acct_clinic1", 1), ("acct_reader1", 1)]


@pytest.mark.parametrize("whole", [True, False])
async def test_late_images_are_seen_when_every_series_was_listed(web: Web, whole: bool) -> None:
    case_id = (await web.centre.upload(dicom())).json()["case_id"]
    await web.centre.assign(case_id, "org_a")
    await web.get(f"/studies/{S}/metadata", "reader1")
    await web.centre.upload(dicom(), dicom("i2"), dicom("i3", series="r2"))
    assert await seen(web) < await content_version(web, case_id)
    await web.get(f"{INSTANCE}/metadata", "reader1")
    await web.get(f"{INSTANCE}/frames/1", "reader1")
    assert await seen(web) < await content_version(web, case_id), "one image is not the list"
    if whole:
        await web.get(f"/studies/{S}/metadata", "reader1")
    else:
        await web.get(f"/studies/{S}/series/{R}/metadata", "reader1")
        assert await seen(web) < await content_version(web, case_id), "the other series was not asked for"
        await web.get(f"/studies/{S}/series/{uid('r2')}/metadata", "reader1")
    assert await seen(web) == await content_version(web, case_id)


async def seen(web: Web) -> int:
    ((version,),) = await web.centre.rows("SELECT coalesce(max(content_version), 0) FROM reading.content_seen")
    return int(version)


async def content_version(web: Web, case_id: str) -> int:
    ((version,),) = await web.centre.rows(f"SELECT content_version FROM reading.case WHERE case_id = '{case_id}'")
    return int(version)

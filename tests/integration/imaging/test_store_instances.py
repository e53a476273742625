"""STOW-RS: each instance judged by itself, its study a case, everything once."""

import asyncio
import json
from random import Random
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.integration.imaging.conftest import ORDER, Centre
from tests.support.dicom import DX, dicom, uid
from tests.support.related import BOUNDARY, CONTENT_TYPE, related, related_part

JSON = "application/dicom+json"
CLOSING = b"--" + BOUNDARY + b"--\r\n"


async def store(
    centre: Centre,
    *files: bytes,
    body: bytes | None = None,
    study: str = "",
    username: str = "clinic1",
    content_type: str = CONTENT_TYPE,
    accept: str = JSON,
) -> httpx.Response:
    return await centre.http.post(
        f"/dicomweb/studies{'/' + study if study else ''}",
        content=related(files) if body is None else body,
        headers={"Authorization": f"Bearer {username}", "Content-Type": content_type, "Accept": accept},
    )


def stored(answer: httpx.Response) -> list[str]:
    return [item["00081155"]["Value"][0] for item in answer.json().get("00081199", {}).get("Value", [])]


def reasons(answer: httpx.Response) -> list[tuple[str, int]]:
    items = answer.json().get("00081198", {}).get("Value", [])
    return [(item["00081155"].get("Value", [""])[0], item["00081197"]["Value"][0]) for item in items]


async def cases(centre: Centre) -> list[tuple[Any, ...]]:
    return await centre.rows("SELECT accession_number, state, content_count FROM reading.case ORDER BY created_at")


async def test_a_study_without_an_order_opens_a_case_that_settles(centre: Centre) -> None:
    answer = await store(centre, dicom("i1"), dicom("i2"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON), answer.text
    model = answer.json()
    assert "00081198" not in model
    assert model["00081190"]["Value"] == [f"http://imaging/dicomweb/studies/{uid('s1')}"]
    (first, _) = model["00081199"]["Value"]
    assert first == {
        "00081150": {"vr": "UI", "Value": [str(DX)]},
        "00081155": {"vr": "UI", "Value": [uid("i1")]},
        "00081190": {
            "vr": "UR",
            "Value": [f"http://imaging/dicomweb/studies/{uid('s1')}/series/{uid('r1')}/instances/{uid('i1')}"],
        },
    }
    ((state, count, complete, settles, card),) = await centre.rows(
        "SELECT state, content_count, completed_at, settles_at, card FROM reading.case"
    )
    assert (state, count, complete) == ("received", 2, None)
    assert settles is not None
    assert card["patient"]["name"] == "测试甲"
    assert len(centre.objects()) == 1
    told = await centre.post(f"/imaging/v1/studies/{uid('s1')}/complete")
    assert told.status_code == 200
    assert (await centre.rows("SELECT completed_at IS NOT NULL FROM reading.case")) == [(True,)]


async def test_the_same_again_is_stored_already_and_writes_nothing(centre: Centre) -> None:
    first = await store(centre, dicom("i1"), dicom("i2"))
    before = (centre.objects(), await centre.count("core.outbox"), await centre.count("core.audit_entry"))
    again = await store(centre, dicom("i2"), dicom("i1", implementation="OTHER"), dicom("i1"))
    assert again.status_code == 200
    assert set(stored(again)) == set(stored(first))
    assert (centre.objects(), await centre.count("core.outbox"), await centre.count("core.audit_entry")) == before


async def test_one_bad_part_spoils_nothing_and_lies_in_quarantine(centre: Centre) -> None:
    body = (
        related_part(b"not dicom at all")
        + related_part(dicom("i1"))
        + related_part(b"")
        + related_part(dicom("i2")[:700])
        + related_part(dicom("i3", study="s2"))
        + related_part(b"{}", [b"Content-Type: application/json"])
        + CLOSING
    )
    answer = await store(centre, body=body)
    assert answer.status_code == 202, answer.text
    assert set(stored(answer)) == {uid("i1"), uid("i3")}
    assert reasons(answer) == [("", 0xC000), ("", 0xC002), (uid("i2"), 0xC003), ("", 0xC000)]
    assert len(await cases(centre)) == 2
    kept = await centre.rows("SELECT code, blob_length FROM reading.quarantine ORDER BY id")
    assert sorted(kept) == sorted([("not_dicom", 16), ("empty_file", 0), ("truncated", 700), ("not_dicom", 2)])
    assert len(centre.objects()) == 2  # one pack for two cases, one for what was refused


async def test_nothing_stored_is_409_and_names_each_reason(centre: Centre) -> None:
    answer = await store(centre, b"x" * 200, dicom("i1", study="s2"), study=uid("s1"))
    assert answer.status_code == 409
    assert reasons(answer) == [("", 0xC000), (uid("i1"), 0xA901)]
    assert "00081199" not in answer.json()
    assert await cases(centre) == []


async def test_another_data_set_under_a_known_uid_fails_alone(centre: Centre) -> None:
    await store(centre, dicom("i1"))
    answer = await store(centre, dicom("i1", pixel=9), dicom("i2"), dicom("i2", pixel=3))
    assert answer.status_code == 202
    assert (stored(answer), reasons(answer)) == ([uid("i2")], [(uid("i1"), 0x0111), (uid("i2"), 0x0111)])
    assert [count for _, _, count in await cases(centre)] == [2]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (f"multipart/related; boundary={'b' * 20}; type=application/dicom", 200),
        (f'Multipart/Related;TYPE="application/dicom; transfer-syntax=1.2.840.10008.1.2.1";boundary="{"b" * 20}"', 200),
        (f"multipart/related; boundary={'b' * 20}", 200),
        (f'multipart/related; type="application/dicom+json"; boundary={"b" * 20}', 415),
        (f"multipart/form-data; boundary={'b' * 20}", 415),
        ("text/plain", 415),
        ("", 415),
        ("multipart/related; type=application/dicom", 400),
    ],
)
async def test_what_the_body_announces(centre: Centre, content_type: str, status: int) -> None:
    body = related([dicom("i1")], b"b" * 20)
    assert (await store(centre, body=body, content_type=content_type)).status_code == status


async def test_a_single_part_is_an_instance(centre: Centre) -> None:
    for content_type in ("application/dicom", "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"):
        answer = await store(centre, body=dicom("i1"), content_type=content_type, study=uid("s1"))
        assert (answer.status_code, stored(answer)) == (200, [uid("i1")])
    empty = await store(centre, body=b"", content_type="application/dicom")
    assert (empty.status_code, empty.json()["code"]) == (400, "no_parts")


async def test_broken_framing_is_400_and_nothing_is_kept(centre: Centre) -> None:
    for body in (related([dicom("i1")])[:-6], b"", b"nothing", CLOSING, related([dicom("i1")]).replace(b"\r\n", b"\n")):
        answer = await store(centre, body=body)
        assert answer.status_code == 400, answer.text
    assert await centre.count("imaging.instance") == 0


async def test_the_answer_is_xml_if_asked_and_nothing_else_is_had(centre: Centre) -> None:
    answer = await store(centre, dicom("i1"), b"bad", accept="application/dicom+xml")
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/dicom+xml")
    root = ElementTree.fromstring(answer.text)
    names = {each.get("keyword") for each in root.iter() if each.tag.endswith("DicomAttribute")}
    assert {"FailedSOPSequence", "FailureReason", "ReferencedSOPSequence", "RetrieveURL"} <= names
    for accept in ("*/*", "application/json", "application/dicom+json;q=0.1, text/html"):
        assert (await store(centre, dicom("i1"), accept=accept)).status_code == 200
    assert (await store(centre, dicom("i1"), accept="image/png")).status_code == 406


async def test_images_of_one_study_sent_at_once_are_one_case(centre: Centre) -> None:
    answers = await asyncio.gather(
        *(store(centre, dicom(f"i{number % 6}"), dicom(f"i{(number + 1) % 6}")) for number in range(12))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await centre.count("reading.case") == 1
    assert await centre.count("imaging.instance") == 6
    assert await centre.count("imaging.study") == 1
    assert [count for _, _, count in await cases(centre)] == [6]


async def test_the_same_two_studies_in_opposite_order_do_not_wait_for_each_other(centre: Centre) -> None:
    first, second = dicom("i1"), dicom("j1", study="s2", patient_id="P002")
    answers = await asyncio.gather(
        *(store(centre, *((first, second) if number % 2 else (second, first))) for number in range(10))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await centre.count("reading.case") == 2


async def test_late_images_join_their_studys_case_however_it_was_opened(centre: Centre) -> None:
    opened = (await centre.upload(dicom("i1"))).json()
    answer = await store(centre, dicom("i2"))
    assert answer.status_code == 200
    assert [(number, count) for number, _, count in await cases(centre)] == [(opened["accession_number"], 2)]


async def test_an_order_is_matched_by_its_number_and_what_it_coerced_is_kept(centre: Centre) -> None:
    order = ORDER | {"patient": {"id": "H9", "name": "测试乙", "sex": "M", "birth_date": "1960-01-31"}}
    placed = (await centre.post("/imaging/v1/orders", json=order)).json()
    answer = await store(centre, with_number(dicom("i1"), "A1"))
    assert answer.status_code == 202
    (item,) = answer.json()["00081199"]["Value"]
    assert item["00081196"] == {"vr": "US", "Value": [0xB000]}
    assert await cases(centre) == [("A1", "received", 1)]
    ((card, warnings, coercion),) = await centre.rows(
        "SELECT card, warnings, coercion FROM reading.case, imaging.instance"
    )
    assert card["patient"]["name"] == "测试乙"
    assert [each["code"] for each in warnings] == ["patient_mismatch"]
    assert coercion["attributes"]["00100020"] == {"vr": "LO", "Value": ["H9"]}
    assert coercion["original"]["00100020"] == {"vr": "LO", "Value": ["P001"]}
    assert coercion["original"]["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "测试^甲"}]}
    assert (await store(centre, with_number(dicom("i1"), "A1"))).status_code == 200
    assert placed["case_id"] in json.dumps(await centre.rows("SELECT case_id FROM reading.case"))


async def test_a_machine_that_numbers_every_exam_alike_makes_no_two_patients_one(centre: Centre) -> None:
    first = await store(centre, with_number(dicom("i1"), "1"))
    second = await store(centre, with_number(dicom("i2", study="s2", patient_id="P002", name="测试^乙"), "1"))
    assert (first.status_code, second.status_code) == (200, 200)
    (one, other) = await centre.rows("SELECT accession_number, warnings FROM reading.case ORDER BY created_at")
    assert one[0] == "1" != other[0]
    assert [each["code"] for each in other[1]] == ["accession_number_repeated"]


async def test_two_patients_in_one_study_are_two_cases_and_both_readers_are_told(centre: Centre) -> None:
    answer = await store(centre, dicom("i1"), dicom("i2", patient_id="P002", name="测试^乙"))
    assert answer.status_code == 200
    rows = await centre.rows("SELECT patient_id, warnings FROM reading.case ORDER BY created_at")
    assert [patient for patient, _ in rows] == ["P001", "P002"]
    assert [each["code"] for each in rows[1][1]] == ["study_of_two_patients"]


async def test_images_for_a_closed_case_fail_and_are_kept_apart(centre: Centre) -> None:
    await store(centre, dicom("i1"))
    await centre.rows("UPDATE reading.case SET state = 'signed' RETURNING case_id")
    answer = await store(centre, dicom("i1"), dicom("i2"), dicom("j1", study="s2", patient_id="P002"))
    assert answer.status_code == 202
    assert set(stored(answer)) == {uid("i1"), uid("j1")}
    assert reasons(answer) == [(uid("i2"), 0x0110)]
    again = await store(centre, dicom("i1"))
    assert again.status_code == 200
    assert {code for (code,) in await centre.rows("SELECT code FROM reading.quarantine")} == {"accession_taken"}


async def test_another_clinics_study_neither_blocks_nor_joins(centre: Centre) -> None:
    assert (await store(centre, dicom("i1"))).status_code == 200
    assert (await store(centre, dicom("i1", pixel=9), username="clinic2")).status_code == 200
    assert [clinic for (clinic,) in await centre.rows("SELECT clinic_id FROM reading.case ORDER BY 1")] == [
        "org_c1",
        "org_c2",
    ]


async def test_readers_and_strangers_store_nothing(centre: Centre) -> None:
    assert (await store(centre, dicom("i1"), username="reader1")).status_code == 403
    assert (await store(centre, dicom("i1"), username="nobody")).status_code == 401


def with_number(file: bytes, number: str) -> bytes:
    """The same file with an Accession Number (0008,0050), put in where its tag belongs: behind the study time."""
    place = file.index(b"\x08\x00\x60\x00CS")
    padded = number.encode() + b" " * (len(number) % 2)
    return file[:place] + b"\x08\x00\x50\x00SH" + len(padded).to_bytes(2, "little") + padded + file[place:]


async def test_what_only_looks_alike_is_joined_when_a_person_says_so(centre: Centre) -> None:
    order = ORDER | {"patient": {"id": "P001", "name": "测试丙"}, "performed_at": "2026-11-21T09:00:00+08:00"}
    placed = (await centre.post("/imaging/v1/orders", json=order)).json()
    other_day = order | {"accession_number": "A2", "performed_at": "2026-11-22T09:00:00+08:00"}
    await centre.post("/imaging/v1/orders", json=other_day)
    ct = order | {"accession_number": "A3", "exam": {"name": "CT", "modality": "CT"}}
    await centre.post("/imaging/v1/orders", json=ct)
    await store(centre, dicom("i1"), dicom("i2"))
    ((case_id, received_at),) = await centre.rows(
        "SELECT case_id, received_at FROM reading.case WHERE state = 'received'"
    )
    path = f"/imaging/v1/cases/{case_id}/order-suggestions"
    found = (await centre.get(path)).json()["suggestions"]
    assert [(each["order_case_id"], each["accession_number"]) for each in found] == [(placed["case_id"], "A1")]
    assert (await centre.get(path, "clinic2")).status_code == 404
    body = {"order_case_id": placed["case_id"]}
    assert (await centre.post(path, "clinic2", json=body)).status_code == 404
    joined = await centre.post(path, json=body)
    assert (joined.status_code, joined.json()["case_id"], joined.json()["state"]) == (
        202,
        placed["case_id"],
        "received",
    )
    assert [each["code"] for each in joined.json()["warnings"]] == ["patient_mismatch"]
    assert (await centre.post(path, json=body)).status_code == 200
    rows = await centre.rows("SELECT case_id, state, content_count, received_at FROM reading.case ORDER BY created_at")
    assert rows[0] == (placed["case_id"], "received", 2, received_at)
    assert (rows[3][0], rows[3][1]) == (case_id, "canceled")
    coerced = await centre.rows("SELECT coercion->'attributes'->'00100010' FROM imaging.instance")
    assert coerced == [({"vr": "PN", "Value": [{"Alphabetic": "测试丙"}]},)] * 2
    listed = await centre.rows("SELECT patient_id, patient_name, accession_number, name_key FROM imaging.study")
    assert listed == [("P001", "测试丙", "A1", "测试丙")]
    late = await store(centre, dicom("i3"))
    assert late.status_code == 202
    assert (await centre.rows(f"SELECT content_count FROM reading.case WHERE case_id = '{placed['case_id']}'")) == [
        (3,)
    ]
    twice = await centre.post(path, json={"order_case_id": rows[1][0]})
    assert (twice.status_code, twice.json()["code"]) == (409, "being_read")


async def test_damaged_requests_are_answered_and_never_a_500(centre: Centre) -> None:
    whole = related([dicom("i1"), dicom("i2", study="s2")])
    random = Random(7)
    seen = set()
    for _ in range(120):
        body = bytearray(whole)
        for _ in range(random.randrange(1, 6)):
            at = random.randrange(len(body))
            body[at : at + random.randrange(4)] = random.randbytes(random.randrange(4))
        if random.random() < 0.3:
            del body[random.randrange(len(body)) :]
        content_type = CONTENT_TYPE
        if random.random() < 0.1:
            at = random.randrange(len(content_type))
            content_type = content_type[:at] + random.choice(['"', ";", "=", " ", "x"]) + content_type[at + 1 :]
        answer = await store(centre, body=bytes(body), content_type=content_type)
        seen.add(answer.status_code)
        assert answer.status_code in (200, 202, 400, 409, 415), (answer.status_code, answer.text)
    assert {202, 400} <= seen

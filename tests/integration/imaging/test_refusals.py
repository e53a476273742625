"""What is not taken leaves nothing but a row and its bytes in quarantine, and says why."""

import json

import pytest

from services.imaging.settings import settings_of
from shared.reading.workflow.quarantine import drop_expired, enforce_quota
from tests.integration.imaging.conftest import ORDER, Centre
from tests.support.dicom import archive, dicom
from tests.support.multipart import closing, part, upload


async def assert_nothing_stored(centre: Centre, *, refused: int) -> None:
    for table in ("imaging.instance", "imaging.study", "reading.case", "core.outbox"):
        assert await centre.count(table) == 0
    assert await centre.count("reading.quarantine") == refused
    assert len(centre.objects()) == min(refused, 1)


@pytest.mark.parametrize(
    ("files", "status", "code", "refused"),
    [
        ([("a.txt", b"hello")], 415, "not_dicom", 1),
        ([("a.dcm", b"")], 422, "empty_file", 1),
        ([("a.dcm", dicom()), ("b.dcm", dicom("i2")[:-20])], 422, "truncated", 1),
        ([("a.dcm", dicom()), ("b.dcm", dicom("i2", name="测试^乙", patient_id="P2"))], 422, "two_patients", 2),
        ([("a.dcm", dicom()), ("b.dcm", dicom(pixel=5))], 409, "instance_conflict", 1),
        ([("a.zip", archive({"../../etc/a.dcm": dicom()}))], 422, "path_escapes", 1),
        ([("a.zip", archive({"a": bytes(9 << 20)}))], 413, "too_large", 1),
        ([("a.zip", archive({"a": bytes(7 << 20), "b": bytes(64 << 20)}))], 422, "zip_bomb", 1),
        ([("a.zip", archive({f"{n}": b"x" for n in range(21)}))], 413, "too_many_files", 1),
        ([("a.zip", dicom()[:200].replace(b"\0\0\0\0", b"PK\3\4", 1))], 422, "truncated", 1),
    ],
)
async def test_a_refused_upload_stores_nothing_else(
    centre: Centre, files: list[tuple[str, bytes]], status: int, code: str, refused: int
) -> None:
    answer = await centre.send(upload(ORDER, files))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
    await assert_nothing_stored(centre, refused=refused)


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        (b"{", ""),
        (b'{"patient": {"sex": "X"}}', "/patient/sex"),
        (b'{"performed_at": "2026-01-01T00:00:00"}', "/performed_at"),
    ],
)
async def test_a_wrong_order_is_told_by_pointer(centre: Centre, order: bytes, pointer: str) -> None:
    body = part("order", order) + part("files", dicom(), filename="a.dcm") + closing()
    answer = await centre.send(body)
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]
    await assert_nothing_stored(centre, refused=0)


async def test_order_and_files_are_both_needed(centre: Centre) -> None:
    assert (await centre.send(upload(None, [("a.dcm", dicom())]))).status_code == 422
    without = await centre.send(upload(ORDER, []))
    assert (without.status_code, without.json()["code"]) == (422, "no_files")
    await assert_nothing_stored(centre, refused=0)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x", "multipart/form-data", 400),
        (b"garbage", "multipart/form-data; boundary=b", 400),
        (upload(ORDER, [("a", dicom())])[:-30], "multipart/form-data; boundary=gongzhenboundary", 400),
    ],
)
async def test_what_is_no_form_cannot_be_read(centre: Centre, body: bytes, content_type: str, status: int) -> None:
    answer = await centre.send(body, content_type=content_type)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    await assert_nothing_stored(centre, refused=0)


async def test_limits_are_named(centre: Centre) -> None:
    limit = settings_of(centre.resources).upload_max_bytes
    announced = await centre.send(b"", Content_Length=str(limit + 1))
    assert (announced.status_code, announced.json()["limit_bytes"]) == (413, limit)
    sent = await centre.send(upload(ORDER, [("a", bytes(limit))]))
    assert (sent.status_code, sent.json()["code"], sent.json()["limit_bytes"]) == (413, "upload_too_large", limit)
    files = await centre.send(upload(ORDER, [("a", b"x")] * 21))
    assert (files.status_code, files.json()["limit_files"]) == (413, 20)
    await assert_nothing_stored(centre, refused=0)


async def test_only_clinics_send_and_only_with_a_token(centre: Centre) -> None:
    body = upload(ORDER, [("a", dicom())])
    assert (await centre.send(body, "nobody")).status_code == 401
    assert (await centre.send(body, "reader1")).status_code == 403
    assert (await centre.post("/imaging/v1/orders", "reader1", json=ORDER)).status_code == 403
    await assert_nothing_stored(centre, refused=0)


async def test_a_closed_accession_number_keeps_no_pack(centre: Centre) -> None:
    await centre.upload(dicom("i1"))
    await centre.rows("UPDATE reading.case SET state = 'signed' RETURNING 1")
    answer = await centre.upload(dicom("i2"))
    assert (answer.status_code, answer.json()["code"]) == (409, "accession_taken")
    assert (len(centre.objects()), await centre.count("imaging.instance")) == (1, 1)


async def test_administrators_read_the_quarantine(centre: Centre) -> None:
    await centre.send(upload(ORDER, [("测试甲.txt", b"hello"), ("b.bin", b"world")]))
    assert (await centre.get("/imaging/v1/quarantine", "clinic1")).status_code == 403
    page = (await centre.get("/imaging/v1/quarantine?limit=1", "admin1")).json()
    rest = (await centre.get(f"/imaging/v1/quarantine?cursor={page['next_cursor']}", "admin1")).json()
    files = {file["file_name"]: file for file in [*page["files"], *rest["files"]]}
    assert (set(files), rest["next_cursor"]) == ({"测试甲.txt", "b.bin"}, None)
    path = f"/imaging/v1/quarantine/{files['b.bin']['quarantine_id']}"
    shown = (await centre.get(path, "admin1")).json()
    assert (shown["code"], shown["clinic_id"], shown["size_bytes"]) == ("not_dicom", "org_c1", 5)
    content = await centre.get(f"{path}/content", "admin1")
    assert (content.content, content.headers["content-type"]) == (b"world", "application/octet-stream")
    assert (await centre.get(f"{path}/content", "clinic1")).status_code == 403
    assert (await centre.get("/imaging/v1/quarantine/qua_x", "admin1")).status_code == 404
    assert (await centre.get("/imaging/v1/quarantine?center=imaging", "admin1")).status_code == 200
    assert (await centre.get("/imaging/v1/quarantine?center=ecg", "admin1")).status_code == 422


async def test_what_is_kept_of_a_refused_upload_is_audited(centre: Centre) -> None:
    assert (await centre.upload(b"no image")).status_code == 415
    ((quarantine_id,),) = await centre.rows("SELECT id FROM reading.quarantine")
    kept = "SELECT account_id, record_id, outcome FROM core.audit_entry WHERE action = 'quarantine.keep'"
    assert await centre.rows(kept) == [("acct_clinic1", quarantine_id, "not_dicom")]


async def test_the_quarantine_is_emptied_after_its_days(centre: Centre) -> None:
    await centre.send(upload(ORDER, [("old.txt", b"old")]))
    await centre.rows("UPDATE reading.quarantine SET received_at = received_at - interval '31 days' RETURNING 1")
    await centre.send(upload(ORDER, [("new.txt", b"new")]))
    assert len(centre.objects()) == 2
    assert await drop_expired(centre.resources) == 1
    assert await centre.rows("SELECT file_name FROM reading.quarantine") == [("new.txt",)]
    assert len(centre.objects()) == 1


async def test_a_clinics_quarantine_has_a_quota_and_the_oldest_lose_their_bytes_not_their_rows(
    centre: Centre,
) -> None:
    centre.resources.settings = settings_of(centre.resources).model_copy(update={"quarantine_clinic_bytes": 10})
    await centre.send(upload(ORDER, [("strange.txt", b"x" * 9)]), username="clinic2")
    for name in ("1.txt", "2.txt", "3.txt"):
        await centre.send(upload(ORDER, [(name, b"x" * 4)]))
    assert await enforce_quota(centre.resources) == 1
    held = "SELECT file_name, blob_key IS NOT NULL, sha256 <> '' FROM reading.quarantine ORDER BY id"
    assert await centre.rows(held) == [
        ("strange.txt", True, True),
        ("1.txt", False, True),
        ("2.txt", True, True),
        ("3.txt", True, True),
    ]
    assert len(centre.objects()) == 3
    assert await enforce_quota(centre.resources) == 0


async def test_no_name_of_a_patient_is_logged(centre: Centre, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="services")
    caplog.set_level("DEBUG", logger="shared")
    await centre.send(upload(ORDER, [("测试甲.txt", b"hello")]))
    await centre.upload(dicom("i1"))
    logged = json.dumps([vars(record) for record in caplog.records], default=str, ensure_ascii=False)
    assert "upload accepted" in logged
    assert "upload refused" in logged
    assert not any(word in logged for word in ("测试", "P001", 'A1"'))

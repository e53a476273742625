"""An upload becomes a case with its ECGs, once, durable, and says at once how good each lead is."""

import asyncio
import json

import pytest

from tests.integration.ecg.centre import ORDER, Centre
from tests.support.ecg_carts import CARTS, minutes_later, order, table, without
from tests.support.ecg_signals import make_ecg


@pytest.mark.parametrize("cart", CARTS)
async def test_every_kind_of_file_is_a_case_with_its_quality(centre: Centre, cart: str) -> None:
    files = CARTS[cart](make_ecg(noise_uv=5))
    case = await centre.taken(files)
    (recording,) = case["recordings"]
    assert recording["format"] == cart
    assert set(recording["leads"]) >= {"I", "II", "III", "aVR", "aVL", "aVF", "V1", "V6"}
    assert (recording["sampling_rate_hz"], recording["duration_s"]) == (500, 10)
    assert recording["quality"]["verdict"] == "ok", recording["quality"]
    assert {each["verdict"] for each in recording["quality"]["leads"]} == {"ok"}
    assert (case["state"], recording["suspected"]) == ("received", [])
    assert len(centre.objects()) == 1
    originals = [
        (await centre.get(link)).content for name, link in recording["links"].items() if name.startswith("original_")
    ]
    assert originals == [data for _, data in files]
    measured = (await centre.get(recording["links"]["measurements"])).json()["measurements"]
    assert abs(measured["heart_rate_bpm"] - 60) <= 2
    ((payload,),) = await centre.rows("SELECT payload FROM core.outbox WHERE subject LIKE 'ecg.case.received%'")
    snapshot = json.loads(payload)["data"]["case"]
    assert (snapshot["content_count"], snapshot["card"]["patient"]["name"]) == (1, "测试甲")


async def test_the_same_again_is_the_same_case_and_writes_nothing(centre: Centre) -> None:
    first = await centre.taken()
    before = await centre.written()
    again = await centre.send([("other name.csv", table())])
    assert (again.status_code, again.json()["case_id"]) == (200, first["case_id"])
    assert again.json()["recordings"] == first["recordings"]
    assert await centre.written() == before


async def test_a_header_with_its_signals_sent_again_writes_nothing(centre: Centre) -> None:
    files = CARTS["wfdb"](make_ecg())
    first = await centre.taken(files)
    before = await centre.written()
    again = await centre.send(list(reversed(files)))
    assert (again.status_code, again.json()["case_id"]) == (200, first["case_id"])
    assert await centre.written() == before


async def test_ecgs_of_one_case_stand_in_the_order_they_were_made(centre: Centre) -> None:
    later = table(make_ecg(heart_rate_bpm=90), recorded_at=minutes_later(10))
    earlier = table(make_ecg(heart_rate_bpm=70), recorded_at=minutes_later(0))
    untimed = table(make_ecg(heart_rate_bpm=50), recorded_at=None)
    first = await centre.taken([("a", later)])
    second = await centre.taken([("b", untimed)])
    third = await centre.taken([("c", earlier), ("d", later)])
    assert first["case_id"] == second["case_id"] == third["case_id"]
    moments = [each["recorded_at"] for each in third["recordings"]]
    assert moments == ["2026-03-01T01:30:00Z", "2026-03-01T01:40:00Z", None]
    assert await centre.rows("SELECT content_count FROM reading.case") == [(3,)]
    changed = await centre.rows("SELECT subject FROM core.outbox WHERE subject LIKE 'ecg.case.content_changed%'")
    assert len(changed) == 2
    latest = await centre.get(f"/ecg/v1/cases/{first['case_id']}/measurements")
    assert latest.json()["recording_id"] == third["recordings"][1]["recording_id"]


async def test_several_files_of_one_request_are_one_case(centre: Centre) -> None:
    files = [(f"{n}.csv", table(make_ecg(heart_rate_bpm=60 + n), recorded_at=minutes_later(n))) for n in (10, 0, 20)]
    case = await centre.taken([*files, ("Thumbs.db", b"x"), ("again.csv", files[0][1])])
    moments = [each["recorded_at"] for each in case["recordings"]]
    assert moments == sorted(moments)
    assert len(moments) == 3
    assert {(each["name"], each["reason"]) for each in case["ignored"]} == {
        ("Thumbs.db", "leftover"),
        ("again.csv", "duplicate"),
    }
    assert len(centre.objects()) == 1


async def test_an_order_may_come_first_and_its_ecg_later(centre: Centre) -> None:
    wanted = {**ORDER, "expected_recordings": 2}
    placed = await centre.post("/ecg/v1/orders", "clinic1", wanted)
    assert (placed.status_code, placed.json()["state"]) == (202, "ordered"), placed.text
    first = await centre.taken([("a", table(make_ecg(heart_rate_bpm=60)))], wanted)
    assert (first["case_id"], first["state"]) == (placed.json()["case_id"], "received")
    assert await centre.rows("SELECT completed_at FROM reading.case") == [(None,)]
    await centre.taken([("b", table(make_ecg(heart_rate_bpm=80), recorded_at=minutes_later(5)))], wanted)
    ((completed_at,),) = await centre.rows("SELECT completed_at FROM reading.case")
    assert completed_at is not None


async def test_the_order_wins_and_the_contradiction_is_shown(centre: Centre) -> None:
    case = await centre.taken([("a", table(name="测试乙", patient_id="P777"))])
    (warning,) = [each for each in case["warnings"] if each["code"] == "patient_mismatch"]
    assert "姓名" in warning["detail"]
    assert "测试乙" not in json.dumps(case, ensure_ascii=False)
    ((card,),) = await centre.rows("SELECT card FROM reading.case")
    assert (card["patient"]["id"], card["patient"]["name"]) == ("P001", "测试甲")


async def test_what_the_order_leaves_open_is_the_carts(centre: Centre) -> None:
    await centre.taken([("a", table(name="测试丙", patient_id="P005", sex="F"))], {"accession_number": "A1"})
    ((card,),) = await centre.rows("SELECT card FROM reading.case")
    assert (card["patient"]["id"], card["patient"]["name"], card["patient"]["sex"]) == ("P005", "测试丙", "F")


async def test_an_electrode_that_fell_off_is_named_while_the_patient_is_still_there(centre: Centre) -> None:
    case = await centre.taken([("a", table(without(make_ecg(noise_uv=5), "V3")))])
    (recording,) = case["recordings"]
    (lead,) = [each for each in recording["quality"]["leads"] if each["verdict"] != "ok"]
    assert (lead["lead"], lead["verdict"]) == ("V3", "unusable")
    assert "V3" in lead["text"]
    assert any(each["code"].startswith("ecg_lead_") and "V3" in each["detail"] for each in case["warnings"])
    assert all(each["detail"] for each in case["warnings"])


async def test_samples_without_a_value_stay_without_one(centre: Centre) -> None:
    data = table(lost={"V5": slice(100, 200)})
    case = await centre.taken([("a", data)])
    (recording,) = case["recordings"]
    assert "ecg_samples_missing" in recording["remarks"]
    assert "ecg_samples_missing" in [each["code"] for each in case["warnings"]]


async def test_ten_equal_uploads_at_once_are_one_case_and_one_pack(centre: Centre) -> None:
    data = table()
    answers = await asyncio.gather(*(centre.send([("a.csv", data)]) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [202]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert (await centre.count("reading.case"), await centre.count("ecg.recording")) == (1, 1)
    assert len(centre.objects()) == 1


async def test_a_repeat_after_a_rejection_has_its_own_recordings(centre: Centre) -> None:
    first = await centre.taken()
    await centre.rows("UPDATE reading.case SET state = 'rejected' RETURNING 1")
    repeat = await centre.taken(order={**ORDER, "clinical_info": "胸痛"})
    assert repeat["case_id"] != first["case_id"]
    assert [each["case_id"] for each in repeat["recordings"]] == [repeat["case_id"]]
    body = await centre.get(repeat["recordings"][0]["links"]["original_1"])
    assert body.content == table()


async def test_a_closed_accession_number_keeps_no_pack(centre: Centre) -> None:
    await centre.taken()
    await centre.rows("UPDATE reading.case SET state = 'signed' RETURNING 1")
    answer = await centre.send([("b", table(make_ecg(heart_rate_bpm=99)))])
    assert (answer.status_code, answer.json()["code"]) == (409, "accession_taken")
    assert (len(centre.objects()), await centre.count("ecg.recording")) == (1, 1)


async def test_late_ecgs_must_have_been_looked_at_before_the_report_is_sent(centre: Centre) -> None:
    case_id = (await centre.taken())["case_id"]
    path = await centre.queued(case_id)
    held = await centre.claim(case_id)
    await centre.taken([("b", table(make_ecg(heart_rate_bpm=120), recorded_at=minutes_later(10)))])
    await centre.call("reader1", "PUT", f"{path}/report", {"findings": "同前", "impression": "窦性心动过速"}, **held)
    unseen = await centre.post(f"{path}/submit", "reader1", **held, **await centre.grant("reader1"))
    assert unseen.status_code in (409, 422), unseen.text
    await centre.get(f"{path}/waveform", "reader1")
    still = await centre.post(f"{path}/submit", "reader1", **held, **await centre.grant("reader1"))
    assert still.json()["code"] == unseen.json()["code"]
    assert len((await centre.get(f"{path}/recordings", "reader1")).json()["recordings"]) == 2
    sent = await centre.post(f"{path}/submit", "reader1", **held, **await centre.grant("reader1"))
    assert (sent.status_code, sent.json()["state"]) == (200, "in_review"), sent.text


async def test_only_clinics_send_and_only_with_a_token(centre: Centre) -> None:
    files = [("a.csv", table())]
    assert (await centre.send(files, who="nobody")).status_code == 401
    assert (await centre.send(files, who="reader1")).status_code == 403
    assert (await centre.written())[1:4] == (0, 0, 0)


async def test_no_name_of_a_patient_is_logged(centre: Centre, caplog: pytest.LogCaptureFixture) -> None:
    for logger in ("services", "shared"):
        caplog.set_level("DEBUG", logger=logger)
    await centre.send([("测试甲.txt", b"hello")])
    await centre.taken([("测试甲.csv", table())], order())
    logged = json.dumps([vars(record) for record in caplog.records], default=str, ensure_ascii=False)
    assert "upload accepted" in logged
    assert "upload refused" in logged
    assert not any(word in logged for word in ("测试", "P001"))

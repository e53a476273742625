"""What may kill in minutes hurries its case and calls the reading site before anybody has read it."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.ecg.settings import EcgSettings
from shared.db import Database
from tests.integration.ecg.centre import ORDER, Centre, open_centre
from tests.integration.reading.centre import Keys
from tests.support.ecg_carts import INFERIOR_ST_UV, minutes_later, table
from tests.support.ecg_signals import make_ecg

INFARCT = table(make_ecg(st_uv=INFERIOR_ST_UV, noise_uv=5))
TEXT = "疑似急性冠脉综合征：首次发现的急性心肌梗死图形"


async def criticals(centre: Centre, case_id: str, who: str) -> list[dict[str, Any]]:
    answer = await centre.get(f"/ecg/v1/cases/{case_id}/criticals", who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["criticals"]
    return found


async def events(centre: Centre, kind: str) -> list[dict[str, Any]]:
    rows = await centre.rows(f"SELECT payload FROM core.outbox WHERE subject LIKE 'ecg.{kind}.v1%' ORDER BY id")
    return [json.loads(payload)["data"] for (payload,) in rows]


async def test_a_suspected_infarct_makes_its_case_stat_at_once(centre: Centre) -> None:
    routine = await centre.new_case()
    case = await centre.taken([("a.csv", INFARCT)], {**ORDER, "priority": "routine"})
    (suspected,) = case["recordings"][0]["suspected"]
    assert (suspected["code"], suspected["rule_set"]) == ("acute_infarction", "national@2017")
    assert suspected["numbers"]["st_III_mv"] == pytest.approx(0.3, abs=0.05)
    assert "critical_suspected" in [each["code"] for each in case["warnings"]]
    ((priority, received_at, due_at),) = await centre.rows(
        f"SELECT priority, received_at, due_at FROM reading.case WHERE case_id = '{case['case_id']}'"
    )
    assert priority == "stat"
    assert due_at - received_at <= timedelta(minutes=11)
    assert datetime.fromisoformat(case["due_at"]) == due_at < datetime.fromisoformat(routine["due_at"])
    (found,) = await events(centre, "critical.found")
    assert (found["critical"]["case_id"], found["critical"]["code"]) == (case["case_id"], "acute_infarction")
    assert len(await events(centre, "case.reprioritized")) == 1


async def test_the_reading_site_sees_the_suspicion_and_the_clinic_only_what_was_verified(centre: Centre) -> None:
    case_id = (await centre.taken([("a.csv", INFARCT)]))["case_id"]
    await centre.queued(case_id)
    (found,) = await criticals(centre, case_id, "reader1")
    assert (found["state"], found["text"], found["rule_set"]) == ("found", TEXT, "national@2017")
    assert found["numbers"]["st_II_mv"] == pytest.approx(0.2, abs=0.05)
    assert await criticals(centre, case_id, "clinic1") == []
    path = f"/ecg/v1/criticals/{found['critical_id']}"
    assert (await centre.get(path, "clinic1")).status_code == 404
    verified = await centre.post(f"{path}/verify", "reader1")
    assert (verified.status_code, verified.json()["state"]) == (200, "notified"), verified.text
    assert (await centre.get(path, "clinic1")).json()["text"] == TEXT
    assert [(await centre.get(path, who)).status_code for who in ("clinic2", "reader3")] == [404, 404]


async def test_a_false_alarm_says_nothing_of_the_next_ecg(centre: Centre) -> None:
    case_id = (await centre.taken([("a.csv", INFARCT)]))["case_id"]
    await centre.queued(case_id)
    (found,) = await criticals(centre, case_id, "reader1")
    path = f"/ecg/v1/criticals/{found['critical_id']}"
    dismissed = await centre.post(f"{path}/false-alarm", "reader1", {"reason": "早期复极"})
    assert (dismissed.status_code, dismissed.json()["state"]) == (200, "false_alarm"), dismissed.text
    same = await centre.send([("a.csv", INFARCT)])
    assert same.status_code == 200
    assert [each["state"] for each in await criticals(centre, case_id, "reader1")] == ["false_alarm"]
    later = table(make_ecg(st_uv=INFERIOR_ST_UV, noise_uv=6), recorded_at=minutes_later(10))
    assert (await centre.taken([("b.csv", later)]))["recordings"][-1]["suspected"]
    assert sorted(each["state"] for each in await criticals(centre, case_id, "reader1")) == ["false_alarm", "found"]
    assert len(await events(centre, "critical.found")) == 2


async def test_a_late_ecg_can_hurry_a_case_that_is_being_read(centre: Centre) -> None:
    case_id = (await centre.taken())["case_id"]
    await centre.queued(case_id)
    await centre.claim(case_id)
    vt = table(make_ecg("vt", heart_rate_bpm=180), recorded_at=minutes_later(10))
    await centre.taken([("b.csv", vt)])
    (found,) = await criticals(centre, case_id, "reader1")
    assert (found["code"], found["state"]) == ("ventricular_tachycardia", "found")
    assert await centre.rows("SELECT priority, state FROM reading.case") == [("stat", "claimed")]


@pytest.mark.parametrize(("rule_set", "expected"), [("national@2017", ["bradycardia"]), ("shanxi@2017", [])])
async def test_the_county_chooses_its_list(
    ecg_db: Database, keys: Keys, tmp_path: Path, rule_set: str, expected: list[str]
) -> None:
    async with open_centre(ecg_db, keys, tmp_path, ecg_critical_rules=rule_set) as centre:
        case = await centre.taken([("a.csv", table(make_ecg(heart_rate_bpm=32, noise_uv=5)))])
        assert [each["code"] for each in case["recordings"][0]["suspected"]] == expected
        priority = "stat" if expected else "routine"
        assert await centre.rows("SELECT priority FROM reading.case") == [(priority,)]


def test_a_list_that_is_not_there_refuses_the_start_and_names_those_that_are(tmp_path: Path) -> None:
    given = {"database_url": "unused", "blobs": "file:///unused", "region_blobs": "file:///unused"}
    with pytest.raises(ValidationError, match=r"no list of critical ECGs 'county@1'; there are: national@2017, shanxi"):
        EcgSettings.model_validate({**given, "spool_dir": tmp_path, "ecg_critical_rules": "county@1"})

"""The patient's earlier ECGs: of one's own clinic always, another clinic's only while one holds the case."""

from typing import Any

from tests.integration.ecg.centre import Centre
from tests.support.ecg_carts import minutes_later, table
from tests.support.ecg_signals import make_ecg

NATIONAL_ID = "110101196001310014"
SAME = {"id": "P001", "name": "测试甲", "national_id": NATIONAL_ID}


def ecg(rate: int, minutes: int = 0) -> list[tuple[str, bytes]]:
    return [("a.csv", table(make_ecg(heart_rate_bpm=rate), recorded_at=minutes_later(minutes)))]


async def priors(centre: Centre, case: dict[str, Any], who: str) -> list[dict[str, Any]]:
    answer = await centre.get(f"/ecg/v1/cases/{case['case_id']}/prior-waveforms", who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["recordings"]
    return found


async def test_ones_own_earlier_ecgs_come_newest_first_with_their_samples(centre: Centre) -> None:
    old = await centre.new_case(ecg(60))
    newer = await centre.new_case(ecg(70, 10))
    case = await centre.new_case(ecg(80, 20))
    found = await priors(centre, case, "clinic1")
    assert [each["case_id"] for each in found] == [newer["case_id"], old["case_id"]]
    assert abs(found[0]["measurements"]["heart_rate_bpm"] - 70) <= 2
    samples = await centre.get(found[0]["link"])
    own = await centre.get(f"/ecg/v1/cases/{newer['case_id']}/waveform")
    assert (samples.status_code, samples.content) == (200, own.content)
    assert (await centre.get(f"/ecg/v1/cases/{case['case_id']}/prior-waveforms/rec_x")).status_code == 404


async def test_the_same_local_number_at_another_clinic_is_another_person(centre: Centre) -> None:
    await centre.new_case(ecg(60), who="clinic2")
    case = await centre.new_case(ecg(80, 20))
    await centre.queued(case["case_id"])
    await centre.claim(case["case_id"])
    assert await priors(centre, case, "reader1") == []


async def test_another_clinics_ecgs_are_shown_to_the_holder_while_he_holds_the_case(centre: Centre) -> None:
    elsewhere = await centre.new_case(ecg(60), who="clinic2", patient={**SAME, "id": "X9"})
    case = await centre.new_case(ecg(80, 20), patient=SAME)
    base = await centre.queued(case["case_id"])
    assert await priors(centre, case, "reader1") == []
    assert await priors(centre, case, "clinic1") == []
    held = await centre.claim(case["case_id"])
    (found,) = await priors(centre, case, "reader1")
    assert found["case_id"] == elsewhere["case_id"]
    assert (await centre.get(found["link"], "reader1")).status_code == 200
    assert await priors(centre, case, "reader2") == []
    assert (await centre.get(found["link"], "clinic1")).status_code == 404
    released = await centre.post(f"{base}/release", "reader1", **held)
    assert released.status_code == 200, released.text
    assert await priors(centre, case, "reader1") == []
    assert (await centre.get(found["link"], "reader1")).status_code == 404


async def test_of_somebody_unknown_nothing_is_earlier_and_he_is_nobodys_past(centre: Centre) -> None:
    unknown = {"id": "P001", "unknown": True}
    await centre.new_case(ecg(60), patient=unknown)
    case = await centre.new_case(ecg(80, 20))
    assert await priors(centre, case, "clinic1") == []
    another = await centre.new_case(ecg(90, 30), patient=unknown)
    assert await priors(centre, another, "clinic1") == []


async def test_a_look_at_the_past_is_audited_once_in_five_minutes(centre: Centre) -> None:
    old = await centre.new_case(ecg(60))
    case = await centre.new_case(ecg(80, 20))
    for _ in range(3):
        (found,) = await priors(centre, case, "clinic1")
        await centre.get(found["link"])
    audited = "SELECT account_id, record_id, detail FROM core.audit_entry WHERE action = 'priors.read'"
    assert await centre.rows(audited) == [("acc_clinic1", case["case_id"], {"cases": [old["case_id"]]})]

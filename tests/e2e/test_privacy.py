"""No patient's name, id or number in any log of any process, whatever way it came in."""

import json

import httpx
import pytest

from tests.support.films import FORM, order, small_film
from tests.support.journey import signed_report, wait_for_report
from tests.support.region import RunningRegion, wait_for

pytestmark = pytest.mark.xdist_group("region")

NAME = "测试密钥姓名"
PINYIN = "CeshiMiyao"
PATIENT_ID = "PLANTED-ID-7731"
NATIONAL_ID = "11010519491231002X"
PHONE = "13900007731"
TEXT = "种下的病史文字"
PLANTED = (NAME, PINYIN, PATIENT_ID, NATIONAL_ID, PHONE, TEXT)


def test_planted_patient_data_never_reach_a_log(region: RunningRegion) -> None:
    clinic = region.person("clinic1")
    planted = {
        "patient": {"id": PATIENT_ID, "name": NAME, "sex": "M", "birth_date": "1949-12-31", "national_id": NATIONAL_ID},
        "clinical_info": TEXT,
        "requester": {"name": NAME, "phone": PHONE},
    }
    film = small_film(PATIENT_ID, NAME, PatientComments=TEXT, OtherPatientIDs=NATIONAL_ID, InstitutionName=PINYIN)
    headers = {"Authorization": f"Bearer {clinic.token}"}

    _, report_id = signed_report(region, films=[film], **planted)
    wait_for_report(region.person("hospital1"), report_id)
    _send_broken_things(region, headers, film)
    _ask_with_names_in_the_address(region, headers)

    logs = region.logs()
    assert {"imaging.log", "imaging-worker.log", "gateway.log", "gateway-worker.log", "nats.log"} <= logs.keys()
    assert all(logs[name] for name in ("imaging.log", "gateway.log")), "nothing was logged at all"
    leaks = [f"{name}: {word}" for name, text in logs.items() for word in PLANTED if word in text]
    assert not leaks


def _send_broken_things(region: RunningRegion, headers: dict[str, str], film: bytes) -> None:
    """Each is refused; the refusal's own log line must not quote the file's name or its content."""
    names = f"{NAME}_{PATIENT_ID}.dcm"
    for content in (film[:-500], f"{NAME} {PATIENT_ID}".encode(), film[:200] + NAME.encode() + film[210:], b""):
        answer = region.http.post(
            "/imaging/v1/cases",
            headers=headers,
            data={"order": _json(order(PATIENT_ID, NAME))},
            files={"file": (names, content)},
        )
        assert 200 <= answer.status_code < 500
    for wrong in ({"patient": {"id": PATIENT_ID, "name": NAME, "birth_date": TEXT}}, {"patient": NAME}, NAME):
        answer = region.http.post(
            "/imaging/v1/cases", headers=headers, data={"order": _json(wrong)}, files={"file": (names, film)}
        )
        assert answer.status_code in {400, 422}
    assert region.http.put(
        "/imaging/v1/cases/case_x/report", headers=headers, json=FORM | {"findings": TEXT}
    ).status_code in {404, 409, 422, 403}


def _ask_with_names_in_the_address(region: RunningRegion, headers: dict[str, str]) -> None:
    for path in (
        f"/v1/worklist?q={NAME}",
        f"/v1/cases?q={PATIENT_ID}",
        f"/imaging/v1/cases/{PATIENT_ID}",
        f"/v1/{PHONE}",
        f"/v1/reports?patient={PATIENT_ID}&after={NAME}",
        f"/fhir/Patient?identifier={NATIONAL_ID}",
    ):
        assert region.http.get(path, headers=headers).status_code < 500
    reader = {"Authorization": f"Bearer {region.person('reader1').token}"}
    assert region.http.get(f"/v1/worklist?q={NAME}", headers=reader).status_code == 200
    assert (
        httpx.get(f"{region.url}/v1/me", headers={"Authorization": f"Bearer {NAME.encode().hex()}"}).status_code == 401
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def test_a_log_line_carries_the_correlation_id_of_its_case(region: RunningRegion) -> None:
    """One upload's id is found in the API's, the worker's and the gateway's logs."""
    clinic = region.person("clinic1")
    film, given = small_film("T-77"), "cor_e2eprivacytest01"
    answer = region.http.post(
        "/imaging/v1/cases",
        headers={"Authorization": f"Bearer {clinic.token}", "X-Correlation-Id": given},
        data={"order": _json(order("T-77"))},
        files={"file": ("a", film)},
    )
    assert answer.status_code == 202
    assert answer.headers["x-correlation-id"] == given
    for name in ("imaging.log", "imaging-worker.log", "gateway-worker.log"):
        wait_for(lambda name=name: given in region.logs()[name], 30, f"{name} does not know the upload's id")

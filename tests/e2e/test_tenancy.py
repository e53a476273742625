"""For every GET of the OpenAPI: the owner reads it, a stranger gets 404 on the same URL. Generated: none forgotten."""

from typing import Any

import httpx
import pytest

from deploy.cli.main import main
from deploy.demo.client import Person
from shared.ids import new_id
from tests.support.journey import sign, signed_ecg_report, signed_report, submit, upload_ecg, wait_for_report
from tests.support.lab_journey import Tube, control_lot, control_run, message_of, orphan_of, received_tube
from tests.support.region import RunningRegion, wait_for

pytestmark = pytest.mark.xdist_group("region")

# Public by intent: what anybody needs to check a signature.
OPEN_TO_ALL = {"/.well-known/jwks.json", "/v1/trust/roots.pem", "/v1/trust/certificates/{serial}"}
# Of the case's readers, not of its clinic, until the report is signed.
READERS_ONLY = {
    "/v1/cases/{case_id}/prior",
    *(
        f"/{center}/v1/cases/{{case_id}}/report{part}"
        for center in ("imaging", "ecg", "lab")
        for part in ("", "/versions", "/recovered")
    ),
}
# Only while one holds a case of the same patient.
HOLDERS_ONLY = {"/v1/cases/{case_id}/prior"}
# Only for administrators or auditors: strangers get 403.
ADMINISTRATION = ("/v1/admin/", "/imaging/v1/quarantine", "/ecg/v1/quarantine", "/lab/v1/quarantine")
# Of a laboratory's people, never of a clinic: the stranger is one of another hospital's laboratory.
LABORATORYS = {
    "/lab/v1/cases/{case_id}/results",
    "/lab/v1/messages/{message_id}",
    "/lab/v1/messages/{message_id}/raw",
    "/lab/v1/quality-control/lots/{lot_id}",
    "/lab/v1/quality-control/runs/{run_id}",
}
STUDY = "/dicomweb/studies/{study_uid}"
INSTANCE = f"{STUDY}/series/{{series_uid}}/instances/{{sop_instance_uid}}"
CHECKED = {
    "imaging": {
        "/imaging/v1/cases/{case_id}",
        "/imaging/v1/cases/{case_id}/order-suggestions",
        "/imaging/v1/studies/{study_uid}/manifest",
        "/imaging/v1/uploads/{upload_id}",
        STUDY,
        f"{INSTANCE}/frames/{{frame_list}}/rendered",
        f"{INSTANCE}/bulkdata/{{path}}",
    },
    "ecg": {"/ecg/v1/cases/{case_id}/waveform"},
    "lab": {"/lab/v1/specimens/{number}/label.pdf", "/lab/v1/cases/{case_id}/trend", *LABORATORYS},
    "gateway": {"/v1/reports/{report_id}"},
}
# What a GET needs to be asked at all.
QUERIES = {
    "/lab/v1/cases/{case_id}/trend": "?item=K",
    "/lab/v1/quality-control/levey-jennings": "?item=K&analyzer={analyzer}&lot={lot_id}",
}
# Lists whose own laboratory must see the mark in them: otherwise their silence would prove nothing.
LISTS_OF_MARKS = {
    "/lab/v1/analyzer-codes",
    "/lab/v1/senders",
    "/lab/v1/external-assessments",
    "/lab/v1/quality-control/lots",
    "/lab/v1/quality-control/blocks",
    "/lab/v1/quality-control/runs",
}
QIDO = ("/dicomweb/studies", "/dicomweb/series", "/dicomweb/instances")
PIXELS = "7FE00010"  # a film's one long value: its metadata name it as BulkDataURI
SERVICES = ("imaging", "ecg", "lab", "gateway")
OTHER_PASSWORD = "other-Gongzhen-1"


def _gets(region: RunningRegion, *services: str) -> list[tuple[str, str]]:
    """Service and path; of all where none is named."""
    found = []
    for service in services or SERVICES:
        document = httpx.get(f"http://127.0.0.1:{region.ports()[service]}/{service}/openapi.json", trust_env=False)
        found += [(service, path) for path, item in document.json()["paths"].items() if "get" in item]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_get_serves_its_owner_and_hides_from_strangers(region: RunningRegion, service: str) -> None:
    region.forget_people()
    known = _Known({"ecg": _ecg_records, "lab": lab_records}.get(service, _imaging_records)(region))
    people = {"owner": region.person("clinic1"), "stranger": region.person("clinic2")}
    laboratory = {"owner": region.person("lab1"), "stranger": other_laboratory(region)}
    checked = set()
    for _, template in _gets(region, service):
        if template in OPEN_TO_ALL or template.startswith(ADMINISTRATION) or "{" not in template:
            continue
        path = template.replace("{recording_id}", "{prior_id}") if "prior" in template else template
        path = (path + QUERIES.get(template, "")).format_map(known)
        is_laboratorys = template in LABORATORYS
        asked = laboratory if is_laboratorys else people
        mine = _get(region.person("reader1") if template in READERS_ONLY else asked["owner"], path)
        theirs = _get(asked["stranger"], path)
        if template not in HOLDERS_ONLY:
            assert mine.status_code == 200, f"{template}: owner got {mine.status_code} {mine.text[:200]}"
        assert theirs.status_code == 404, f"{template}: stranger got {theirs.status_code}"
        if service == "lab":
            assert _get(laboratory["stranger"], path).status_code == 404, f"{template}: another laboratory"
            assert _get(people["stranger"], path).status_code in (403, 404), f"{template}: another clinic"
        checked.add(template)
    assert CHECKED[service] <= checked


def test_a_laboratorys_lists_hold_nothing_of_anothers(region: RunningRegion) -> None:
    lab = lab_records(region)
    elsewhere, technologist = other_laboratory(region), region.person("lab1")
    for _, template in _gets(region):
        if not template.startswith("/lab/v1/") or "{" in template or template.startswith(ADMINISTRATION):
            continue
        path = template + QUERIES.get(template, "").format_map(lab)
        if template in LISTS_OF_MARKS:
            assert lab["mark"] in _get(technologist, path).text, f"{template} lacks what is its own"
        assert lab["mark"] not in _get(elsewhere, path).text, f"{template} shows another laboratory's"
        assert lab["mark"] not in _get(region.person("clinic2"), path).text, f"{template} shows another clinic's"
    chart = "/lab/v1/quality-control/levey-jennings" + QUERIES["/lab/v1/quality-control/levey-jennings"]
    assert _get(technologist, chart.format_map(lab)).status_code == 200
    assert _get(elsewhere, chart.format_map(lab)).status_code == 404


def test_a_search_for_films_finds_nothing_of_anothers(region: RunningRegion) -> None:
    study_uid = _imaging_records(region)["study_uid"]
    for template in QIDO:
        path = f"{template}?StudyInstanceUID={study_uid}"
        (found,) = _get(region.person("clinic1"), path).json()
        assert found["0020000D"]["Value"] == [study_uid], template
        theirs = _get(region.person("clinic2"), path)
        assert (theirs.status_code, theirs.json()) == (200, []), template


def other_laboratory(region: RunningRegion) -> Person:
    """A technologist of hospital B, which has a laboratory of its own."""
    username = f"lab-b-{new_id('t')[-8:]}"
    body = {"username": username, "name": "测试检验师", "org_id": "org_demo_b", "roles": ["technologist"]}
    more = {"password": OTHER_PASSWORD, "centers": ["lab"]}
    region.person("admin1").call("POST", "/v1/admin/users", 201, json={**body, **more})
    return Person.sign_in(region.http, username, OTHER_PASSWORD)


def lab_records(region: RunningRegion) -> dict[str, str]:
    """A signed case with a critical result; an orphan, a code nobody knows, a control run, an assessment, a sender and
    a mapped code whose names hold ``mark``."""
    owner, technologist, hospital = region.person("clinic1"), region.person("lab1"), region.person("hospital1")
    mark = f"T{new_id('m')[-7:]}".upper()
    tube = received_tube(owner, technologist, f"P-{mark}")
    hospital.send_hl7("/lab/v1/messages", message_of(tube))
    path = f"/lab/v1/cases/{tube.case_id}"
    submit(technologist, tube.case_id, center="lab")
    sign(region.person("lab2"), tube.case_id, "lab")
    critical = region.person("reader1").call("POST", f"{path}/critical", json={"code": "X", "text": "血钾危急"})
    nobody = Tube("", "", f"{mark}", "")
    hospital.send_hl7("/lab/v1/messages", message_of(nobody))
    unread = received_tube(owner, technologist, f"P-{mark}")
    hospital.send_hl7("/lab/v1/messages", message_of(unread, [(f"U-{mark}", "1")]))
    lot = control_lot(technologist, f"LOT-{mark}")
    run_id = control_run(technologist, lot, "9.9")
    code = {"analyzer": "A", "code": f"C-{mark}", "item": "K"}
    technologist.call("POST", "/lab/v1/analyzer-codes", json=code)
    sender = {"address": "192.0.2.7", "charset": "utf-8", "note": mark}
    technologist.call("PUT", "/lab/v1/senders", json=sender)
    round_ = {"scheme": "测试", "round": mark, "item": "NA", "verdict": "passed"}
    span = {"valid_from": "2020-01-01T00:00:00+08:00", "valid_to": "2020-12-31T00:00:00+08:00"}
    technologist.call("POST", "/lab/v1/external-assessments", 201, json={**round_, **span})
    return {
        "mark": mark,
        "case_id": tube.case_id,
        "number": tube.number,
        "order_id": tube.order_id,
        "critical_id": critical["critical_id"],
        "message_id": orphan_of(technologist, nobody.number)["message_id"],
        "lot_id": lot["lot_id"],
        "analyzer": lot["analyzer"],
        "run_id": run_id,
    }


def _imaging_records(region: RunningRegion) -> dict[str, str]:
    case, report_id = signed_report(region, "clinic1")
    owner, reader = region.person("clinic1"), region.person("reader1")
    wait_for_report(owner, report_id)
    instances = owner.call("GET", f"/imaging/v1/cases/{case.case_id}/instances")
    (film,) = instances["instances"]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    begun = owner.http.post("/imaging/v1/uploads", headers={"Authorization": f"Bearer {owner.token}", **headers})
    assert begun.status_code == 201, begun.text
    critical = reader.call("POST", f"/imaging/v1/cases/{case.case_id}/critical", json={"code": "X", "text": "气胸"})
    critical_id = critical["critical_id"]
    wait_for(lambda: _get(owner, f"/v1/criticals/{critical_id}").status_code == 200, 30, "the critical never came")
    return {
        "critical_id": critical_id,
        "case_id": case.case_id,
        "report_id": report_id,
        "study_uid": film["study_uid"],
        "series_uid": film["series_uid"],
        "sop_instance_uid": film["sop_instance_uid"],
        "frame_list": "1",
        "path": PIXELS,
        "upload_id": begun.headers["location"].rsplit("/", 1)[1],
        "prior_id": "",
    }


def _ecg_records(region: RunningRegion) -> dict[str, str]:
    """A signed case with a critical result, and an earlier recording of the same patient."""
    owner, reader = region.person("clinic1"), region.person("reader1")
    upload_ecg(owner)
    case, _ = signed_ecg_report(region, "clinic1")
    path = f"/ecg/v1/cases/{case.case_id}"
    critical = reader.call("POST", f"{path}/critical", json={"code": "X", "text": "三度房室阻滞"})
    return {
        "critical_id": critical["critical_id"],
        "case_id": case.case_id,
        "recording_id": owner.call("GET", f"{path}/recordings")["recordings"][0]["recording_id"],
        "number": "1",
        "prior_id": owner.call("GET", f"{path}/prior-waveforms")["recordings"][0]["recording_id"],
    }


def test_administration_is_for_administrators(region: RunningRegion) -> None:
    for _, template in _gets(region):
        if template.startswith(ADMINISTRATION) and "{" not in template:
            assert _get(region.person("clinic1"), template).status_code == 403, template
            assert _get(region.person("admin1"), template).status_code == 200, template


def test_refused_files_are_listed_among_the_administration(
    region: RunningRegion, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic = region.person("clinic1")
    headers = {"Authorization": f"Bearer {clinic.token}"}
    refused = region.http.post(
        "/imaging/v1/cases", headers=headers, data={"order": "{}"}, files={"file": ("a.dcm", b"no film")}
    )
    assert 400 <= refused.status_code < 500
    assert _get(clinic, "/v1/admin/quarantine").status_code == 403
    files = _get(region.person("admin1"), "/v1/admin/quarantine").json()["files"]
    assert "not_dicom" in {file["code"] for file in files}
    monkeypatch.setenv("GONGZHEN_TOKEN", region.person("admin1").token)
    assert main(["admin", "--url", region.url, "quarantine", "list"]) == 0
    assert files[0]["quarantine_id"] in capsys.readouterr().out


def test_every_get_about_somebody_needs_a_token(region: RunningRegion) -> None:
    for _, template in _gets(region):
        if template not in OPEN_TO_ALL:
            assert region.http.get(template.replace("{", "").replace("}", "")).status_code == 401, template


class _Known(dict[str, str]):
    """A parameter that the test does not know marks the path as one to look at."""

    def __missing__(self, key: str) -> str:
        raise AssertionError(f"teach this test a value for {{{key}}}")


def _get(person: Any, path: str) -> httpx.Response:
    answer: httpx.Response = person.http.get(path, headers={"Authorization": f"Bearer {person.token}"})
    return answer

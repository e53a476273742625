"""For every GET of the OpenAPI: the owner reads it, a stranger gets 404 on the same URL. Generated: none forgotten."""

from typing import Any

import httpx
import pytest

from deploy.cli.main import main
from tests.support.journey import signed_ecg_report, signed_report, upload_ecg, wait_for_report
from tests.support.region import RunningRegion, wait_for

pytestmark = pytest.mark.xdist_group("region")

# Public by intent: what anybody needs to check a signature.
OPEN_TO_ALL = {"/.well-known/jwks.json", "/v1/trust/roots.pem", "/v1/trust/certificates/{serial}"}
# Of the case's readers, not of its clinic, until the report is signed.
READERS_ONLY = {
    "/v1/cases/{case_id}/prior",
    *(
        f"/{center}/v1/cases/{{case_id}}/report{part}"
        for center in ("imaging", "ecg")
        for part in ("", "/versions", "/recovered")
    ),
}
# Only while one holds a case of the same patient.
HOLDERS_ONLY = {"/v1/cases/{case_id}/prior"}
# Only for administrators or auditors: strangers get 403.
ADMINISTRATION = ("/v1/admin/", "/imaging/v1/quarantine", "/ecg/v1/quarantine", "/lab/v1/quarantine")


def _gets(region: RunningRegion) -> list[tuple[str, str]]:
    found = []
    for service in ("imaging", "ecg", "lab", "gateway"):
        document = httpx.get(f"http://127.0.0.1:{region.ports()[service]}/{service}/openapi.json", trust_env=False)
        found += [(service, path) for path, item in document.json()["paths"].items() if "get" in item]
    return found


def test_every_get_serves_its_owner_and_hides_from_strangers(region: RunningRegion) -> None:
    imaging, ecg = _imaging_records(region), _ecg_records(region)
    owner, stranger = region.person("clinic1"), region.person("clinic2")
    checked = []
    for service, template in _gets(region):
        if template in OPEN_TO_ALL or template.startswith(ADMINISTRATION) or "{" not in template:
            continue
        known = ecg if service == "ecg" else imaging
        path = template.replace("{recording_id}", known["prior_id"]) if "prior" in template else template
        path = path.format_map(_Known(known))
        asker = region.person("reader1") if template in READERS_ONLY else owner
        mine = _get(asker, path)
        theirs = _get(stranger, path)
        if template not in HOLDERS_ONLY:
            assert mine.status_code == 200, f"{template}: owner got {mine.status_code} {mine.text[:200]}"
        assert theirs.status_code == 404, f"{template}: stranger got {theirs.status_code}"
        checked.append(template)
    assert {"/imaging/v1/cases/{case_id}", "/v1/reports/{report_id}", "/ecg/v1/cases/{case_id}/waveform"} <= set(
        checked
    )


def _imaging_records(region: RunningRegion) -> dict[str, str]:
    case, report_id = signed_report(region, "clinic1")
    owner, reader = region.person("clinic1"), region.person("reader1")
    wait_for_report(owner, report_id)
    instances = owner.call("GET", f"/imaging/v1/cases/{case.case_id}/instances")
    critical = reader.call("POST", f"/imaging/v1/cases/{case.case_id}/critical", json={"code": "X", "text": "气胸"})
    critical_id = critical["critical_id"]
    wait_for(lambda: _get(owner, f"/v1/criticals/{critical_id}").status_code == 200, 30, "the critical never came")
    return {
        "critical_id": critical_id,
        "case_id": case.case_id,
        "report_id": report_id,
        "sop": _first_uid(instances),
        "sop_instance_uid": _first_uid(instances),
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


def _first_uid(answer: Any) -> str:
    items = answer["instances"] if isinstance(answer, dict) else answer
    return str(items[0]["sop_instance_uid"])


def _get(person: Any, path: str) -> httpx.Response:
    answer: httpx.Response = person.http.get(path, headers={"Authorization": f"Bearer {person.token}"})
    return answer

"""危急值 through a whole region: found, with the clinic at once, read back; the patient's copy waits until then."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from deploy.demo.client import Person
from tests.support.films import FORM
from tests.support.journey import claim, sign, upload, wait_for_report
from tests.support.region import PIN, RunningRegion, wait_for

pytestmark = pytest.mark.xdist_group("region")

FINDING = {"code": "TENSION_PNEUMOTHORAX", "text": "左侧张力性气胸，纵隔右移"}
QUICK = {"remind_s": 1, "acknowledge_s": 2, "escalate_s": 3, "repeat_s": 600, "act_s": 600}


class Heard:
    """The critical events of one person's stream, as they come."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.is_open = threading.Event()

    def steps(self, critical_id: str) -> set[str]:
        """Steps of one moment may come in any order."""
        return {str(each["step"]) for each in self.events if each["critical_id"] == critical_id}

    def take(self, lines: Iterator[str], done: threading.Event) -> None:
        for line in lines:
            self.is_open.set()
            if line.startswith("data: ") and "critical_id" in line:
                self.events.append(json.loads(line.removeprefix("data: ")))
            if done.is_set():
                return


@contextmanager
def listening(region: RunningRegion, person: Person, path: str) -> Iterator[Heard]:
    heard, done = Heard(), threading.Event()
    headers = {"Authorization": f"Bearer {person.token}"}
    client = httpx.Client(base_url=region.url, headers=headers, timeout=30, trust_env=False)
    with client, client.stream("GET", path) as stream:
        assert stream.status_code == 200

        def listen() -> None:
            try:
                heard.take(stream.iter_lines(), done)
            except (httpx.HTTPError, httpx.StreamError):
                assert done.is_set(), "the stream broke"

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            assert heard.is_open.wait(20)
            yield heard
        finally:
            done.set()
            stream.close()
            thread.join(20)


def status(person: Person, path: str) -> httpx.Response:
    answer: httpx.Response = person.http.get(path, headers={"Authorization": f"Bearer {person.token}"})
    return answer


def total(person: Person) -> dict[str, Any]:
    counted: dict[str, Any] = person.call("GET", "/v1/criticals/indicators")["total"]
    return counted


def test_a_finding_from_the_reader_to_the_clinic_and_back(region: RunningRegion) -> None:
    clinic, reader, reviewer = region.person("clinic1"), region.person("reader1"), region.person("reviewer1")
    before = total(clinic)
    case_id = upload(clinic).case_id
    held = claim(reader, case_id)
    path = f"/imaging/v1/cases/{case_id}"
    with (
        listening(region, clinic, "/v1/criticals/events") as clinics,
        listening(region, reader, "/v1/worklist/events") as readers,
    ):
        opened = reader.call("POST", f"{path}/critical", json=FINDING, headers=held)
        critical_id = opened["critical_id"]
        assert (opened["state"], opened["critical_version"]) == ("notified", 2)
        for heard in (clinics, readers):
            wait_for(lambda heard=heard: heard.steps(critical_id) == {"open", "notify"}, 20, "nobody was told")
        own = f"/imaging/v1/criticals/{critical_id}"
        assert critical_id in [item["critical_id"] for item in clinic.call("GET", "/v1/criticals?open=true")["items"]]
        assert status(region.person("clinic2"), f"/v1/criticals/{critical_id}").status_code == 404
        assert status(region.person("clinic2"), own).status_code == 404

        reader.call("PUT", f"{path}/report", json={**FORM, "impression": FINDING["text"]}, headers=held)
        reader.call("POST", f"{path}/submit", headers={**held, **reader.unlock("imaging", PIN)})
        report_id = sign(reviewer, case_id)
        report = wait_for_report(clinic, report_id)
        assert report["critical"] == [FINDING]
        assert report["patient_copy"] == {"released": False, "held_by": [critical_id]}
        pdf = f"/v1/reports/{report_id}.pdf"
        refused = status(clinic, f"{pdf}?copy=patient")
        assert (refused.status_code, refused.json()["code"]) == (409, "critical_unacknowledged")
        assert status(clinic, pdf).status_code == 200

        wrong = clinic.call("POST", f"{own}/acknowledge", 409, json={"read_back": "右侧张力性气胸"})
        assert (wrong["code"], wrong["misreads"]) == ("read_back_wrong", 1)
        right = clinic.call("POST", f"{own}/acknowledge", json={"read_back": "左侧张力性气胸"})
        assert right["state"] == "acknowledged"
        assert clinic.call("POST", f"{own}/acknowledge", json={"read_back": "左侧张力性气胸"}) == {
            **right,
            "seconds_left": None,
        }
        clinic.call("POST", f"{own}/act", json={"text": "胸腔穿刺减压，转县医院"})
        assert reader.call("POST", f"{own}/close")["state"] == "closed"
        whole = ["open", "notify", "misread", "acknowledge", "act", "close"]
        wait_for(lambda: clinics.steps(critical_id) == set(whole), 20, "the clinic was not told of all steps")
    assert [step["action"] for step in clinic.call("GET", f"/v1/criticals/{critical_id}")["timeline"]] == whole
    assert clinic.call("GET", f"/v1/reports/{report_id}")["patient_copy"] == {"released": True, "held_by": []}
    assert status(clinic, f"{pdf}?copy=patient").content.startswith(b"%PDF")
    after = total(clinic)
    for name, more in (("found", 1), ("notified_in_time", 1), ("acknowledged_on_time", 1), ("acted_on_time", 1)):
        assert after[name] == before[name] + more, name
    assert after["read_back_failures"] == before["read_back_failures"] + 1
    assert after["open"] == before["open"]


def test_silence_calls_the_clinics_contact_and_then_the_reading_sites(region: RunningRegion) -> None:
    admin, clinic, reader = region.person("admin1"), region.person("clinic1"), region.person("reader1")
    site = reader.call("GET", "/v1/me")["organization"]["org_id"]
    policies = admin.call("GET", "/v1/admin/policies")["items"]
    (usual,) = [each for each in policies if (each["reading_site_id"], each["center"]) == (site, "imaging")]
    body = {name: value for name, value in usual.items() if name not in ("reading_site_id", "center")}
    admin.call("PUT", f"/v1/admin/policies/{site}/imaging", json={**body, "critical": QUICK})
    try:
        held = claim(reader, case_id := upload(clinic).case_id)

        def quick() -> dict[str, Any] | None:
            """A result under the new policy, which reaches the centre by the directory."""
            found: dict[str, Any] = reader.call(
                "POST", f"/imaging/v1/cases/{case_id}/critical", json=FINDING, headers=held
            )
            if 0 <= found["seconds_left"] <= 2:
                return found
            reader.call("POST", f"/imaging/v1/criticals/{found['critical_id']}/false-alarm", json={"reason": "试验"})
            return None

        critical_id = wait_for(quick, 30, "the policy never came")["critical_id"]

        def escalated() -> dict[str, Any] | None:
            answer = status(clinic, f"/v1/criticals/{critical_id}")
            shown: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
            return shown if shown is not None and shown["escalations"] >= 2 else None

        shown = wait_for(escalated, 30, "nobody was called")
        calls = [step["contact"]["org_id"] for step in shown["timeline"] if step["action"] == "escalate"]
        assert calls == [clinic.call("GET", "/v1/me")["organization"]["org_id"], site]
        assert (shown["state"], shown["reminders"], shown["late"]) == ("notified", 1, True)
    finally:
        admin.call("PUT", f"/v1/admin/policies/{site}/imaging", json=body)
    reader.call("POST", f"/imaging/v1/criticals/{critical_id}/false-alarm", json={"reason": "试验"})
    reader.call("POST", f"/imaging/v1/cases/{case_id}/release", headers=held)

"""Blood through a whole region: from the order to a sheet that verifies; a critical potassium to its clinic at once."""

from typing import Any

import pytest

from deploy.demo.client import Person
from tests.e2e.test_criticals import listening, status
from tests.support.journey import sign, submit, wait_for_report
from tests.support.lab_journey import Analyzer, message_of, place_order, received_tube
from tests.support.region import RunningRegion, wait_for

pytestmark = pytest.mark.xdist_group("region")

VALUES = [("K", "4.31"), ("NA", "141"), ("CL", "104")]
ITEMS = [item for item, _ in VALUES]


def state_of(person: Person, case_id: str) -> str:
    return str(person.call("GET", f"/lab/v1/cases/{case_id}")["state"])


def wait_until_measured(technologist: Person, case_id: str) -> str:
    wait_for(lambda: state_of(technologist, case_id) in ("resulted", "held"), 60, f"{case_id} has no results")
    return state_of(technologist, case_id)


def criticals_of(person: Person, case_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.call("GET", f"/lab/v1/cases/{case_id}/criticals")["criticals"]
    return found


def fed_reports(hospital: Person) -> set[str]:
    """Of the whole feed, page by page, as an integration layer follows it."""
    found: set[str] = set()
    cursor = ""
    while True:
        page = hospital.call("GET", "/v1/reports", params={"after": cursor})
        if not page["reports"]:
            return found
        found |= {item["report_id"] for item in page["reports"]}
        cursor = page["next_cursor"]


def test_blood_from_the_order_to_a_sheet_that_verifies(region: RunningRegion) -> None:
    region.forget_people()
    clinic, author, verifier = region.person("clinic1"), region.person("lab1"), region.person("lab2")
    tube = place_order(clinic, "E2E-LAB-1", items=ITEMS)
    assert clinic.fetch(f"/lab/v1/specimens/{tube.number}/label.pdf").startswith(b"%PDF")
    assert clinic.fetch(f"/lab/v1/orders/{tube.order_id}/labels.pdf").startswith(b"%PDF")
    clinic.call("POST", f"/lab/v1/specimens/{tube.number}/collected")
    clinic.call("POST", f"/lab/v1/specimens/{tube.number}/packed", json={"box": "箱1", "temperature_c": 4.0})
    author.call("POST", f"/lab/v1/specimens/{tube.number}/received")
    with Analyzer(region.ports()["mllp"]) as analyzer:
        assert analyzer.send(message_of(tube, VALUES)) == "AA"
    wait_until_measured(author, tube.case_id)
    shown = author.call("GET", f"/lab/v1/cases/{tube.case_id}/results")
    assert {(each["item"], each["value"]) for each in shown["results"]} == set(VALUES)
    steps = clinic.call("GET", f"/lab/v1/specimens/{tube.number}")["steps"]
    assert [step["step"] for step in steps] == ["collected", "packed", "received", "resulted"]

    submit(author, tube.case_id, center="lab")
    report_id = sign(verifier, tube.case_id, "lab")
    report = wait_for_report(clinic, report_id)
    assert {(each["item"], each["value"]) for each in report["items"]} == set(VALUES)
    assert report_id in fed_reports(region.person("hospital1"))
    pdf = clinic.fetch(f"/v1/reports/{report_id}.pdf")
    verified = region.http.post("/v1/reports/verify", files={"file": ("a.pdf", pdf, "application/pdf")}).json()
    assert (verified["valid"], verified["report_id"]) == (True, report_id), verified
    changed = pdf.replace(b"/Type", b"/Tipe", 1)
    assert not region.http.post("/v1/reports/verify", files={"file": ("a.pdf", changed)}).json()["valid"]


def test_the_author_does_not_release_what_he_wrote(region: RunningRegion) -> None:
    clinic, author = region.person("clinic1"), region.person("lab1")
    tube = received_tube(clinic, author, "E2E-LAB-2")
    region.person("hospital1").send_hl7("/lab/v1/messages", message_of(tube))
    submit(author, tube.case_id, center="lab")
    path = f"/lab/v1/cases/{tube.case_id}"
    refused = author.http.post(f"{path}/review-claim", headers={"Authorization": f"Bearer {author.token}"})
    assert refused.status_code in (403, 409), refused.text
    sign(region.person("lab2"), tube.case_id, "lab")


def test_the_same_message_again_is_acknowledged_again_and_stored_once(region: RunningRegion) -> None:
    clinic, technologist = region.person("clinic1"), region.person("lab1")
    tube = received_tube(clinic, technologist, "E2E-LAB-3")
    message = message_of(tube)
    port = region.ports()["mllp"]
    with Analyzer(port) as analyzer:
        assert [analyzer.send(message), analyzer.send(message)] == ["AA", "AA"]
    with Analyzer(port) as another:
        assert another.send(message) == "AA"
        assert another.send(message_of(tube, [("K", "4.2")], control_id=_control_id(message))) == "AE"
    wait_until_measured(technologist, tube.case_id)
    shown = technologist.call("GET", f"/lab/v1/cases/{tube.case_id}/results")
    assert {(each["item"], each["value"], each["run"]) for each in shown["results"]} == {
        ("K", "4.1", 1), ("NA", "140", 1),
    }  # fmt: skip
    assert shown["earlier"] == []


def _control_id(message: bytes) -> str:
    return message.decode().split("|")[9]


def test_a_critical_potassium_reaches_its_clinic_before_the_report_is_written(region: RunningRegion) -> None:
    clinic, technologist = region.person("clinic1"), region.person("lab1")
    tube = received_tube(clinic, technologist, "E2E-LAB-4")
    with listening(region, clinic, "/v1/criticals/events") as heard, Analyzer(region.ports()["mllp"]) as analyzer:
        assert analyzer.send(message_of(tube, [("K", "6.8"), ("NA", "139")])) == "AA"
        found = wait_for(lambda: criticals_of(technologist, tube.case_id), 30, "the loop did not open")
        (critical,) = found
        assert (critical["state"], critical["value"], critical["unit"]) == ("found", "6.8", "mmol/L")
        own = f"/lab/v1/criticals/{critical['critical_id']}"
        assert state_of(technologist, tube.case_id) == "held"
        assert criticals_of(clinic, tube.case_id) == []  # nobody has looked at it
        verified = technologist.call("POST", f"{own}/verify")
        assert verified["state"] == "notified"
        wait_for(lambda: "notify" in heard.steps(critical["critical_id"]), 20, "the clinic was not told")
        assert status(region.person("clinic2"), own).status_code == 404

        wrong = clinic.call("POST", f"{own}/acknowledge", 409, json={"read_back": "8.6"})
        assert (wrong["code"], wrong["misreads"]) == ("read_back_wrong", 1)
        assert clinic.call("POST", f"{own}/acknowledge", json={"read_back": "6.8"})["state"] == "acknowledged"
        clinic.call("POST", f"{own}/act", json={"text": "静推葡萄糖酸钙，转县医院"})
        assert technologist.call("POST", f"{own}/close")["state"] == "closed"
        whole = {"notify", "misread", "acknowledge", "act", "close"}
        wait_for(lambda: whole <= heard.steps(critical["critical_id"]), 20, "the clinic was not told of all steps")
    assert state_of(technologist, tube.case_id) == "held"  # the report is still to be written

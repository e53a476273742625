"""A case's way through a running region, in the steps of the people who work with it."""

from dataclasses import dataclass
from typing import Any

from deploy.demo.client import Person
from tests.support.films import FORM, order, small_film
from tests.support.region import PIN, RunningRegion, wait_for


@dataclass(frozen=True, slots=True)
class Case:
    case_id: str
    accession_number: str


def upload(clinic: Person, films: list[bytes] | None = None, **more: object) -> Case:
    received = clinic.upload(
        "imaging", order(**more), [(f"IM{n}", film) for n, film in enumerate(films or [small_film()])]
    )
    return Case(received["case_id"], received["accession_number"])


def claim(reader: Person, case_id: str, kind: str = "claim") -> dict[str, str]:
    """Claims as soon as the case stands in the queue; the header that the holder shows."""
    path = f"/imaging/v1/cases/{case_id}"
    wanted = "queued" if kind == "claim" else "in_review"
    wait_for(lambda: reader.call("GET", path, 200, 404).get("state") == wanted, 60, f"{case_id} was not {wanted}")
    claimed = reader.call("POST", f"{path}/{kind}", 200)
    return {"Claim-Token": claimed["claim_token"]}


def submit(reader: Person, case_id: str, form: dict[str, Any] | None = None) -> Any:
    held = claim(reader, case_id)
    path = f"/imaging/v1/cases/{case_id}"
    reader.call("PUT", f"{path}/report", json=form or FORM, headers=held)
    return reader.call("POST", f"{path}/submit", headers={**held, **reader.unlock("imaging", PIN)})


def sign(reviewer: Person, case_id: str) -> str:
    """The report's id."""
    held = claim(reviewer, case_id, "review-claim")
    signed = reviewer.call(
        "POST", f"/imaging/v1/cases/{case_id}/sign", headers={**held, **reviewer.unlock("imaging", PIN)}
    )
    return str(signed["report_id"])


def signed_report(region: RunningRegion, clinic: str = "clinic1", **more: object) -> tuple[Case, str]:
    case = upload(region.person(clinic), **more)  # type: ignore[arg-type]
    submit(region.person("reader1"), case.case_id)
    return case, sign(region.person("reviewer1"), case.case_id)


def wait_for_report(person: Person, report_id: str) -> Any:
    """The report as the gateway serves it, once it has fetched and verified it."""

    def served() -> Any:
        answer = person.http.get(f"/v1/reports/{report_id}", headers={"Authorization": f"Bearer {person.token}"})
        return answer.json() if answer.status_code == 200 else None

    return wait_for(served, 60, f"{report_id} never came to the gateway")


def listed(reader: Person, **filters: str) -> list[str]:
    """The ids of every case on the reader's worklist of the imaging centre, all pages."""
    found: list[str] = []
    query: dict[str, str | int] = {"center": "imaging", "limit": 200, **filters}
    while True:
        page = reader.call("GET", "/v1/worklist", params=query)
        found += [item["case_id"] for item in page["items"]]
        if not page["next_cursor"]:
            return found
        query["cursor"] = page["next_cursor"]

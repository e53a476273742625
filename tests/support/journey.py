"""A case's way through a running region, in the steps of the people who work with it."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from deploy.demo.client import Person
from tests.support import ecg_carts, lab_journey
from tests.support.ecg_signals import make_ecg
from tests.support.films import FORM, order, small_film
from tests.support.region import PIN, RunningRegion, wait_for

_SEEDS = count(1)
FORMS = {"imaging": FORM, "ecg": ecg_carts.FORM, "lab": lab_journey.FORM}
_WAITS_IN = {
    ("imaging", "claim"): {"queued"}, ("imaging", "review-claim"): {"in_review"},
    ("ecg", "claim"): {"queued"}, ("ecg", "review-claim"): {"in_review"},
    ("lab", "claim"): {"resulted", "held"}, ("lab", "review-claim"): {"verified"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    case_id: str
    accession_number: str


def upload(clinic: Person, films: list[bytes] | None = None, **more: object) -> Case:
    received = clinic.upload(
        "imaging", order(**more), [(f"IM{n}", film) for n, film in enumerate(films or [small_film()])]
    )
    return Case(received["case_id"], received["accession_number"])


def claim(reader: Person, case_id: str, kind: str = "claim", center: str = "imaging") -> dict[str, str]:
    """Claims as soon as the case waits for it; the header that the holder shows."""
    path = f"/{center}/v1/cases/{case_id}"
    wanted = _WAITS_IN[center, kind]
    wait_for(lambda: reader.call("GET", path, 200, 404).get("state") in wanted, 60, f"{case_id} was not {wanted}")
    claimed = reader.call("POST", f"{path}/{kind}", 200)
    return {"Claim-Token": claimed["claim_token"]}


def submit(reader: Person, case_id: str, form: dict[str, Any] | None = None, center: str = "imaging") -> Any:
    held = claim(reader, case_id, center=center)
    path = f"/{center}/v1/cases/{case_id}"
    if center == "lab":
        reader.call("GET", f"{path}/results")  # nobody signs what he has not been shown
    reader.call("PUT", f"{path}/report", json=form or FORMS[center], headers=held)
    return reader.call("POST", f"{path}/submit", headers={**held, **reader.unlock(center, PIN)})


def sign(reviewer: Person, case_id: str, center: str = "imaging") -> str:
    """The report's id."""
    held = claim(reviewer, case_id, "review-claim", center)
    signed = reviewer.call(
        "POST", f"/{center}/v1/cases/{case_id}/sign", headers={**held, **reviewer.unlock(center, PIN)}
    )
    return str(signed["report_id"])


def upload_ecg(clinic: Person, files: ecg_carts.Files | None = None, **more: object) -> Case:
    """By default an ECG that nobody has sent before: without an accession number, the same bytes are the same case."""
    new = [("ecg.csv", ecg_carts.table(make_ecg(noise_uv=5, seed=next(_SEEDS))))]
    received = clinic.upload("ecg", ecg_carts.order(**more), files or new)  # type: ignore[arg-type]
    return Case(received["case_id"], received["accession_number"])


def signed_ecg_report(region: RunningRegion, clinic: str = "clinic1", **form: object) -> tuple[Case, str]:
    case = upload_ecg(region.person(clinic))
    submit(region.person("reader1"), case.case_id, {**ecg_carts.FORM, **form}, "ecg")
    return case, sign(region.person("reviewer1"), case.case_id, "ecg")


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
    """The ids of every case on the reader's worklist, all pages; of the imaging centre where nothing else is said."""
    found: list[str] = []
    query: dict[str, str | int] = {"center": "imaging", "limit": 200, **filters}
    while True:
        page = reader.call("GET", "/v1/worklist", params=query)
        found += [item["case_id"] for item in page["items"]]
        if not page["next_cursor"]:
            return found
        query["cursor"] = page["next_cursor"]

"""One case from the clinic's upload to a verified report; each centre's story differs only in what goes in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.client import DemoFailed, Person
from shared.signing.trust import load_roots
from shared.signing.verification import verify_file

_PEOPLE = ("clinic1", "clinic2", "reader1", "reviewer1", "lab1", "lab2")


@dataclass(frozen=True, slots=True)
class Exam:
    """What one clinic sends and what the readers write of it. ``arrive``: how it comes, where that is no upload; it
    answers as an upload does."""

    center: str
    clinic: str
    order: dict[str, Any]
    files: list[tuple[str, bytes]]
    form: dict[str, Any]
    author: str = "reader1"
    reviewer: str = "reviewer1"
    arrive: Callable[["Exam", "Cast", Callable[[str], None]], Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    center: str
    accession_number: str
    exam: str
    priority: str
    warnings: list[str]
    turnaround_s: int
    signers: list[str]
    trust: str
    valid: bool
    pdf: Path


@dataclass(frozen=True, slots=True)
class Cast:
    people: dict[str, Person]
    hospital: Person
    pin: str


def sign_everybody_in(http: httpx.Client, password: str, pin: str) -> Cast:
    return Cast(
        people={name: Person.sign_in(http, name, password) for name in _PEOPLE},
        hospital=Person.sign_in_system(http, "hospital1", password),
        pin=pin,
    )


def play(exam: Exam, cast: Cast, folder: Path, tell: Callable[[str], None]) -> Outcome:
    """Raises DemoFailed where the region does not do what the contract says."""
    received = (exam.arrive or upload)(exam, cast, tell)
    report_id = _read_and_sign(exam, received["case_id"], cast, tell)
    return _fetch_and_verify(exam, received, report_id, cast, folder, tell)


def upload(exam: Exam, cast: Cast, tell: Callable[[str], None]) -> Any:
    received = cast.people[exam.clinic].upload(exam.center, exam.order, exam.files)
    size_mb = sum(len(content) for _, content in exam.files) / 1e6
    tell(f"{exam.clinic} 上传 {exam.order['exam']['name']} ({size_mb:.1f} MB) → {received['accession_number']}")
    return received


def _read_and_sign(exam: Exam, case_id: str, cast: Cast, tell: Callable[[str], None]) -> str:
    base = f"/{exam.center}/v1/cases"
    author, reviewer = cast.people[exam.author], cast.people[exam.reviewer]
    claimed = author.claim_next(exam.center, "report")
    if claimed["case_id"] != case_id:
        raise DemoFailed(f"claimed {claimed['case_id']}, expected {case_id}")
    held = {"Claim-Token": claimed["claim_token"]}
    author.call("PUT", f"{base}/{case_id}/report", json=exam.form, headers=held)
    grant = author.unlock(exam.center, cast.pin)
    author.call("POST", f"{base}/{case_id}/submit", headers={**held, **grant})
    tell(f"  {author.username} 书写并签名，提交审核")
    review = reviewer.claim_next(exam.center, "review")
    held = {"Claim-Token": review["claim_token"]}
    grant = reviewer.unlock(exam.center, cast.pin)
    signed = reviewer.call("POST", f"{base}/{review['case_id']}/sign", headers={**held, **grant})
    tell(f"  {reviewer.username} 审核并签发")
    return str(signed["report_id"])


def _fetch_and_verify(
    exam: Exam, received: Any, report_id: str, cast: Cast, folder: Path, tell: Callable[[str], None]
) -> Outcome:
    _poll_until(cast.hospital, report_id)
    report = cast.hospital.call("GET", f"/v1/reports/{report_id}")
    pdf = folder / f"{received['accession_number']}.pdf"
    pdf.write_bytes(cast.people[exam.clinic].fetch(f"/v1/reports/{report_id}.pdf"))
    pdf.with_suffix(".jws").write_bytes(cast.hospital.fetch(f"/v1/reports/{report_id}.jws"))
    verdicts = [
        cast.hospital.call(
            "POST", "/v1/reports/verify", files={"file": (path.name, path.read_bytes(), "application/octet-stream")}
        )
        for path in (pdf, pdf.with_suffix(".jws"))
    ]
    for verdict in verdicts:
        if not (verdict["valid"] and verdict["registered"] and len(verdict["signers"]) == 2):
            raise DemoFailed(f"the report of {received['case_id']} does not verify: {verdict['problems']}")
    tell(f"  hospital1 取回报告，PDF 与 JWS 各有 {len(verdicts[0]['signers'])} 个有效签名")
    return Outcome(
        center=exam.center,
        accession_number=received["accession_number"],
        exam=exam.order["exam"]["name"],
        priority=exam.order["priority"],
        warnings=[warning["code"] for warning in received["warnings"]],
        turnaround_s=report["turnaround_seconds"],
        signers=[signer["name"] for signer in verdicts[0]["signers"]],
        trust=verdicts[0]["trust"],
        valid=all(verdict["valid"] for verdict in verdicts),
        pdf=pdf,
    )


def _poll_until(hospital: Person, report_id: str) -> None:
    """Follow the feed from its beginning, as an integration layer does, until the report stands in it."""
    cursor = ""
    for _ in range(200):
        page = hospital.call("GET", "/v1/reports", params={"after": cursor, "wait": 10})
        if any(entry["report_id"] == report_id for entry in page["reports"]):
            return
        cursor = page["next_cursor"]
    raise DemoFailed(f"report {report_id} never came to the feed")


def verify_offline(pdf: Path, roots: Path) -> None:
    """What anybody can do with the file and the region's roots alone. Raises DemoFailed."""
    verdict = verify_file(pdf.read_bytes(), load_roots(roots.read_bytes()))
    if not verdict.valid or len(verdict.signers) != 2:
        raise DemoFailed(f"{pdf.name} does not verify offline: {[problem.code for problem in verdict.problems]}")

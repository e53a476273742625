"""What clinics, readers and pollers wait for, through the front door of a whole region, one after another."""

import json
import time
from collections.abc import Callable
from typing import Any

from bench.figures import Figure, spread
from bench.waiting import until
from deploy.demo.client import Person
from tests.support.films import FORM, order, small_film
from tests.support.region import PIN, RunningRegion

_SIDE = 512  # 512 × 512 × 2 bytes: the 0.5 MB of one CT slice


def uploads(region: RunningRegion, count: int = 60) -> list[Figure]:
    """One 0.5 MB instance a request; and from its answer until the worklist shows the case."""
    clinic, reader = region.person("clinic1"), region.person("reader1")
    bodies = [small_film(f"B-{number}", shade=number, side=_SIDE) for number in range(count)]
    answered, listed = [], []
    for number, film in enumerate(bodies):
        form = {"order": json.dumps(order(f"B-{number}"))}
        started = time.perf_counter()
        case_id = _post(clinic, form, film)
        done = time.perf_counter()
        answered.append(done - started)
        until(reader, "imaging", case_id)
        listed.append(time.perf_counter() - done)
    return [
        Figure("upload of one 0.5 MB instance", spread(answered)),
        Figure("upload answered → on the worklist", spread(listed), "p95 ≤ 300 ms", "includes the asking itself"),
    ]


def whole_chain(region: RunningRegion, count: int = 30) -> list[Figure]:
    """Claim, draft, submit, review, sign of what ``uploads`` left in the queue, by one reader and one reviewer."""
    reader, reviewer = region.person("reader1"), region.person("reviewer1")
    steps: dict[str, list[float]] = {"claim next": [], "submit (author signs)": [], "sign (reviewer)": []}
    started = time.perf_counter()
    for _ in range(count):
        claimed = _timed(steps["claim next"], lambda: reader.claim_next("imaging", "report"))
        base = f"/imaging/v1/cases/{claimed['case_id']}"
        held = {"Claim-Token": claimed["claim_token"]}
        reader.call("PUT", f"{base}/report", json=FORM, headers=held)
        grant = reader.unlock("imaging", PIN)
        _timed(
            steps["submit (author signs)"],
            lambda base=base, held=held, grant=grant: reader.call("POST", f"{base}/submit", headers=held | grant),
        )
        review = reviewer.claim_next("imaging", "review")
        held = {"Claim-Token": review["claim_token"]} | reviewer.unlock("imaging", PIN)
        base = f"/imaging/v1/cases/{review['case_id']}"
        _timed(
            steps["sign (reviewer)"],
            lambda base=base, held=held: reviewer.call("POST", f"{base}/sign", headers=held),
        )
    seconds = time.perf_counter() - started
    aims = {"sign (reviewer)": "p95 ≤ 400 ms", "submit (author signs)": "", "claim next": ""}
    figures = [Figure(name, spread(values), aims[name]) for name, values in steps.items()]
    return [
        *figures,
        Figure("cases through claim, draft, submit, review, sign", f"{count / seconds * 60:.0f} a minute"),
    ]


def _post(clinic: Person, form: dict[str, str], film: bytes) -> str:
    answer = clinic.http.post(
        "/imaging/v1/cases",
        headers={"Authorization": f"Bearer {clinic.token}"},
        data=form,
        files={"file": ("IM1", film)},
    )
    if answer.status_code != 202:
        raise RuntimeError(f"{answer.status_code} {answer.text[:300]}")
    return str(answer.json()["case_id"])


def _timed(into: list[float], work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    answer = work()
    into.append(time.perf_counter() - started)
    return answer

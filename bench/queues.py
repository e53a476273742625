"""Twenty readers asking for the next case at once, and pollers of a feed that hardly concerns them."""

import asyncio
import json
import time

import httpx

from bench.figures import Figure, spread
from bench.seed import copy_waiting_case, fill_feed
from tests.support.films import small_film
from tests.support.journey import upload
from tests.support.region import RunningRegion, wait_for

_READERS = 20
_ROUNDS = 10


def next_claims(region: RunningRegion, waiting: int = 10_000) -> list[Figure]:
    case = upload(region.person("clinic1"), [small_film("B-QUEUE")], patient_id="B-QUEUE")
    reader = region.person("reader1")
    wait_for(
        lambda: reader.call("GET", f"/imaging/v1/cases/{case.case_id}", 200, 404).get("state") == "queued",
        30,
        "not queued",
    )
    asyncio.run(copy_waiting_case(region, case.case_id, waiting))
    claimed: list[str] = []
    seconds = asyncio.run(_claim_together(region, claimed))
    note = f"{len(claimed)} claims, {len(set(claimed))} cases"
    return [Figure(f"next claim, {_READERS} readers, {waiting:,} waiting", spread(seconds), "p95 ≤ 50 ms", note)]


async def _claim_together(region: RunningRegion, claimed: list[str]) -> list[float]:
    tokens = [region.person(name).token for name in ("reader1", "reader2")]
    seconds: list[float] = []

    async def read(number: int) -> None:
        headers = {"Authorization": f"Bearer {tokens[number % len(tokens)]}"}
        async with httpx.AsyncClient(base_url=region.url, trust_env=False, timeout=60, headers=headers) as http:
            for _ in range(_ROUNDS):
                started = time.perf_counter()
                answer = await http.post("/imaging/v1/claims/next", json={"stage": "report"})
                seconds.append(time.perf_counter() - started)
                claimed.append(answer.json()["case_id"])
                await asyncio.sleep(0.2)  # nobody asks for the next case at once

    await asyncio.gather(*(read(number) for number in range(_READERS)))
    return seconds


def polls(region: RunningRegion, reports: int = 100_000, count: int = 200) -> list[Figure]:
    """The first page, and the poll that finds nothing new, of a clinic that sees one report in ten thousand."""
    clinic = region.person("clinic3")
    org_id = clinic.call("GET", "/v1/me")["org_id"]
    item = {"report_id": "rep_bench", "version": 1, "kind": "signed", "center": "imaging"}
    asyncio.run(fill_feed(region, org_id, reports, json.dumps(item)))
    headers = {"Authorization": f"Bearer {clinic.token}"}
    page = clinic.call("GET", "/v1/reports")
    first, idle = [], []
    for _ in range(count):
        for into, cursor in ((first, ""), (idle, page["next_cursor"])):
            started = time.perf_counter()
            answer = clinic.http.get("/v1/reports", params={"after": cursor}, headers=headers)
            into.append(time.perf_counter() - started)
            if answer.status_code != 200:
                raise RuntimeError(answer.text[:300])
    return [
        Figure(f"poll, {reports:,} reports, sees {len(page['reports'])}: first page", spread(first), "p95 ≤ 20 ms"),
        Figure("the same, nothing new", spread(idle), "p95 ≤ 20 ms"),
    ]

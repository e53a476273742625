"""Twenty readers asking for the next case at once, and pollers of a feed that hardly concerns them."""

import asyncio
import time

import httpx

from bench.figures import Figure, spread
from bench.seed import copy_waiting_case, fill_feed
from tests.support.films import small_film
from tests.support.journey import upload
from tests.support.region import RunningRegion, wait_for

_READERS = 20
_ROUNDS = 8
_PAUSE_S = 2.0  # a reader's shortest case; twenty who ask in the same instant are measured apart


def next_claims(region: RunningRegion, waiting: int = 10_000) -> list[Figure]:
    case = upload(region.person("clinic1"), [small_film("B-QUEUE")], patient_id="B-QUEUE")
    reader = region.person("reader1")
    wait_for(
        lambda: reader.call("GET", f"/imaging/v1/cases/{case.case_id}", 200, 404).get("state") == "queued",
        30,
        "not queued",
    )
    asyncio.run(copy_waiting_case(region, case.case_id, waiting))
    figures = []
    for name, rounds, pause_s in (("at work", _ROUNDS, _PAUSE_S), ("asking in the same instant", 1, 0.0)):
        claimed: list[str] = []
        seconds = asyncio.run(_claim_together(region, claimed, rounds, pause_s))
        note = f"{len(claimed)} claims, {len(set(claimed))} cases"
        title = f"next claim, {_READERS} readers {name}, {waiting:,} waiting"
        figures.append(Figure(title, spread(seconds), "p95 ≤ 50 ms", note))
    return figures


async def _claim_together(region: RunningRegion, claimed: list[str], rounds: int, pause_s: float) -> list[float]:
    tokens = [region.person(name).token for name in ("reader1", "reader2")]
    seconds: list[float] = []

    async def read(number: int) -> None:
        headers = {"Authorization": f"Bearer {tokens[number % len(tokens)]}"}
        async with httpx.AsyncClient(base_url=region.url, trust_env=False, timeout=60, headers=headers) as http:
            await asyncio.sleep(pause_s * number / _READERS)
            for _ in range(rounds):
                started = time.perf_counter()
                answer = await http.post("/imaging/v1/claims/next", json={"stage": "report"})
                seconds.append(time.perf_counter() - started)
                claimed.append(answer.json()["case_id"])
                await asyncio.sleep(pause_s)

    await asyncio.gather(*(read(number) for number in range(_READERS)))
    return seconds


def polls(region: RunningRegion, reports: int = 100_000, count: int = 200) -> list[Figure]:
    """The first page, and the poll that finds nothing new, of a clinic that sees one report in ten thousand."""
    clinic = region.person("clinic3")
    org_id = clinic.call("GET", "/v1/me")["organization"]["org_id"]
    asyncio.run(fill_feed(region, org_id, reports))
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

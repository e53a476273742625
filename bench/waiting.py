"""Waiting for the worklist, as a reading station asks it."""

import time

import httpx

from deploy.demo.client import Person


def until(reader: Person, center: str, case_id: str, seconds: float = 30) -> None:
    """Asks until the case stands in the queue; TimeoutError."""
    deadline = time.perf_counter() + seconds
    while not _is_listed(reader, center, case_id):
        if time.perf_counter() > deadline:
            raise TimeoutError(case_id)


def _is_listed(reader: Person, center: str, case_id: str) -> bool:
    answer: httpx.Response = reader.http.get(
        "/v1/worklist",
        params={"center": center, "state": "queued", "limit": 200},
        headers={"Authorization": f"Bearer {reader.token}"},
    )
    return case_id in answer.text

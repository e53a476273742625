"""Waiting for what a region does behind its answer, by asking: the worklist as a reading station does."""

import time
from collections.abc import Callable

import httpx

from deploy.demo.client import Person


def until(reader: Person, center: str, case_id: str, seconds: float = 30) -> None:
    """Asks until the case stands in the queue; TimeoutError."""
    until_true(lambda: _is_listed(reader, center, case_id), seconds)


def until_true(condition: Callable[[], bool], seconds: float = 30, every_s: float = 0) -> None:
    """Asks again and again, or ``every_s`` where the asking itself would slow down what is measured; TimeoutError."""
    deadline = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(every_s)


def _is_listed(reader: Person, center: str, case_id: str) -> bool:
    answer: httpx.Response = reader.http.get(
        "/v1/worklist",
        params={"center": center, "state": "queued", "limit": 200},
        headers={"Authorization": f"Bearer {reader.token}"},
    )
    return case_id in answer.text

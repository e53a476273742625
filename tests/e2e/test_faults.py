"""kill -9 of one process at a time during uploads and signing: nothing answered 2xx is missing or doubled."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from deploy.demo.client import DemoFailed
from tests.support.films import order, small_film
from tests.support.journey import listed, sign, submit
from tests.support.region import RunningRegion, wait_for

pytestmark = [pytest.mark.xdist_group("region"), pytest.mark.faults]

VICTIMS = ("imaging", "imaging-worker", "gateway-worker", "nats")


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_loses_nothing_that_was_answered(region: RunningRegion, victim: str) -> None:
    region.forget_people()
    clinic = region.person("clinic3")
    taken: dict[str, str] = {}
    lock, stop = threading.Lock(), threading.Event()

    def keep_uploading(thread: int) -> None:
        number = 0
        while not stop.is_set() and number < 60:
            number += 1
            patient = f"F-{victim}-{thread}-{number}"
            film = small_film(patient, shade=number)
            # As a real workstation does: the same call again until it is answered.
            for _ in range(200):
                try:
                    received = clinic.upload("imaging", order(patient), [("IM1", film)])
                except (httpx.HTTPError, DemoFailed) as problem:
                    if isinstance(problem, DemoFailed) and ": 200 " in str(problem):
                        break  # taken by the try whose answer was lost
                    time.sleep(0.1)
                    continue
                with lock:
                    taken[patient] = received["case_id"]
                break

    with ThreadPoolExecutor(3) as pool:
        uploads = [pool.submit(keep_uploading, thread) for thread in range(3)]
        wait_for(lambda: len(taken) >= 6, 60, "uploads did not begin")
        region.kill(victim)
        before = len(taken)
        wait_for(lambda: len(taken) >= before + 6, 120, f"uploads did not go on after {victim} was killed")
        stop.set()
        for upload in uploads:
            upload.result()

    assert len(set(taken.values())) == len(taken), "two patients share a case"
    _all_on_the_worklist_once(region, set(taken.values()))


def _all_on_the_worklist_once(region: RunningRegion, expected: set[str]) -> None:
    region.forget_people()
    reader = region.person("reader1")

    wait_for(lambda: expected <= set(listed(reader)), 90, "an answered upload is missing from the worklist")
    found = listed(reader)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("victim", ("imaging", "gateway-worker"))
def test_a_signature_that_was_answered_reaches_the_feed_once(region: RunningRegion, victim: str) -> None:
    region.forget_people()
    clinic, reader, reviewer = region.person("clinic2"), region.person("reader1"), region.person("reviewer1")
    cases = [
        clinic.upload("imaging", order(f"S-{victim}-{n}"), [("IM1", small_film(f"S-{victim}-{n}"))])["case_id"]
        for n in range(4)
    ]
    for case_id in cases:
        submit(reader, case_id)
    reports = [sign(reviewer, case_id) for case_id in cases[:2]]
    region.kill(victim)
    region.wait_ready("imaging")
    for person in (reader, reviewer):
        person.grants.clear()
    reports += [sign(reviewer, case_id) for case_id in cases[2:]]
    hospital = region.person("hospital1")

    def in_feed() -> list[str]:
        found: list[str] = []
        cursor = ""
        for _ in range(500):
            page = hospital.call("GET", "/v1/reports", params={"after": cursor, "limit": 200})
            found += [entry["report_id"] for entry in page["reports"]]
            if not page["reports"] or page["next_cursor"] == cursor:
                break
            cursor = page["next_cursor"]
        return found

    wait_for(lambda: set(reports) <= set(in_feed()), 90, "a signed report is missing from the feed")
    entries = [report_id for report_id in in_feed() if report_id in reports]
    assert len(entries) == len(set(entries)) == 4

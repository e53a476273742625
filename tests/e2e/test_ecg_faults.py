"""kill -9 of the ECG centre while ECGs come in: nothing answered 2xx is missing, doubled or without its samples."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from deploy.demo.client import DemoFailed, Person
from tests.support.ecg_carts import order, table
from tests.support.ecg_signals import make_ecg
from tests.support.journey import listed
from tests.support.region import RunningRegion, wait_for

pytestmark = [pytest.mark.xdist_group("region"), pytest.mark.faults]

MOST = 40  # uploads of one thread
TRIES = 400


def send_until_answered(clinic: Person, patient: str, ecg: bytes) -> str | None:
    """As a cart does: the same call again until it is answered. None where the answer of the taken one was lost."""
    for _ in range(TRIES):
        try:
            return str(clinic.upload("ecg", order(patient), [("a.csv", ecg)])["case_id"])
        except (httpx.HTTPError, DemoFailed) as problem:
            if isinstance(problem, DemoFailed) and ": 200 " in str(problem):
                return None
            time.sleep(0.1)  # between two tries of a cart
    raise AssertionError(f"{patient} was never answered")


@pytest.mark.parametrize("victim", ["ecg", "ecg-worker"])
def test_a_killed_centre_loses_nothing_that_was_answered(region: RunningRegion, victim: str) -> None:
    region.forget_people()
    clinic = region.person("clinic3")
    taken: dict[str, str] = {}
    lock, stop = threading.Lock(), threading.Event()

    def keep_uploading(thread: int) -> None:
        for number in range(MOST):
            if stop.is_set():
                return
            patient = f"E-{victim}-{thread}-{number}"
            case_id = send_until_answered(
                clinic, patient, table(make_ecg(heart_rate_bpm=50 + number), patient_id=patient)
            )
            if case_id is not None:
                with lock:
                    taken[patient] = case_id

    with ThreadPoolExecutor(2) as pool:
        uploads = [pool.submit(keep_uploading, thread) for thread in range(2)]
        wait_for(lambda: len(taken) >= 4, 60, "uploads did not begin")
        region.kill(victim)
        before = len(taken)
        wait_for(lambda: len(taken) >= before + 4, 120, f"uploads did not go on after {victim} was killed")
        stop.set()
        for upload in uploads:
            upload.result()

    assert len(set(taken.values())) == len(taken), "two patients share a case"
    region.forget_people()
    reader = region.person("reader1")
    wait_for(
        lambda: set(taken.values()) <= set(listed(reader, center="ecg")), 90, "an answered ECG is not on the worklist"
    )
    found = listed(reader, center="ecg")
    assert len(found) == len(set(found))
    for case_id in taken.values():
        assert len(reader.fetch(f"/ecg/v1/cases/{case_id}/waveform")) == 120_000

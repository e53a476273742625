"""NATS away for a while: intake and signing go on; what happened meanwhile flows when it is back."""

import os
import signal
import time

import pytest

from tests.support.films import small_film
from tests.support.journey import listed, upload
from tests.support.region import RunningRegion, wait_for

pytestmark = [pytest.mark.xdist_group("region"), pytest.mark.faults]

AWAY_S = 60.0


def test_intake_goes_on_without_nats_and_cases_flow_afterwards(region: RunningRegion) -> None:
    region.forget_people()
    clinic, reader = region.person("clinic1"), region.person("reader1")
    nats = region.pid("nats")
    os.kill(nats, signal.SIGSTOP)  # not killed: the supervisor would start it again at once
    try:
        away_until = time.monotonic() + AWAY_S
        cases = []
        while time.monotonic() < away_until:
            cases.append(
                upload(clinic, [small_film(f"N-{len(cases)}", shade=len(cases) % 200)], patient_id=f"N-{len(cases)}")
            )
            time.sleep(2)  # a clinic's pace
    finally:
        os.kill(nats, signal.SIGCONT)
    assert len(cases) >= 10

    taken = {case.case_id for case in cases}
    complaint = "a case that was taken without NATS never came to the worklist"
    wait_for(lambda: taken <= set(listed(reader, state="queued")), 60, complaint)

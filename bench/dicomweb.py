"""What a viewer waits for: metadata, frames and lists, through the front door and past it."""

import asyncio
import time
from collections.abc import Callable

import httpx

from bench.figures import Figure, spread
from bench.studies import bearer, copy_study, send_study
from tests.support.region import RunningRegion

_SLICES = 300
_STUDIES = 5000
_PIXELS = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def viewer(region: RunningRegion) -> list[Figure]:
    """A CT of 300 slices: its metadata, one frame, all frames one after another."""
    clinic = region.person("clinic1")
    study_uid, series_uid, instances = send_study(clinic, _SLICES)
    series = f"/dicomweb/studies/{study_uid}/series/{series_uid}"
    figures = []
    for name, base in (("front door", region.url), ("direct", f"http://127.0.0.1:{region.ports()['imaging']}")):
        with httpx.Client(base_url=base, timeout=60, trust_env=False, headers=bearer(clinic)) as http:
            first, *later = _timed(lambda http=http: http.get(f"{series}/metadata"), 21)
            urls = iter([f"{series}/instances/{uid}/frames/1" for uid in instances])
            frames = _timed(
                lambda http=http, urls=urls: http.get(next(urls), headers={"Accept": _PIXELS}), len(instances)
            )
        if base == region.url:
            figures.append(Figure(f"metadata of {_SLICES} instances, cold", spread([first]), "Orthanc 140–210 ms"))
        figures += [
            Figure(f"the same, cached, {name}", spread(later), "≤ 20 ms"),
            Figure(f"one 512×512 CT frame, {name}", spread(frames), "Orthanc 3.3–4.7 ms"),
        ]
    return figures


def searches(region: RunningRegion) -> list[Figure]:
    """OHIF's list and a patient's studies among 5,000, for a clinic and for a reading site."""
    clinic, reader = region.person("clinic1"), region.person("reader1")
    study_uid, _, _ = send_study(clinic, slices=1)
    asyncio.run(copy_study(region, study_uid, _STUDIES))
    listed = "limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090,00100030"
    figures = []
    for who, person in (("clinic", clinic), ("reader", reader)):
        headers = bearer(person)
        for name, query in (
            ("PatientID", "PatientID=B77"),
            ("OHIF's list", listed),
            ("wildcard name", f"{listed}&PatientName=*试*"),
            ("name that is not there", f"{listed}&PatientName=*欧阳*"),
            ("date range", f"{listed}&StudyDate=20260101-20261231"),
        ):
            seconds = _timed(lambda q=query, h=headers: region.http.get(f"/dicomweb/studies?{q}", headers=h), 15)
            figures.append(Figure(f"QIDO of {_STUDIES} studies by {name}, {who}", spread(seconds), "6–127 ms Orthanc"))
    return figures


def _timed(call: Callable[[], httpx.Response], count: int) -> list[float]:
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code} {answer.text[:300]}")
    return seconds

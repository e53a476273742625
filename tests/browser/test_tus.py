"""tus-js-client in a browser's page of the region's own origin, on lines that break and pages that are closed."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from tests.browser.stage import Stage
from tests.support.cutting_proxy import CuttingProxy
from tests.support.dicom import archive
from tests.support.films import order, small_film
from tests.support.region import PASSWORD, RunningRegion

pytestmark = pytest.mark.xdist_group("region")
CLINIC = "clinic3"
_MIB = 1 << 20
CUT = 4 * _MIB


def noise_film(patient_id: str, side: int, seed: int) -> bytes:
    """Of ``side``² × 2 bytes that no line compresses."""
    pixels = np.random.default_rng(seed).integers(0, 65536, side * side, dtype="<u2").tobytes()
    return small_film(patient_id, side=side, PixelData=pixels)


def require_answer_of_post_cases(region: RunningRegion, file: Path, what: dict[str, Any], case: dict[str, Any]) -> None:
    """The same bytes under the same order are the same case; only its state may have moved on."""
    parts = [("order", (None, json.dumps(what), "application/json")), ("file", (file.name, file.read_bytes()))]
    bearer = {"Authorization": f"Bearer {region.person(CLINIC).token}"}
    answer = region.http.post("/imaging/v1/cases", files=parts, headers=bearer)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert answer.json() | {"state": None} == case | {"state": None}


async def test_a_film_comes_over_a_line_that_is_cut_and_no_byte_twice(
    stage: Stage, region: RunningRegion, tmp_path: Path
) -> None:
    film, what = tmp_path / "film.dcm", order("TUS-1")
    film.write_bytes(noise_film("TUS-1", 3240, seed=1))
    size = film.stat().st_size
    assert size > 20 * _MIB
    async with CuttingProxy(urlsplit(region.url).port or 80, CUT) as line:
        origin = f"http://127.0.0.1:{line.port}"
        played = await asyncio.to_thread(stage.play, "upload", origin, CLINIC, PASSWORD, file=str(film), order=what)
    assert line.cuts >= size // CUT
    seen = played.seen
    assert seen["statuses"] == ["POST 201", *["HEAD 200"] * (len(seen["statuses"]) - 2), "PATCH 204"]
    # Each time it goes on behind what had arrived. (Chromium by itself repeats a request whose used connection broke:
    # those bytes are refused by their offset.)
    steps = np.diff(seen["offsets"])
    assert steps.sum() == size
    assert all(CUT - 384 * 1024 < step <= CUT for step in steps[:-1])
    assert (seen["shown"]["state"], seen["shown"]["offset_bytes"]) == ("accepted", size)
    require_answer_of_post_cases(region, film, what, seen["shown"]["case"])


def test_a_zip_goes_on_in_another_page_after_the_line_and_the_page_were_lost(
    stage: Stage, region: RunningRegion, tmp_path: Path
) -> None:
    what = order("TUS-2")
    disc = tmp_path / "光盘.zip"
    films = {f"IMAGES/{number}": noise_film("TUS-2", 1024, seed=number) for number in range(6)}
    disc.write_bytes(archive({**films, "README.TXT": b"x"}))
    played = stage.play("upload", region.url, CLINIC, PASSWORD, file=str(disc), order=what, leave_at=0.3)
    seen = played.seen
    assert 0.3 < seen["left"] < 1
    assert seen["resumed_at"] == seen["url"]
    assert seen["statuses"] == ["HEAD 200", "PATCH 204"]
    case = seen["shown"]["case"]
    assert [each["name"] for each in case["ignored"]] == ["光盘.zip/README.TXT"]
    require_answer_of_post_cases(region, disc, what, case)


def test_a_page_of_another_origin_is_let_in_nowhere(region: RunningRegion) -> None:
    """No CORS: no preflight is allowed, no answer readable, and what needs no preflight is refused by its Origin."""
    foreign = {"Origin": "http://elsewhere.example"}
    for method in ("POST", "PATCH", "HEAD", "DELETE"):
        asked = foreign | {"Access-Control-Request-Method": method}
        answer = region.http.options("/imaging/v1/uploads", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    with httpx.Client(base_url=region.url, trust_env=False) as browser:
        signed_in = browser.post("/v1/auth/session", json={"username": CLINIC, "password": PASSWORD})
        assert signed_in.status_code == 200
        headers = {"X-Gongzhen": "1", "Tus-Resumable": "1.0.0", "Upload-Length": "9"}
        refused = browser.post("/imaging/v1/uploads", headers=headers | foreign)
        assert (refused.status_code, refused.json()["code"]) == (401, "csrf_refused")
        allowed = browser.post("/imaging/v1/uploads", headers=headers | {"Origin": region.url})
        assert allowed.status_code == 201
        assert browser.delete(allowed.headers["location"], headers=headers).status_code == 204

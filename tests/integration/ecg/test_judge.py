"""The processes that read uploads: a site's plug-in in them, and what happens when one of them dies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from shared.db import Database
from tests.integration.ecg.centre import Centre, open_centre
from tests.integration.reading.centre import Keys
from tests.support.ecg_carts import table
from tests.support.ecg_signals import make_ecg

PLUG_IN = """
import os, signal
import numpy as np
from services.ecg.parse.reader import Read
from services.ecg.parse.recording import Recording

class Reader:
    name = "county-cart"

    def recognizes(self, data):
        return data.startswith(b"COUNTY")

    def read(self, file, companions):
        if b"die" in file.data:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"hang" in file.data:
            while True:
                pass
        if b"greedy" in file.data:
            return np.ones(1 << 30)
        if b"raise" in file.data:
            raise KeyError("a patient's name")
        wave = np.tile(np.sin(np.arange(500) / 20) * 300, (8, 10))
        return Read(Recording("county-cart", 500.0, ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), wave))
"""


@pytest.fixture
async def plugged_in(
    ecg_db: Database, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Centre]:
    """A centre in whose environment a package with a reader of its own is installed."""
    site = tmp_path / "site"
    (site / "county_cart-1.dist-info").mkdir(parents=True)
    (site / "county_cart.py").write_text(PLUG_IN)
    (site / "county_cart-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: county-cart\nVersion: 1\n")
    (site / "county_cart-1.dist-info" / "entry_points.txt").write_text(
        "[gongzhen.ecg_readers]\ncounty = county_cart:Reader\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    async with open_centre(ecg_db, keys, tmp_path, ecg_judge_s=4) as opened:
        yield opened


def judges() -> list[psutil.Process]:
    """This process's own: a region that other tests have started beside it has its judges further down."""
    return [child for child in psutil.Process().children() if "services.ecg.intake.judge:judge" in child.cmdline()]


async def test_a_carts_private_format_is_read_by_a_plug_in(plugged_in: Centre) -> None:
    case = await plugged_in.taken([("a.bin", b"COUNTY 1")])
    (recording,) = case["recordings"]
    assert (recording["format"], recording["duration_s"]) == ("county-cart", 10)
    assert "ecg_time_missing" in recording["remarks"]
    original = await plugged_in.get(recording["links"]["original_1"])
    assert original.content == b"COUNTY 1"


@pytest.mark.parametrize("fault", ["die", "hang", "greedy", "raise"])
async def test_a_plug_in_that_fails_costs_its_upload_and_no_other(plugged_in: Centre, fault: str) -> None:
    answer = await plugged_in.send([("a.bin", b"COUNTY " + fault.encode())])
    assert (answer.status_code, answer.json()["code"]) == (422, "ecg_format_broken"), answer.text
    assert "patient" not in answer.text
    assert await plugged_in.rows("SELECT code FROM reading.quarantine") == [("ecg_format_broken",)]
    assert await plugged_in.count("reading.case") == 0
    await plugged_in.taken()


async def test_an_upload_is_read_though_the_waiting_judge_was_killed(centre: Centre) -> None:
    """As the kernel does it when memory is short; the ECG that comes next is not to blame."""
    await centre.taken()
    (judge,) = judges()
    judge.kill()
    async with asyncio.timeout(10):
        while judge.is_running():  # until its parent has noticed
            await asyncio.sleep(0.01)
    await centre.new_case([("b.csv", table(make_ecg(heart_rate_bpm=81)))])
    assert judge.pid not in {each.pid for each in judges()}


async def test_nothing_is_left_running_when_the_centre_stops(ecg_db: Database, keys: Keys, tmp_path: Path) -> None:
    async with open_centre(ecg_db, keys, tmp_path) as opened:
        await opened.taken()
        running = judges()
        assert running
    assert judges() == []
    assert not any(each.is_running() for each in running)

"""A region with real servers and fake services: it starts, heals, refuses what it must, and leaves nothing behind."""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.region_process import RegionProcess


@pytest.fixture
async def region(server_folder: Path, tmp_path: Path) -> AsyncIterator[RegionProcess]:
    """Started and ready; ended, with all of its processes, when the test is over."""
    process = await RegionProcess.start(server_folder / tmp_path.name)
    try:
        await process.ready()
        yield process
    finally:
        await process.end()
        assert process.survivors() == []


async def test_the_front_door_answers_when_the_region_says_ready(region: RegionProcess) -> None:
    async with httpx.AsyncClient(base_url=region.address) as client:
        for path, service in (("/v1/me", "gateway"), ("/ecg/v1/cases", "ecg"), ("/dicomweb/studies", "imaging")):
            assert (await client.get(path)).json()["service"] == service


async def test_sigterm_stops_every_process_and_a_second_start_finds_the_data(region: RegionProcess) -> None:
    assert await region.end() == 0
    assert region.survivors() == []
    assert "stopped" in region.lines[-1]
    secrets = (region.state / "secrets.json").read_bytes()
    again = await RegionProcess.start(region.state)
    try:
        await again.ready()
        assert (region.state / "secrets.json").read_bytes() == secrets
    finally:
        assert await again.end(signal.SIGINT) == 0
    assert again.survivors() == []


async def test_a_second_sigterm_hurries(region: RegionProcess) -> None:
    region.child("fake_service", str(region.ports["ecg"])).suspend()  # it cannot answer the first one
    os.kill(region.pid, signal.SIGTERM)
    await region.line("stopping")
    assert await region.end(timeout_s=7) == 0
    assert region.survivors() == []


async def test_a_killed_supervisor_leaves_nothing(region: RegionProcess) -> None:
    assert await region.end(signal.SIGKILL) == -signal.SIGKILL
    assert region.survivors() == []
    again = await RegionProcess.start(region.state)  # nothing of the dead one is in its way
    try:
        await again.ready()
    finally:
        assert await again.end() == 0


async def test_a_killed_child_is_started_again(region: RegionProcess) -> None:
    killed = region.child("fake_service", str(region.ports["lab"]))
    pool = killed.children()
    assert pool
    killed.kill()
    assert "lab" in await region.line("SIGKILL")
    assert psutil.wait_procs(pool, timeout=10)[1] == [], "what the dead child had started goes with it"
    async with httpx.AsyncClient(base_url=region.address) as client:
        answer = await client.get("/lab/v1/cases")  # the front door waits for a service that is coming back
    assert answer.json()["service"] == "lab"


async def test_postgres_comes_back_after_a_kill(region: RegionProcess) -> None:
    region.child("bin/postgres").kill()
    await region.line("postgres")

    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", region.ports["postgres"])
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async with asyncio.timeout(30):
        while not await answers():
            await asyncio.sleep(0.1)


async def test_a_state_folder_in_use_is_refused(region: RegionProcess) -> None:
    second = await RegionProcess.start(region.state)
    await second.line(f"pid {region.pid}")
    assert await second.ended() == 1
    assert "Traceback" not in "".join(second.lines)


async def test_a_port_taken_is_refused(server_folder: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        region = await RegionProcess.start(server_folder / tmp_path.name, port)
        await region.line(f"port {port} is taken")
        assert await region.ended() == 1
    assert len(region.lines) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="a plain user runs PostgreSQL himself, wherever the state folder is")
async def test_as_root_data_out_of_reach_are_kept_elsewhere(tmp_path: Path) -> None:
    """pytest's own folder is 0700, as a home is; its mode must stay what it is."""
    modes = [folder.stat().st_mode for folder in tmp_path.parents]
    region = await RegionProcess.start(tmp_path / "state")
    try:
        await region.ready()
        location = Path((tmp_path / "state" / "postgres.location").read_text().strip())
        assert (location / "postgres" / "data" / "PG_VERSION").exists()
        assert [folder.stat().st_mode for folder in tmp_path.parents] == modes
    finally:
        assert await region.end() == 0
        shutil.rmtree(location)


async def test_secrets_and_data_are_for_the_owner_only(region: RegionProcess) -> None:
    if os.geteuid() == 0:  # PostgreSQL's account may get to its own data, nobody sees what else there is
        assert region.state.stat().st_mode & 0o777 == 0o711
    for path in ("secrets.json", "logs", "nats", "blobs", "spool", "logs/postgres.log"):
        assert (region.state / path).stat().st_mode & 0o077 == 0, path

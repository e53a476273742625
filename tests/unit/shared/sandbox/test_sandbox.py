"""A child that overruns is ended and replaced; the others, and the service, go on."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
import pytest

from shared.sandbox import Sandbox, SandboxExhausted, SandboxFailed
from tests.unit.shared.sandbox.jobs import Refused, do

_MEGABYTE = 1 << 20


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox[tuple[str, float], object]]:
    made = Sandbox(do, processes=2, timeout_s=2.0, memory_bytes=64 * _MEGABYTE, expected=(Refused,))
    yield made
    await made.close()


async def test_answers_and_keeps_its_children(sandbox: Sandbox[tuple[str, float], object]) -> None:
    assert await asyncio.gather(*(sandbox(("double", n)) for n in range(20))) == [n * 2 for n in range(20)]
    assert await sandbox(("pid", 0)) == await sandbox(("pid", 0))


async def test_an_argument_is_made_when_its_turn_has_come(sandbox: Sandbox[tuple[str, float], object]) -> None:
    """A hundred uploads that wait must not all be in memory."""
    made = 0

    async def make() -> tuple[str, float]:
        nonlocal made
        made += 1
        return "double", 1

    working = [asyncio.create_task(sandbox(("spin", 0.5))) for _ in range(2)]
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(sandbox.when_free(make)) for _ in range(20)]
    await asyncio.sleep(0.1)
    assert made == 0
    await asyncio.gather(*working)
    assert await asyncio.gather(*waiting) == [2] * 20


async def test_ends_what_takes_too_long(sandbox: Sandbox[tuple[str, float], object]) -> None:
    pid = await sandbox(("pid", 0))
    with pytest.raises(SandboxExhausted, match="time"):
        await sandbox(("spin", 60))
    assert not psutil.pid_exists(int(str(pid)))
    assert await sandbox(("double", 4)) == 8


@pytest.mark.skipif(not psutil.LINUX, reason="只有 Linux 限制地址空间 / only Linux limits address space")
async def test_refuses_memory_over_the_limit(sandbox: Sandbox[tuple[str, float], object]) -> None:
    assert await sandbox(("grow", 16 * _MEGABYTE)) == 16 * _MEGABYTE
    with pytest.raises(SandboxExhausted, match="memory"):
        await sandbox(("grow", 256 * _MEGABYTE))
    assert await sandbox(("double", 4)) == 8


async def test_outlives_a_child_that_dies(sandbox: Sandbox[tuple[str, float], object]) -> None:
    with pytest.raises(SandboxFailed):
        await sandbox(("die", 0))
    assert await sandbox(("double", 4)) == 8


async def test_raises_what_is_expected_and_names_what_is_not(sandbox: Sandbox[tuple[str, float], object]) -> None:
    with pytest.raises(Refused, match="known"):
        await sandbox(("refuse", 0))
    with pytest.raises(SandboxFailed, match="KeyError"):
        await sandbox(("break", 0))


async def test_prints_do_not_break_the_answers(sandbox: Sandbox[tuple[str, float], object]) -> None:
    assert await sandbox(("print", 0)) is None
    assert await sandbox(("double", 4)) == 8


async def test_children_know_no_settings(
    sandbox: Sandbox[tuple[str, float], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGZHEN_DATABASE_URL", "postgresql://secret")
    assert await sandbox(("settings", 0)) == []


async def test_a_canceled_caller_leaves_no_child_behind(sandbox: Sandbox[tuple[str, float], object]) -> None:
    pid = int(str(await sandbox(("pid", 0))))
    waiting = asyncio.create_task(sandbox(("spin", 60)))
    await asyncio.sleep(0)
    while psutil.Process(pid).cpu_times().user < 0.05 and psutil.Process(pid).status() != psutil.STATUS_RUNNING:
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not psutil.pid_exists(pid)
    assert await sandbox(("double", 4)) == 8


async def test_close_ends_every_child() -> None:
    made = Sandbox(do, timeout_s=5.0)
    pid = int(str(await made(("pid", 0))))
    await made.close()
    assert not psutil.pid_exists(pid)


async def test_what_a_library_warns_of_reaches_no_log(
    sandbox: Sandbox[tuple[str, float], object], capfd: pytest.CaptureFixture[str]
) -> None:
    await sandbox(("warn", 0))
    assert "".join(capfd.readouterr()) == ""


async def test_a_caller_canceled_while_its_child_starts_leaves_none_behind() -> None:
    before = {child.pid for child in psutil.Process().children()}
    made = Sandbox(do, processes=1)
    waiting = asyncio.create_task(made(("pid", 0)))
    while not (begun := {child.pid for child in psutil.Process().children()} - before):
        await asyncio.sleep(0.001)
    for _ in range(50):  # it is held now, and its imports have only begun
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not [pid for pid in begun if psutil.pid_exists(pid)]
    await made.close()


def test_a_killed_service_leaves_no_child_at_work() -> None:
    parent = subprocess.Popen([sys.executable, "-m", "tests.unit.shared.sandbox.orphan"], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()

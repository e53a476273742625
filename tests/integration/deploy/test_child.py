"""One supervised process: what is said and done when it does not start, dies, or does not want to end."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy.local.child import Child, ChildPlan
from deploy.local.command import Command, base_environment
from deploy.local.problems import CannotStart

_WAITS = "import sys, time; open(sys.argv[1], 'a').write('started\\n'); time.sleep(60)"
_IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _WAITS


class Scene:
    """A child with its log; ``marks`` counts its starts, ``said`` is the console, ``groups`` what the sweeper knows."""

    def __init__(self, folder: Path, program: str, **plan: float) -> None:
        self.marks = folder / "marks"
        self.said: list[str] = []
        self.groups: set[int] = set()
        command = Command((sys.executable, "-c", program, str(self.marks)), base_environment(), stop_grace_s=0.5)
        self.child = Child(
            ChildPlan("child", command, self.has_started, ready_within_s=plan.get("ready_within_s", 20)),
            folder / "child.log",
            self.said.append,
            lambda group, begun: self.groups.add(group) if begun else self.groups.discard(group),
        )

    @property
    def starts(self) -> int:
        return self.marks.read_text().count("started") if self.marks.exists() else 0

    async def has_started(self) -> bool:
        return self.starts > 0

    async def starts_again(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.starts < count:
                await asyncio.sleep(0.05)


async def test_one_that_dies_at_once_is_tried_three_times_then_told_of(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "import os; os.write(1, b'no such table\\n'); raise SystemExit(3)")
    with pytest.raises(CannotStart, match=r"child\.log.*no such table"):
        await scene.child.start()
    assert (tmp_path / "child.log").read_text() == "no such table\n" * 3
    assert scene.groups == set()
    await scene.child.stop(asyncio.Event())


async def test_one_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "import time; time.sleep(60)", ready_within_s=0.3)
    with pytest.raises(CannotStart, match="not ready within"):
        await scene.child.start()
    await scene.child.stop(asyncio.Event())
    assert scene.child.pid is None
    assert scene.groups == set()


async def test_a_program_that_is_missing_is_told_of(tmp_path: Path) -> None:
    plan = ChildPlan("child", Command((str(tmp_path / "missing"),)), Scene(tmp_path, "").has_started)
    child = Child(plan, tmp_path / "child.log", print, lambda *_: None)
    with pytest.raises(CannotStart, match="cannot be started"):
        await child.start()


async def test_each_death_doubles_the_delay(tmp_path: Path) -> None:
    scene = Scene(tmp_path, _WAITS)
    await scene.child.start()
    for count in (2, 3):
        assert scene.child.pid
        psutil.Process(scene.child.pid).kill()
        await scene.starts_again(count)
    assert [line.rsplit("in ", 1)[1] for line in scene.said] == ["0.5 s", "1 s"]
    assert scene.child.restarts == 2
    await scene.child.stop(asyncio.Event())
    assert scene.groups == set()


async def test_a_restart_that_cannot_be_prepared_is_told_of_and_tried_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, _WAITS)
    await scene.child.start()
    log = tmp_path / "child.log"
    log.rename(tmp_path / "aside")
    log.mkdir()  # nothing can be written to it, as on a disk that went read-only
    assert scene.child.pid
    psutil.Process(scene.child.pid).kill()
    async with asyncio.timeout(20):
        while not any("cannot be started" in line for line in scene.said):
            await asyncio.sleep(0.05)
    log.rmdir()
    await scene.starts_again(2)
    await scene.child.stop(asyncio.Event())


async def test_one_that_ignores_the_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    scene = Scene(tmp_path, _IGNORES)
    await scene.child.start()
    assert scene.child.pid
    process = psutil.Process(scene.child.pid)
    began = time.monotonic()
    await scene.child.stop(asyncio.Event())
    assert 0.4 < time.monotonic() - began < 5
    assert not process.is_running()


async def test_it_does_not_outlive_a_killed_starter(tmp_path: Path) -> None:
    starter = (
        "import sys; from deploy.local.command import Command; "
        f"child = Command((sys.executable, '-c', {_WAITS!r}, sys.argv[1])).spawn(open(sys.argv[2], 'wb')); "
        "print(child.pid, flush=True); child.wait()"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-c", starter, str(tmp_path / "marks"), str(tmp_path / "log")),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    child = psutil.Process(int(await process.stdout.readline()))
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    if sys.platform == "linux":
        child.wait(10)
    else:
        child.kill()

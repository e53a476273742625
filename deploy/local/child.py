"""One supervised process: started, waited for until it is really ready, started again when it dies, stopped."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.command import Command
from deploy.local.logs import last_line
from deploy.local.problems import CannotStart

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
HEALTHY_AFTER_S = 60.0
_POLL_S = 0.1
_FIRST_STARTS = 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """``before_start`` clears what an earlier life left behind, such as its ready-file."""

    name: str
    command: Command
    is_ready: Callable[[], Awaitable[bool]]
    before_start: Callable[[], None] = lambda: None
    ready_within_s: float = 120.0


class Child:
    def __init__(self, plan: ChildPlan, log_file: Path, say: Say, on_group: Callable[[int, bool], None]) -> None:
        self.plan = plan
        self.restarts = 0
        self._log_file = log_file
        self._say = say
        self._on_group = on_group
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Return when it is ready. Raises CannotStart when it dies three times over, or is not ready in time."""
        for attempt in range(_FIRST_STARTS):
            await self._spawn()
            if await self._becomes_ready():
                self._task = asyncio.create_task(self._keep_running(), name=self.name)
                return
            if attempt + 1 < _FIRST_STARTS:
                await asyncio.sleep(FIRST_DELAY_S)
        raise CannotStart(
            f"{self.name} 启动失败，见 {self._log_file} / does not start: {last_line(self._log_file) or 'no output'}"
        )

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ask, wait for the grace of its command, then kill; whatever its process group still holds goes with it.

        ``hurry`` cuts the grace short, also when it is set only while we wait.
        """
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        process, command = self._process, self.plan.command
        if process is None:
            return
        if not hurry.is_set():
            self._signal(command.stop_signal)
            await _first_of(process.wait(), hurry.wait(), timeout_s=command.stop_grace_s)
        if process.returncode is None:
            self._signal(command.hurry_signal)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5)
        if process.returncode is None:
            self._signal(signal.SIGKILL)
            await process.wait()
        self._sweep(process.pid)

    async def _spawn(self) -> None:
        command = self.plan.command
        try:
            self.plan.before_start()
            with self._log_file.open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(*command.argv, **command.popen_options(output))
        except OSError as error:
            raise CannotStart(f"{self.name} 无法启动 / cannot be started: {error}") from error
        self._on_group(self._process.pid, True)

    async def _becomes_ready(self) -> bool:
        """False when it died first. One that lives but never gets ready is killed and refused."""
        assert self._process is not None
        deadline = time.monotonic() + self.plan.ready_within_s
        while self._process.returncode is None:
            if await self.plan.is_ready():
                return True
            if time.monotonic() > deadline:
                self._signal(signal.SIGKILL)
                limit = f"{self.plan.ready_within_s:.0f} s"
                raise CannotStart(f"{self.name} 未在 {limit} 内就绪，见 {self._log_file} / not ready within {limit}")
            await asyncio.sleep(_POLL_S)
        self._sweep(self._process.pid)
        return False

    async def _keep_running(self) -> None:
        delay_s = FIRST_DELAY_S
        while True:
            assert self._process is not None
            began = time.monotonic()
            code = await self._process.wait()
            self._sweep(self._process.pid)
            if time.monotonic() - began > HEALTHY_AFTER_S:
                delay_s = FIRST_DELAY_S
            self._say(f"{self.name} 退出（{_how(code)}），{delay_s:g} 秒后重启 / ended, restarting in {delay_s:g} s")
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)
            self.restarts += 1
            try:
                await self._spawn()
            except CannotStart as problem:
                self._say(str(problem))

    def _signal(self, number: signal.Signals) -> None:
        """The process itself; a kill is for its whole group."""
        assert self._process is not None
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    def _sweep(self, group: int) -> None:
        """The leader is gone: end what it left in its group, pools of decoders for example."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        self._on_group(group, False)


async def _first_of(*waits: Awaitable[object], timeout_s: float) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    _, pending = await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"

"""Starts a region stage by stage, keeps it running, and stops all of it in the opposite order."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local import sweeper
from deploy.local.child import Child, ChildPlan, Say
from deploy.local.logs import cut_when_large, rotate
from deploy.local.problems import CannotStart
from deploy.local.state import State

_LOG_CHECK_S = 30.0


async def _nothing() -> None:
    """A stage with nothing to do after its children are ready."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Children that start beside each other; ``then`` runs when all are ready, before the next stage."""

    children: tuple[ChildPlan, ...]
    then: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True, slots=True)
class RegionPlan:
    stages: tuple[Stage, ...]
    address: str


class Supervisor:
    """``stop`` ends the run in good order, ``hurry`` at once; both may be set by signals or by a test."""

    def __init__(self, plan: RegionPlan, state: State, say: Say, when_ready: Callable[[], None] = lambda: None) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self._plan = plan
        self._state = state
        self._say = say
        self._when_ready = when_ready
        self._sweeper: asyncio.subprocess.Process | None = None
        self._stages = [[self._child(plan) for plan in stage.children] for stage in plan.stages]

    @property
    def children(self) -> list[Child]:
        return [child for stage in self._stages for child in stage]

    def stop_on_signals(self) -> None:
        """The first SIGINT or SIGTERM stops, the second hurries."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)

    async def run(self) -> None:
        """Until ``stop``. Raises CannotStart when a child does not start; nothing is left running either way."""
        self._sweeper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", sweeper.__file__),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        for child in self.children:
            rotate(self._log_file(child.name))
        starting = asyncio.create_task(self._start_all())
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not self.stop.is_set():
                await starting
                self._when_ready()
                self._say(f"ready {self._plan.address}")
                await self._bound_logs_until_stop()
        finally:
            for task in (starting, stopping):
                task.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._stop_all()

    async def _start_all(self) -> None:
        for stage, children in zip(self._plan.stages, self._stages, strict=True):
            try:
                async with asyncio.TaskGroup() as group:
                    for child in children:
                        group.create_task(child.start())
            except* CannotStart as problems:
                raise problems.exceptions[0] from None
            await stage.then()

    async def _stop_all(self) -> None:
        self._say("正在停止 / stopping")
        for children in reversed(self._stages):
            await asyncio.gather(*(child.stop(self.hurry) for child in children))
        if self._sweeper and self._sweeper.stdin:
            self._sweeper.stdin.close()  # its list is empty: it ends at once
            await self._sweeper.wait()
        self._say("已停止 / stopped")

    async def _bound_logs_until_stop(self) -> None:
        while not self.stop.is_set():
            for child in self.children:
                cut_when_large(self._log_file(child.name))
            try:
                await asyncio.wait_for(self.stop.wait(), _LOG_CHECK_S)
            except TimeoutError:
                continue

    def _child(self, plan: ChildPlan) -> Child:
        return Child(plan, self._log_file(plan.name), self._say, self._tell_sweeper)

    def _log_file(self, name: str) -> Path:
        return self._state.logs / f"{name}.log"

    def _tell_sweeper(self, group: int, begun: bool) -> None:
        assert self._sweeper is not None and self._sweeper.stdin is not None
        self._sweeper.stdin.write(f"{'+' if begun else '-'}{group}\n".encode())

    def _on_signal(self) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()

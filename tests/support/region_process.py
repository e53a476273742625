"""A region as a process of its own, so that a test can send it signals; its console lines are read as they come."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parents[2]


class RegionProcess:
    def __init__(self, process: asyncio.subprocess.Process, state: Path) -> None:
        self._process = process
        self.state = state
        self.lines: list[str] = []
        self.address = ""
        self.family: set[psutil.Process] = set()

    @classmethod
    async def start(cls, state: Path, port: int = 0, env: Mapping[str, str] | None = None) -> Self:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.fake_region", str(state), str(port)),
            cwd=ROOT,
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process, state)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ports(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.state / "ports.json").read_text())
        return found

    async def line(self, wanted: str, timeout_s: float = 60) -> str:
        """The next console line that holds ``wanted``."""
        assert self._process.stdout is not None
        async with asyncio.timeout(timeout_s):
            async for raw in self._process.stdout:
                self.lines.append(raw.decode().rstrip())
                if wanted in self.lines[-1]:
                    return self.lines[-1]
        raise AssertionError(f"ended without {wanted!r}: {self.lines}")

    async def ready(self) -> None:
        self.address = (await self.line("ready ")).removeprefix("ready ")
        self.family = set(psutil.Process(self.pid).children(recursive=True))

    def child(self, *words: str) -> psutil.Process:
        """The one child of the supervisor whose command line holds all the words."""
        (found,) = [
            process
            for process in psutil.Process(self.pid).children()
            if all(any(word in part for part in process.cmdline()) for word in words)
        ]
        self.family.add(found)
        return found

    async def end(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 40) -> int:
        """Send the signal and wait. Returns the exit code; what it says on the way is kept in ``lines``."""
        if self._process.returncode is None:
            self._process.send_signal(number)
        output, _ = await asyncio.wait_for(self._process.communicate(), timeout_s)
        self.lines += output.decode().splitlines()
        assert self._process.returncode is not None
        return self._process.returncode

    async def ended(self) -> int:
        """Wait for it to end by itself."""
        return await asyncio.wait_for(self._process.wait(), 40)

    def survivors(self, timeout_s: float = 15) -> list[str]:
        """Command lines of its processes that still live; waits for those that are just ending."""
        _, alive = psutil.wait_procs(self.family, timeout=timeout_s)
        return [" ".join(process.cmdline()) for process in alive if process.status() != psutil.STATUS_ZOMBIE]

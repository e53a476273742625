"""A server of a test: started, stopped, killed and started again on the same data and port."""

import asyncio
import subprocess
import time
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from deploy.local.command import Command

_POLL_S = 0.05


class Server(Protocol):
    def command(self) -> Command: ...

    async def is_ready(self) -> bool: ...


S = TypeVar("S", bound=Server)


class RunningServer(Generic[S]):
    def __init__(self, server: S, log_file: Path) -> None:
        self.server = server
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not running"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self, timeout_s: float = 60.0) -> None:
        """Start unless it runs, and wait until it really answers."""
        if self.is_running:
            return
        with self._log_file.open("ab") as log:
            self._process = self.server.command().spawn(log)
        deadline = time.monotonic() + timeout_s
        while not await self.server.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                await self.kill()
                tail = self._log_file.read_text("utf-8", "replace")[-2000:]
                raise AssertionError(f"{self._log_file.stem} does not start:\n{tail}")
            await asyncio.sleep(_POLL_S)

    async def stop(self) -> None:
        """An orderly end; by force when it takes longer than the server is allowed."""
        if self._process is None:
            return
        command = self.server.command()
        if self._process.poll() is None:
            self._process.send_signal(command.stop_signal)
        try:
            await asyncio.to_thread(self._process.wait, command.stop_grace_s)
        except subprocess.TimeoutExpired:
            await self.kill()
        self._process = None

    async def kill(self) -> None:
        """As a power cut does it: no warning."""
        if self._process is None:
            return
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        self._process = None

"""A whole region with the demo accounts, started by ``gongzhen up`` as a user would, one for all tests of a process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy.demo.client import Person

PASSWORD = "demo-gongzhen"
PIN = "135790"
_READY_S = 180.0


class RunningRegion:
    def __init__(self, state: Path) -> None:
        self.state = state
        self.console = state / "console.txt"
        with self.console.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli.main", "up", "--demo", "--port", "0", "--state", str(state)],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.url = self._wait_until_ready()
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        self._people: dict[str, Person] = {}

    def person(self, username: str) -> Person:
        """A signed-in account of the demo region; ``hospital1`` by client credentials."""
        if username not in self._people:
            sign_in = Person.sign_in_system if username == "hospital1" else Person.sign_in
            self._people[username] = sign_in(self.http, username, PASSWORD)
        return self._people[username]

    def forget_people(self) -> None:
        """Tokens last ten minutes; long tests sign in again."""
        self._people.clear()

    def pid(self, name: str) -> int:
        """Of a child by its part in the region: ``imaging``, ``imaging-worker``, ``gateway-worker``, ``nats`` …"""
        service, _, kind = name.partition("-")
        for child in psutil.Process(self.process.pid).children():
            words = child.cmdline()
            if name == "nats" and words and words[0].endswith("nats-server"):
                return child.pid
            if kind == "worker" and f"services.{service}.worker" in words:
                return child.pid
            if not kind and f"services.{service}.app:create_app" in words:
                return child.pid
        raise LookupError(name)

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)

    def wait_ready(self, service: str, seconds: float = 90) -> None:
        """Until ``/readyz`` of a service answers 200 on its own port (the front door does not show it)."""
        port = self.ports()[service]
        wait_for(lambda: _answers(f"http://127.0.0.1:{port}/readyz"), seconds, f"{service} is not ready")

    def ports(self) -> dict[str, int]:
        return dict(json.loads((self.state / "ports.json").read_text()))

    def database_url(self, service: str) -> str:
        """As the service's own role, for what a test has to put or look up behind the region's back."""
        password = json.loads((self.state / "secrets.json").read_text())["postgres"][service]
        return f"postgresql://{service}:{password}@127.0.0.1:{self.ports()['postgres']}/{service}"

    def logs(self) -> dict[str, str]:
        texts = {path.name: path.read_text("utf-8", "replace") for path in (self.state / "logs").iterdir()}
        return texts | {"console": self.console.read_text("utf-8", "replace")}

    def stop(self) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(90)

    def _wait_until_ready(self) -> str:
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            text = self.console.read_text("utf-8", "replace")
            for line in text.splitlines():
                if line.startswith("ready "):
                    return line.removeprefix("ready ")
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.process.kill()
        self.process.wait()
        logs = {path.name: path.read_text("utf-8", "replace")[-2000:] for path in (self.state / "logs").glob("*.log")}
        raise RuntimeError(f"the region did not start:\n{self.console.read_text()}\n{logs}")


def wait_for(condition: Callable[[], Any], seconds: float, complaint: str) -> Any:
    """The first true answer of ``condition``; AssertionError after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(complaint)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def region() -> Iterator[RunningRegion]:
    state = Path(tempfile.mkdtemp(prefix="gongzhen-region-"))
    if os.geteuid() == 0:
        state.chmod(0o711)
    running = RunningRegion(state)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(state)


__all__ = ["PASSWORD", "PIN", "RunningRegion", "region", "wait_for"]

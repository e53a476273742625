"""A region of the demo's own: started as a user would start it, in a folder that goes away with it."""

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.demo.client import DemoFailed

_START_S = 180.0
_STOP_S = 60.0
_READY = "ready "


@contextlib.contextmanager
def running_region(tell: Callable[[str], None]) -> Iterator[str]:
    """``gongzhen up --demo`` on free ports; yields its address. Logs are told when it does not start."""
    state = Path(tempfile.mkdtemp(prefix="gongzhen-demo-"))
    if os.geteuid() == 0:
        state.chmod(0o711)  # PostgreSQL's own account has to pass
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", "up", "--demo", "--port", "0", "--state", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _wait_until_ready(process, tell)
    finally:
        _stop(process)
        shutil.rmtree(state)


def _wait_until_ready(process: "subprocess.Popen[str]", tell: Callable[[str], None]) -> str:
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read_all, args=(process, lines), daemon=True).start()
    deadline = time.monotonic() + _START_S
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise DemoFailed(f"the region was not ready within {_START_S:.0f} s") from None
        if line is None:
            raise DemoFailed("the region did not start; what it said stands above")
        if line.startswith(_READY):
            return line.removeprefix(_READY)
        tell(line)


def _read_all(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
    """To the end, so that the region never waits for a reader of its pipe."""
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line.rstrip("\n"))
    lines.put(None)


def _stop(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise DemoFailed("the region did not stop when asked") from None

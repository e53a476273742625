"""The pid file of a PostgreSQL server that ended unasked, by a power cut or a kill."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from deploy.local.problems import CannotStart

_WAIT_S = 15.0


def clear_leftover(data: Path) -> None:
    """Make way for a new server; the caller holds the region's lock, so no other supervisor uses the folder.

    A server that still runs (its supervisor was killed) is asked to stop. A pid that now belongs to another program,
    or a file that a power cut left empty, would make PostgreSQL refuse to start: only then the file is removed. One of
    a dead process is left to PostgreSQL, which also looks for sessions that survived.
    """
    file = data / "postmaster.pid"
    if not file.exists():
        return
    words = file.read_text("ascii", "replace").split()
    if not words or not words[0].isdigit():
        file.unlink()
        return
    pid = int(words[0])
    if not _lives(pid):
        return
    if str(data) not in _command_line(pid):
        file.unlink()
        return
    deadline = time.monotonic() + _WAIT_S
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.1)
        raise CannotStart(f"上一次的 PostgreSQL（进程 {pid}）不肯退出 / the last PostgreSQL (pid {pid}) does not end")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_line(pid: int) -> str:
    """ "" when it cannot be told, which counts as another program."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.exists():
        return proc.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    told = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return told.stdout

"""How one server is started: the command line, its environment, the account, and how it is asked to stop."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from deploy.local.privileges import Account

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Command:
    """``stop_signal`` asks for an orderly end, ``hurry_signal`` for one at once; ``orphan_signal`` is sent by the
    kernel when the starter is gone (Linux only; deploy/local/sweeper.py does it elsewhere).
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 10.0
    hurry_signal: signal.Signals = signal.SIGKILL
    orphan_signal: signal.Signals = signal.SIGKILL

    def popen_options(self, output: IO[bytes]) -> dict[str, Any]:
        """Options of subprocess.Popen and of asyncio's twin: a session of its own, so that a Ctrl-C of the terminal
        reaches the starter alone. Spawn in the main thread: the kernel ties the death signal to the thread.
        """
        options: dict[str, Any] = {
            "env": dict(self.env),
            "cwd": self.folder,
            "stdin": subprocess.DEVNULL,
            "stdout": output,
            "stderr": subprocess.STDOUT,
            "start_new_session": True,
        }
        if self.account:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        if _libc:
            options["preexec_fn"] = _die_with_parent(self.orphan_signal)
        return options

    def spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.argv, **self.popen_options(output))


def base_environment() -> dict[str, str]:
    """What a server needs of our environment and nothing else: no proxies, no tokens of whoever starts it."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME", "TZDIR", "SSL_CERT_FILE", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _die_with_parent(number: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def arm() -> None:
        assert _libc is not None
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl: no signal would ever come
            os.kill(os.getpid(), signal.SIGKILL)

    return arm

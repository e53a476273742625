"""How one server is started: the command line, its environment, the account, and how it is asked to stop."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from deploy.local.privileges import Account

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Command:
    """``stop_signal`` asks for an orderly end; ``orphan_signal`` is what the kernel sends when the starter is gone."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 10.0
    orphan_signal: signal.Signals = signal.SIGKILL

    def spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start it in a session of its own, so that a Ctrl-C of the terminal reaches the starter alone.

        Call it from the main thread: the kernel ties the death signal to the thread that started the child.
        """
        account = self.account
        return subprocess.Popen(
            self.argv,
            env=dict(self.env),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_die_with_parent(self.orphan_signal) if _libc else None,  # noqa: PLW1509  no threads here
        )


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

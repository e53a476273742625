"""What was measured, and on what: without it no figure can be compared with another."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

import psutil

_ROOT = Path(__file__).parents[2]


def measured_on() -> str:
    """Time, cores, memory, commit and the load average of one minute, as they are before anything starts."""
    memory = psutil.virtual_memory().total / (1 << 30)
    parts = [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        f"commit {_commit()}",
        f"load {os.getloadavg()[0]:.1f} before",
    ]
    return "; ".join(parts)


def _commit() -> str:
    """``…+`` where files differ from it; the folder may also be no repository at all."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"

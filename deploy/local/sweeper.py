"""Ends what a killed supervisor leaves behind. It runs as a process of its own and needs the standard library only.

The kernel tells a supervisor's children of its death on Linux alone, and their own children nowhere. So this one
reads the process groups from a pipe, ``+1234`` begun, ``-1234`` ended; when the pipe ends, so did the supervisor.
"""

import os
import signal
import sys
import time
from contextlib import suppress

GRACE_S = 10.0


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    _send(groups, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while groups and time.monotonic() < deadline:
        groups = {group for group in groups if _lives(group)}
        time.sleep(0.1)
    _send(groups, signal.SIGKILL)


def _send(groups: set[int], number: signal.Signals) -> None:
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()

"""``python -m bench.orthanc [group …]``: every figure in which the imaging centre is measured against Orthanc."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.orthanc import memory, namespace, qido, server, stow, study, views
from bench.orthanc.arena import Arena
from bench.orthanc.machine import measured_on
from bench.orthanc.rows import Row, table

_GROUPS: dict[str, Callable[[Arena], list[Row]]] = {
    "qido": qido.rows,
    "views": views.rows,
    "study": study.rows,
    "stow": stow.rows,
    "memory": memory.rows,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.orthanc", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="group", help=f"{', '.join(_GROUPS)}; all of them without")
    groups = parser.parse_args().groups or list(_GROUPS)
    if unknown := set(groups) - set(_GROUPS):
        parser.error(f"there is no {', '.join(sorted(unknown))}: {', '.join(_GROUPS)}")
    if reason := server.missing() or (None if namespace.is_private() else namespace.missing()):
        print(f"the comparison against Orthanc is skipped: {reason}")
        return 0
    if not namespace.is_private():
        namespace.run_inside("bench.orthanc", groups)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers end and their folder goes, as for Ctrl-C
    _compare(groups)
    return 0


def _compare(groups: list[str]) -> None:
    """``memory`` needs processes that have not grown yet: servers of its own, behind all others."""
    started, before = time.monotonic(), measured_on()
    rows: list[Row] = []
    folder = Path(tempfile.mkdtemp(prefix="gongzhen-bench-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    try:
        for together in ([group for group in groups if group != "memory"], [g for g in groups if g == "memory"]):
            if together:
                with Arena(folder / together[0]) as arena:
                    arena.warm_up()
                    for group in together:
                        rows += _GROUPS[group](arena)
                        print(f"… {group}: {time.monotonic() - started:.0f} s so far", flush=True)
                    version = arena.orthanc.version()
    finally:
        shutil.rmtree(folder)
    print(f"\n{before}, {os.getloadavg()[0]:.1f} after; {version}\n\n{table(rows)}")


if __name__ == "__main__":
    sys.exit(main())

"""A private network: only the loopback device, so that nothing outside reaches the servers of the comparison."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

_INSIDE = "GONGZHEN_BENCH_NAMESPACE"
_LOOPBACK_UP = 'ip link set lo up && exec "$@"'


def is_private() -> bool:
    return os.environ.get(_INSIDE) == "1"


def unshare_words() -> list[str]:
    """Users who are not root become nobody else: PostgreSQL refuses to run as root, even as a pretended one."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    return ["unshare", *own, "--net", "--", "sh", "-c", _LOOPBACK_UP, "sh"]


def missing() -> str | None:
    """What keeps this machine from giving one."""
    for program in ("unshare", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed (apt-get install util-linux iproute2)"
    tried = subprocess.run([*unshare_words(), "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"a network namespace is not permitted here: {tried.stderr.strip()[-200:]}"
    return None


def run_inside(module: str, words: Sequence[str]) -> NoReturn:
    """This process becomes ``python -m module words…`` in a namespace of its own: whoever ends it ends that."""
    argv = [*unshare_words(), sys.executable, "-m", module, *words]
    os.execvpe(argv[0], argv, os.environ | {_INSIDE: "1"})

"""When a file in a folder is whole: nothing changed for a while, and nobody holds it."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

if os.name != "nt":
    import fcntl

_UNFINISHED = (".tmp", ".part", ".crdownload", ".filepart", ".swp")
_RESERVED = frozenset({"done", "rejected"})


class Stability:
    """Remembers what each file looked like, and since when."""

    def __init__(self, stable_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stable_s = stable_s
        self._clock = clock
        self._seen: dict[Path, tuple[str, float]] = {}

    def whole(self, paths: Iterable[Path]) -> list[Path]:
        """Of these, those that have not changed for ``stable_s`` since they were first looked at."""
        now = self._clock()
        seen: dict[Path, tuple[str, float]] = {}
        ready: list[Path] = []
        for path in paths:
            mark = mark_of(path)
            if mark is None:
                continue
            before = self._seen.get(path)
            since = before[1] if before is not None and before[0] == mark else now
            seen[path] = (mark, since)
            if before is not None and before[0] == mark and now - since >= self._stable_s and is_free(path):
                ready.append(path)
        self._seen = seen
        return ready

    def age_s(self, path: Path) -> float:
        seen = self._seen.get(path)
        return 0.0 if seen is None else self._clock() - seen[1]


def mark_of(path: Path) -> str | None:
    """Size and time of change; None where it has gone."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return f"{facts.st_size}/{facts.st_mtime_ns}"


def is_free(path: Path) -> bool:
    """Nobody else has it open for writing, as far as the system tells: on Windows opening for writing fails then; on
    Linux only programs that lock are seen, the others by the file's changing."""
    try:
        with path.open("r+b") as file:
            return os.name == "nt" or _lock(file.fileno())
    except PermissionError:
        return os.name != "nt" and os.access(path, os.R_OK) and not os.access(path, os.W_OK)
    except OSError:
        return False


def _lock(descriptor: int) -> bool:
    """A network drive may know no locks at all: then nobody holds one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def files_in(folder: Path) -> list[Path]:
    """All files below, but for our own folders, hidden ones and names of unfinished copies. No symbolic links: they
    could lead anywhere."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = [
            name for name in folders if not name.startswith(".") and not (here == folder and name in _RESERVED)
        ]
        for name in names:
            path = here / name
            if not name.startswith((".", "~")) and not name.lower().endswith(_UNFINISHED) and not path.is_symlink():
                found.append(path)
    return sorted(found)

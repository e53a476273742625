"""A log file per child: a fresh one at each start, the last one kept beside it, and never larger than a bound."""

import shutil
from contextlib import suppress
from pathlib import Path

BOUND_BYTES = 20 * 1024 * 1024


def rotate(file: Path) -> None:
    """``name.log`` becomes ``name.log.1``; what was there before is dropped."""
    if file.exists():
        file.replace(file.with_name(f"{file.name}.1"))


def cut_when_large(file: Path, bound_bytes: int = BOUND_BYTES) -> bool:
    """Copy, then truncate: the writer holds the file open in append mode and goes on at its new end.

    On a full disk there is no copy: what is cut off is then the first room that anything else gets.
    """
    if not file.exists() or file.stat().st_size <= bound_bytes:
        return False
    with suppress(OSError):
        shutil.copyfile(file, file.with_name(f"{file.name}.1"))
    with file.open("r+b") as stream:
        stream.truncate(0)
    return True


def last_line(file: Path, limit_bytes: int = 4096) -> str:
    """What a child said last, for the one line that the console shows of a failure; "" when it said nothing."""
    if not file.exists():
        return ""
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - limit_bytes))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:400] if lines else ""

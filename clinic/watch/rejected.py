"""What cannot be taken, laid beside the folder it came from with the reason in Chinese."""

import contextlib
import re
from pathlib import Path

from clinic.config import Config
from clinic.region.outcomes import Refused
from clinic.spool import items
from clinic.spool.files import chunks_of, write_durably
from clinic.spool.spool import Spool
from shared.clock import show, utc_now

REJECTED = "rejected"
DONE = "done"


def explain(target: Path, reason: str) -> None:
    """``<file>.txt``, with Windows' line ends and byte order mark: Notepad is what opens it."""
    text = f"文件：{target.name}\r\n时间：{show(utc_now())}\r\n原因：{reason}\r\n"
    write_durably(target.with_name(target.name + ".txt"), ["\ufeff".encode() + text.encode()])


def reject(folder: Path, path: Path, reason: str) -> Path:
    """Moves a file that was never taken; where it now lies."""
    target = free_name(folder / REJECTED, path.name)
    explain(target, reason)
    path.replace(target)
    return target


def give_back(config: Config, spool: Spool, batch_id: str, problem: Refused) -> None:
    """Lays what the region refused back beside its watched folder; what came by DICOM is shown on the page only.

    Best effort: the spool still has it.
    """
    for item in items.of_batch(spool.database, batch_id):
        if item.origin is None:
            continue
        origin = Path(item.origin)
        folder = next((each.path for each in config.folders if origin.is_relative_to(each.path)), None)
        if folder is None:
            continue
        with contextlib.suppress(OSError):
            target = free_name(folder / REJECTED, origin.name)
            write_durably(target, chunks_of(spool.path_of(item.file)))
            explain(target, f"中心拒收：{problem.detail}（{problem.code}）")


def free_name(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / name, 1
    stem, suffix = re.fullmatch(r"(.*?)(\.[^.]*)?", name).groups()  # type: ignore[union-attr]
    while target.exists():
        number += 1
        target = folder / f"{stem}-{number}{suffix or ''}"
    return target

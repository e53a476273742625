"""Which files of a cart's folder belong together: a WFDB header and the data files that it names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HEADER_BYTES = 64 * 1024
_DATA = (".dat", ".d16")


@dataclass(frozen=True, slots=True)
class Group:
    """``missing``: what its header names and is not there (yet)."""

    files: tuple[Path, ...]
    missing: tuple[str, ...] = ()


def groups_of(paths: Sequence[Path]) -> list[Group]:
    """Every path in one group. A data file without its header is a group that misses it."""
    by_name = {(path.parent, path.name): path for path in paths}
    groups: list[Group] = []
    used: set[Path] = set()
    for header in sorted(path for path in paths if path.suffix.lower() == ".hea"):
        named = data_files_of(header)
        found = [by_name[header.parent, name] for name in named if (header.parent, name) in by_name]
        missing = tuple(name for name in named if (header.parent, name) not in by_name)
        groups.append(Group((header, *found), missing))
        used |= {header, *found}
    for path in sorted(set(paths) - used):
        lonely = path.suffix.lower() in _DATA
        groups.append(Group((path,), (f"{path.stem}.hea",) if lonely else ()))
    return groups


def data_files_of(header: Path) -> list[str]:
    """WFDB header(5): after the record line, a line for each signal, its first word the file. Names only: a header
    cannot reach out of its folder."""
    with header.open("rb") as file:
        text = file.read(_HEADER_BYTES).decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    names = [line.split()[0] for line in lines[1:]]
    return list(dict.fromkeys(name for name in names if Path(name).name == name and name not in (".", "..", "~")))

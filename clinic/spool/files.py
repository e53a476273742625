"""Bytes that are there after a power cut: written, synced, renamed, their folder synced."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_COPY_BYTES = 1 << 20
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Written:
    path: Path
    size_bytes: int


def write_durably(target: Path, chunks: Iterable[bytes | memoryview]) -> Written:
    """Whole under its name when it returns, or not there at all. Raises OSError, ENOSPC among them."""
    part = target.with_name(target.name + _PART)
    size_bytes = 0
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                size_bytes += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
    return Written(target, size_bytes)


def sync_folder(folder: Path) -> None:
    """Windows knows no handle on a folder; its journal keeps the order of renames."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def chunks_of(path: Path, size_bytes: int = _COPY_BYTES) -> Iterable[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(size_bytes):
            yield chunk


def sha256_of(path: Path, start: int = 0) -> str:
    """Of the bytes from ``start`` on."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        update_from(digest, file)
    return digest.hexdigest()


def update_from(digest: "hashlib._Hash", file: BinaryIO) -> None:
    while chunk := file.read(_COPY_BYTES):
        digest.update(chunk)


def remove_parts(folder: Path) -> int:
    """What a crash left half written; nobody was told that it is here."""
    parts = list(folder.glob(f"*{_PART}"))
    for part in parts:
        part.unlink()
    return len(parts)


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free

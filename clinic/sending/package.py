"""What of the spool goes into one upload, as it goes: ECG files by their names, images as they are or as one ZIP.

The ZIP lies on disk and is the same at every attempt, so that a cut upload goes on where it stopped; its CRCs tell the
region of a byte that the line changed. Deflate changes no byte of a file: a 12-bit image in 16-bit words shrinks by a
third or more, a compressed one is stored as it is.
"""

import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from clinic.dicom.header import UNCOMPRESSED
from clinic.region.transport import ParcelFile
from clinic.spool.files import sha256_of, sync_folder
from clinic.spool.items import Item

_TIME = (2000, 1, 1, 0, 0, 0)  # the same ZIP from the same files
_COPY_BYTES = 1 << 20
SourceOf = Callable[[Item], tuple[Path, str]]


def pack(
    folder: Path, key: str, center: str, items: Sequence[Item], source_of: SourceOf, *, deflate: bool
) -> tuple[ParcelFile, ...]:
    """``source_of``: the file to send for an item, and its transfer syntax. Raises OSError: no room, or a lost file."""
    sources = [(item, *source_of(item)) for item in items]
    if center == "ecg":
        return tuple(ParcelFile(item.name, path, path.stat().st_size) for item, path, _ in sources)
    if len(sources) == 1 and not (deflate and sources[0][2] in UNCOMPRESSED):
        item, path, _ = sources[0]
        return (ParcelFile(item.name, path, path.stat().st_size),)
    target = folder / f"{key}.zip"
    if not target.exists():
        part = target.with_suffix(".zip.part")
        with part.open("wb") as file:
            with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
                for item, path, syntax in sources:
                    _add(archive, item.name, path, deflate=deflate and syntax in UNCOMPRESSED)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(folder)
    return (ParcelFile(target.name, target, target.stat().st_size),)


def digest_of(files: Sequence[ParcelFile]) -> str:
    """Of what goes over the line; another digest cannot go on with an upload begun."""
    return "+".join(sha256_of(file.path) for file in files)


def drop(folder: Path, key: str) -> None:
    for path in (folder / f"{key}.zip", *folder.glob(f"{key}-*.dcm")):
        path.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, path: Path, *, deflate: bool) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    info.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(info, "w") as member:
        while chunk := source.read(_COPY_BYTES):
            member.write(chunk)

"""Instances as one ZIP (PS3.18 8.6.1.3): files of the Part 10, stored without compression, streamed in constant memory.

Nobody knows a file's CRC before it was read, so it follows the file (APPNOTE 4.3.9); over 4 GiB it is a Zip64.
"""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from starlette.responses import StreamingResponse

from services.imaging.dicomweb.multipart import NO_STORE, LatePart, Part, chained, ready
from shared.clock import to_shanghai

ZIP = "application/zip"
_UNSAFE = re.compile(r"[^0-9A-Za-z.-]+")
_LONGEST = 64  # of a UID
_MODE = 0o644 << 16
_EARLIEST = 1980  # a ZIP's clock begins there


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    at: datetime
    part: Part | LatePart


class EntryNames:
    """``<series>/<instance>.dcm``: nothing that a file system could take for a path or a device, and each only once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, series_uid: str, sop_instance_uid: str) -> str:
        stem = f"{safe(series_uid)}/{safe(sop_instance_uid)}"
        name, number = stem, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name.lower())
        return f"{name}.dcm"


def safe(uid: str) -> str:
    return _UNSAFE.sub("_", uid)[:_LONGEST].strip(".") or "_"


async def zip_answer(entries: Iterable[Entry], file_name: str, *, status: int = 200) -> StreamingResponse:
    """As with multipart: bytes that are missing at once are an error, later ones break the connection off."""
    body = _zipped(entries)
    first = await anext(body)
    response = StreamingResponse(chained(first, body), status, media_type=ZIP)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response.headers["Cache-Control"] = NO_STORE
    return response


class _Outlet:
    """What the archive wrote since it was last asked. It cannot be sought: the archive is never whole here."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is held."""

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


async def _zipped(entries: Iterable[Entry]) -> AsyncIterator[bytes]:
    outlet = _Outlet()
    archive = ZipFile(outlet, "w", ZIP_STORED)
    for entry in entries:
        part = await ready(entry.part)
        with archive.open(_info(entry, part), "w", force_zip64=part.length is None) as target:
            async for chunk in part.chunks():
                target.write(chunk)
                yield outlet.take()
    archive.close()
    yield outlet.take()


def _info(entry: Entry, part: Part) -> ZipInfo:
    at = to_shanghai(entry.at)
    info = ZipInfo(entry.name, (max(at.year, _EARLIEST), at.month, at.day, at.hour, at.minute, at.second))
    info.external_attr = _MODE
    info.file_size = part.length or 0  # whether this file needs Zip64
    return info

"""How a parcel gets to a centre. Two ways behind one interface: in one request, and resumable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from clinic.region.bandwidth import Bandwidth
from clinic.region.outcomes import RegionAway

_BLOCK_BYTES = 1 << 16


class Paused(Exception):
    """Something more urgent waits, or the program stops: what has arrived stays, the rest comes later."""


@dataclass(frozen=True, slots=True)
class ParcelFile:
    name: str
    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """``key``: the same for every attempt. ``upload_url``: where an earlier attempt got to."""

    key: str
    center: str
    order_json: str
    files: tuple[ParcelFile, ...]
    upload_url: str | None = None

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a transport tells while it sends, and asks between two blocks."""

    sent: Callable[[int], None]
    keep_upload_url: Callable[[str | None], None]
    should_pause: Callable[[], bool]
    bandwidth: Bandwidth


class Transport(Protocol):
    def deliver(self, parcel: Parcel, progress: Progress) -> str:
        """The case's id, once the region has said that the parcel is durable. Raises Refused, RegionAway, Paused."""


def blocks(file: ParcelFile, progress: Progress, start: int = 0) -> Iterator[bytes]:
    """The file's bytes from ``start``, no faster than allowed. Raises Paused."""
    with file.path.open("rb") as stream:
        stream.seek(start)
        while block := stream.read(_BLOCK_BYTES):
            progress.bandwidth.spend(len(block))
            if progress.should_pause():
                raise Paused
            yield block
            start += len(block)
            progress.sent(start)


def case_id_of(answer: Any) -> str:
    """Raises RegionAway for an answer that is not the region's: nothing may be dropped on its word."""
    case_id = answer.get("case_id") if isinstance(answer, dict) else None
    if not isinstance(case_id, str) or not case_id:
        raise RegionAway("not_the_region")
    return case_id

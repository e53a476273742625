"""MLLP framing without sockets: VT, the message, FS CR. Bytes in, messages out.

Tolerant as analyzers need it: no CR after FS, a new VT where the FS was forgotten, bytes between frames (counted).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

VT, FS, CR = b"\x0b", b"\x1c", b"\r"


class FrameTooLarge(Exception):
    """``head`` begins the message, for the answer."""

    def __init__(self, head: bytes) -> None:
        super().__init__("frame too large")
        self.head = head


@dataclass
class MllpReader:
    max_bytes: int
    junk_bytes: int = 0
    _held: bytearray = field(default_factory=bytearray)
    _inside: bool = False
    _searched: int = 0

    @property
    def inside(self) -> bool:
        """A message has begun and not ended."""
        return self._inside

    @property
    def head(self) -> bytes:
        """Of the message that has begun: enough to answer it."""
        return bytes(self._held[:2000])

    def take_junk(self) -> int:
        """How many bytes stood between frames since the last call."""
        count, self.junk_bytes = self.junk_bytes, 0
        return count

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Raises FrameTooLarge before more than ``max_bytes`` are held."""
        self._held += data
        while self._held:
            if not self._inside and not self._begin():
                return
            end = self._held.find(FS, self._searched)
            begins_anew = self._held.find(VT + b"MSH", self._searched, end if end >= 0 else None)
            if begins_anew >= 0:
                yield self._take(begins_anew, 0)
            elif end >= 0:
                yield self._take(end, 1)
            else:
                self._searched = max(0, len(self._held) - 3)
                if len(self._held) > self.max_bytes:
                    raise FrameTooLarge(self.head)
                return

    def _begin(self) -> bool:
        start = self._held.find(VT)
        skipped = self._held if start < 0 else self._held[:start]
        self.junk_bytes += sum(byte not in b"\r\n \x1c" for byte in skipped)
        del self._held[: len(self._held) if start < 0 else start + 1]
        self._inside = start >= 0
        self._searched = 0
        return self._inside

    def _take(self, end: int, sign: int) -> bytes:
        if end > self.max_bytes:
            raise FrameTooLarge(self.head)
        message = bytes(self._held[:end])
        del self._held[: end + sign]
        self._inside, self._searched = False, 0
        return message


def framed(message: bytes) -> bytes:
    return VT + message + FS + CR

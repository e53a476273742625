"""The link layer of CLSI LIS1-A (ASTM E1381) without sockets or clocks: bytes in, events out.

A message is ENQ, then frames ``STX n text ETB|ETX cc CR LF`` each answered by ACK or NAK, then EOT. ``n`` counts 1 to 7
and on from 0. ``cc`` is the sum of everything from n to ETB or ETX, modulo 256, in hexadecimal. LIS1-A allows 64,000
bytes of text in a frame, E1381 240.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

ENQ, ACK, NAK, EOT = b"\x05", b"\x06", b"\x15", b"\x04"
STX, ETX, ETB, CR, LF = b"\x02", b"\x03", b"\x17", b"\r", b"\n"
FRAME_TEXT = 240
MAX_FRAME_TEXT = 64_000
_OVERHEAD = 16
_END = re.compile(rb"[\x03\x17]..\r\n|[\x02\x04\x05]", re.DOTALL)
_SIGNS = {5: "enq", 6: "ack", 21: "nak", 4: "eot"}


class Signal(StrEnum):
    enq = "enq"
    ack = "ack"
    nak = "nak"
    eot = "eot"
    frame = "frame"  # a whole frame came, good or bad: ``Event.fault``
    junk = "junk"


@dataclass(frozen=True, slots=True)
class Event:
    """``fault`` of a frame: checksum, number, form, too_long; empty when it is good. ``repeated``: sent once more."""

    signal: Signal
    text: bytes = b""
    fault: str = ""
    repeated: bool = False
    ends: bool = False


@dataclass
class FrameReader:
    """Reassembles bytes that arrive in any pieces into events; keeps the frame number that must come next."""

    max_text: int = MAX_FRAME_TEXT
    expected: int = 1
    _held: bytearray = field(default_factory=bytearray)
    _searched: int = (
        0  # bytes in which no end was found: a frame that comes byte by byte is not searched anew each time
    )

    def restart(self) -> None:
        """After ENQ or EOT: the next frame is number 1."""
        self.expected = 1
        self._searched = 0
        self._held.clear()

    @property
    def inside_frame(self) -> bool:
        return bool(self._held)

    def feed(self, data: bytes) -> Iterator[Event]:
        self._held += data
        while self._held:
            first = self._held[0]
            if first == STX[0]:
                size = self._frame_size()
                if size is None:
                    if len(self._held) > self.max_text + _OVERHEAD:
                        self._held.clear()
                        self._searched = 0
                        yield Event(Signal.frame, fault="too_long")
                    return
                frame = bytes(self._held[:size])
                del self._held[:size]
                yield self._judged(frame)
            else:
                del self._held[:1]
                name = _SIGNS.get(first)
                if name in ("enq", "eot"):
                    self.expected = 1
                if name:
                    yield Event(Signal(name))
                elif first not in b"\r\n":
                    yield Event(Signal.junk)

    def _frame_size(self) -> int | None:
        """Through LF, or up to the next STX, ENQ or EOT that comes before it (a frame that was cut off)."""
        found = _END.search(self._held, max(1, self._searched - 4))
        if found is None:
            self._searched = len(self._held)
            return None
        self._searched = 0
        return found.end() if found[0][0] in b"\x03\x17" else found.start()

    def _judged(self, frame: bytes) -> Event:
        body, fault = split_frame(frame)
        if fault:
            return Event(Signal.frame, fault=fault)
        number = body[0] - 48
        if number == (self.expected - 1) % 8:
            return Event(Signal.frame, repeated=True)  # our ACK was lost: acknowledge again, do not store again
        if number != self.expected:
            return Event(Signal.frame, fault="number")
        self.expected = (self.expected + 1) % 8
        return Event(Signal.frame, text=body[1:], ends=frame[-5:-4] == ETX)


def split_frame(frame: bytes) -> tuple[bytes, str]:
    """Number and text of a frame from STX to LF, or what is wrong with it."""
    if len(frame) < 7 or frame[-2:] != CR + LF or frame[-5:-4] not in (ETX, ETB) or not 48 <= frame[1] <= 55:
        return b"", "form"
    if frame[-4:-2].upper() != checksum(frame[1:-4]):
        return b"", "checksum"
    return frame[1:-5], ""


def checksum(counted: bytes) -> bytes:
    """``counted`` runs from the frame number to ETB or ETX."""
    return f"{sum(counted) % 256:02X}".encode()


def frames_of(message: bytes, size: int = FRAME_TEXT) -> list[bytes]:
    """The frames of a message: a frame for each record; a longer record is cut, its parts end with ETB."""
    frames: list[bytes] = []
    for record in message.replace(b"\n", b"").split(CR):
        if not record:
            continue
        whole = record + CR
        parts = [whole[at : at + size] for at in range(0, len(whole), size)]
        for place, part in enumerate(parts, start=1):
            counted = b"%d" % ((len(frames) + 1) % 8) + part + (ETX if place == len(parts) else ETB)
            frames.append(STX + counted + checksum(counted) + CR + LF)
    return frames


def unframed(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The records of a captured or uploaded session, whether or not it is framed. A frame with a wrong checksum is kept
    with the remark ``checksum_wrong``: whoever uploads a file cannot be asked for the frame again."""
    if STX not in raw:
        return raw.translate(None, ENQ + ACK + NAK + EOT), ()
    texts: list[bytes] = []
    remarks: dict[str, None] = {}
    last = b""
    for part in raw.split(STX)[1:]:
        ends = max(part.rfind(ETX), part.rfind(ETB))
        body = part[:ends] if ends > 0 else part
        if ends < 0:
            remarks["frame_cut"] = None
        elif part[ends + 1 : ends + 3].upper() != checksum(part[: ends + 1]):
            remarks["checksum_wrong"] = None
        if body == last:
            continue
        last = body
        texts.append(body[1:] if body[:1].isdigit() else body)
    return b"".join(texts), tuple(remarks)

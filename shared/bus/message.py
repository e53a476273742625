"""What travels: messages as handlers get them, those that were given up, and figures about streams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as a handler gets it. ``repr`` leaves out what may hold a patient's name.

    ``sequence`` is its place in the stream; ``attempt`` counts deliveries to this consumer from 1;
    ``published_at`` is the server's time of storing, UTC.
    """

    subject: str
    data: bytes = field(repr=False)
    message_id: str
    sequence: int
    published_at: datetime
    attempt: int = 1
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that its consumer gave up. ``error`` is a code or a place in the source, never the error's text.

    ``sequence`` names it within the dead letters; ``subject``, ``stream``, ``message_id`` are the original's.
    """

    sequence: int
    service: str
    durable: str
    stream: str
    subject: str
    message_id: str
    error_class: str
    error: str
    attempts: int
    failed_at: datetime
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Oldest first; ``next_cursor`` is None on the last page."""

    items: list[DeadLetter]
    next_cursor: int | None


@dataclass(frozen=True, slots=True)
class StreamUsage:
    """``ratio`` of the size limit in use, 0 … 1; the region's alarm is at 0.7, since a full stream refuses."""

    stream: str
    messages: int
    size_bytes: int
    limit_bytes: int

    @property
    def ratio(self) -> float:
        return self.size_bytes / self.limit_bytes if self.limit_bytes > 0 else 0.0


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """``waiting`` not yet delivered, ``unsettled`` delivered but neither acknowledged nor given up."""

    waiting: int
    unsettled: int

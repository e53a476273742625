"""When what goes: the most urgent first, in its hours, after its pause."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from clinic.config import Hours, Sending
from clinic.spool.batches import Batch
from clinic.spool.items import RANKS
from shared.clock import to_shanghai


class Backoff:
    """Doubling pauses with full jitter, so that thirty clinics do not all come back in one second.

    Kept in memory and by the steady clock: a PC whose date jumps waits neither for ever nor not at all.
    """

    def __init__(
        self,
        first_s: float,
        most_s: float,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def failed(self, key: str, retry_after_s: float | None = None) -> float:
        """How long ``key`` now rests, in seconds. The region's Retry-After is a lower bound."""
        with self._lock:
            count = self._failures[key] = self._failures.get(key, 0) + 1
            ceiling = min(self._most_s, self._first_s * float(1 << min(count - 1, 30)))
            delay_s = max(ceiling * (0.5 + 0.5 * self._jitter()), min(retry_after_s or 0.0, self._most_s))
            self._until[key] = self._clock() + delay_s
            return delay_s

    def worked(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)
            self._until.pop(key, None)

    def left_s(self, key: str) -> float:
        with self._lock:
            return max(0.0, self._until.get(key, 0.0) - self._clock())

    def next_s(self) -> float | None:
        """Until the first of those that rest now is over; None when nothing rests."""
        with self._lock:
            now = self._clock()
            return min((until - now for until in self._until.values() if until > now), default=None)


def hours_of(config: Sending, priority: str) -> Hours | None:
    return next((hours for name, hours in config.hours.items() if name == priority), None)


def is_within(hours: Hours | None, moment: datetime) -> bool:
    if hours is None:
        return True
    now = to_shanghai(moment).time()
    if hours.since <= hours.until:
        return hours.since <= now < hours.until
    return now >= hours.since or now < hours.until


def choose(waiting: Sequence[Batch], config: Sending, moment: datetime, left_s: Callable[[str], float]) -> Batch | None:
    """``waiting`` by priority, then age. What rests after a failure lets the next one pass."""
    for batch in waiting:
        if is_within(hours_of(config, batch.priority), moment) and left_s(batch.batch_id) <= 0:
            return batch
    return None


def is_more_urgent(one: str, other: str) -> bool:
    return RANKS[one] < RANKS[other]

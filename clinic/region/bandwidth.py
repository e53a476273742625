"""A token bucket: so many bytes a second, over all uploads, with a second's worth at once."""

import threading
import time
from collections.abc import Callable


class Bandwidth:
    """``stop`` ends every wait. Zero bytes a second is no limit."""

    def __init__(self, bytes_per_s: float, stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = bytes_per_s
        self._stop = stop
        self._clock = clock
        self._lock = threading.Lock()
        self._level = bytes_per_s
        self._at = clock()

    def spend(self, count: int) -> None:
        """Returns once ``count`` bytes may go."""
        delay_s = self.delay_for(count)
        if delay_s > 0:
            self._stop.wait(delay_s)

    def delay_for(self, count: int) -> float:
        """Takes them from the bucket, into debt if need be; how long to wait, in seconds."""
        if self._rate <= 0:
            return 0.0
        with self._lock:
            now = self._clock()
            self._level = min(self._rate, self._level + (now - self._at) * self._rate) - count
            self._at = now
            return max(0.0, -self._level / self._rate)

"""A bound for what anybody may call: so many calls a minute from one address."""

import math
import time
from collections import OrderedDict

from fastapi import Request

from shared.errors import TooManyRequests
from shared.web import client_address

_MOST_ADDRESSES = 20_000


class RateLimit:
    """A token bucket an address, in this process."""

    def __init__(self, per_minute: int) -> None:
        self._burst = float(per_minute)
        self._per_s = per_minute / 60
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, request: Request) -> None:
        """Raises TooManyRequests with the seconds until the next call may succeed."""
        address, now = client_address(request), time.monotonic()
        left, at = self._buckets.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        if left < 1:
            self._buckets[address] = (left, now)
            raise TooManyRequests(retry_after_s=math.ceil((1 - left) / self._per_s))
        self._buckets[address] = (left - 1, now)
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)

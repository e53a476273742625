"""Failed attempts are slowed by account *and* address: guessing gets slow, and nobody can lock another out.

A right password from another address is never held up by what strangers did to the name; from the same address it
waits a minute at most, since a township's whole clinic may share one.
"""

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from services.gateway.queries import sessions as queries
from shared.db import Session
from shared.errors import TooManyRequests

FREE_FAILURES = 5
LONGEST_DELAY_S = 60.0
PER_ADDRESS = 2  # of the four passwords that are hashed at once


def delay_s(failures: int) -> float:
    """Nothing for the first four, then 1, 2, 4 … 60 seconds."""
    if failures < FREE_FAILURES:
        return 0.0
    return min(2.0 ** min(failures - FREE_FAILURES, 16), LONGEST_DELAY_S)


def attempt_key(kind: str, *parts: str) -> str:
    return hashlib.sha256("\x00".join((kind, *parts)).encode()).hexdigest()


@dataclass(slots=True)
class Attempts:
    """Turns of this process. A hundred attempts of one key at once would all be heard before one was counted; a flood
    from one address would let everybody else's logins wait behind it."""

    _keys: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _addresses: WeakValueDictionary[str, asyncio.Semaphore] = field(default_factory=WeakValueDictionary)

    @asynccontextmanager
    async def one_at_a_time(self, key: str) -> AsyncIterator[None]:
        lock = self._keys.setdefault(key, asyncio.Lock())
        async with lock:
            yield

    @asynccontextmanager
    async def few_at_a_time(self, address: str) -> AsyncIterator[None]:
        turns = self._addresses.setdefault(address, asyncio.Semaphore(PER_ADDRESS))
        async with turns:
            yield


async def require_open(session: Session, key: str) -> None:
    """Raises TooManyRequests (``too_many_attempts``) while the key is slowed down."""
    wait_s = await queries.blocked_for(session, key)
    if wait_s > 0:
        raise TooManyRequests(
            "尝试次数过多，请稍后再试", code="too_many_attempts", retry_after_s=max(1, math.ceil(wait_s))
        )


async def count_failure(session: Session, key: str) -> None:
    failures = await queries.count_failure(session, key)
    wait_s = delay_s(failures)
    if wait_s > 0:
        await queries.block(session, key, wait_s)


async def forget(session: Session, key: str) -> None:
    await queries.forget_failures(session, key)

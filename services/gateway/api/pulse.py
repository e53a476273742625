"""Who waits for news in this process: one look at the counters for all of them, none holds a database connection.

The projections run in the worker's process; it announces each step over plain NATS. An announcement may be lost, so
the counters are looked at each second anyway.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from services.gateway.models.feed import LiveEvent
from services.gateway.projections.consumers import ANNOUNCEMENT
from services.gateway.queries import feed
from shared.auth import Actor
from shared.bus import Bus
from shared.db import Database
from shared.errors import GongzhenError
from shared.telemetry import fields

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_BATCH = 1000
_FOLLOWER_BACKLOG = 1000


@dataclass(eq=False, slots=True)
class Follower:
    """One open event stream; no ``kinds`` are all. None in the queue ends it: it fell behind, or the process stops."""

    org_id: str
    centers: frozenset[str]
    kinds: frozenset[str] = frozenset()
    queue: asyncio.Queue[LiveEvent | None] = field(default_factory=lambda: asyncio.Queue(_FOLLOWER_BACKLOG))

    def sees(self, event: LiveEvent) -> bool:
        is_wanted = not self.kinds or event.kind in self.kinds
        return is_wanted and event.org_id == self.org_id and (not self.centers or event.center in self.centers)

    def offer(self, event: LiveEvent | None) -> None:
        """A client that does not read loses its stream, not the process its memory; it resumes by Last-Event-ID."""
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            event = None
        self.queue.put_nowait(event)


class Pulse:
    def __init__(self, db: Database, bus: Bus) -> None:
        self._db = db
        self._bus = bus
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._first_feed = 0
        self._feed = 0
        self._last_of: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._followers: set[Follower] = set()
        self.live = 0
        self.live_epoch = ""

    @property
    def followers(self) -> int:
        return len(self._followers)

    @property
    def waiting(self) -> int:
        return sum(len(waiters) for waiters in self._waiting.values())

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    async def start(self) -> None:
        async with self._db.transaction() as session:
            heads = await feed.heads(session)
        self._first_feed = self._feed = heads["reports"].n
        self.live, self.live_epoch = heads["live"].n, heads["live"].epoch
        self._tasks = [
            asyncio.create_task(self._look_on(), name="pulse"),
            asyncio.create_task(
                self._bus.listen(ANNOUNCEMENT, self._on_announcement, self._stop), name="announcements"
            ),
        ]

    async def stop(self) -> None:
        self._stop.set()
        self._news.set()
        for follower in self._followers:
            follower.offer(None)
        for waiters in self._waiting.values():
            for waiter in waiters:
                waiter.set()
        await asyncio.gather(*self._tasks)

    async def wait_for_report(self, org_id: str, seen: int, timeout_s: float) -> None:
        """Until a line for ``org_id`` behind ``seen`` may be there, or for ``timeout_s``."""
        if seen < self._first_feed or self._last_of.get(org_id, 0) > seen or self._stop.is_set():
            return
        waiter = asyncio.Event()
        waiters = self._waiting.setdefault(org_id, set())
        waiters.add(waiter)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiter.wait(), timeout_s)
        finally:
            waiters.discard(waiter)

    @asynccontextmanager
    async def follow(self, actor: Actor, kinds: frozenset[str] = frozenset()) -> AsyncIterator[tuple[Follower, int]]:
        """A follower, and the number behind which it gets every event of its own."""
        follower = Follower(actor.org_id, actor.centers, kinds)
        self._followers.add(follower)
        if self._stop.is_set():
            follower.offer(None)
        try:
            yield follower, self.live
        finally:
            self._followers.discard(follower)

    def _begin_anew(self, epoch: str) -> None:
        """The projections were emptied: numbers begin again, streams end and come back to a reset."""
        self.live_epoch, self.live, self._feed, self._first_feed = epoch, 0, 0, 0
        self._last_of.clear()
        for follower in self._followers:
            follower.offer(None)

    async def _on_announcement(self, _subject: str, _data: bytes) -> None:
        self._news.set()

    async def _look_on(self) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _LOOK_EVERY_S)
            self._news.clear()
            try:
                await self._look()
            except GongzhenError as error:
                logger.warning("the counters cannot be read", extra=fields(code=error.code))
            except Exception:
                logger.exception("the counters cannot be read")

    async def _look(self) -> None:
        async with self._db.transaction() as session:
            heads = await feed.heads(session)
            reports, live = heads["reports"].n, heads["live"].n
            if heads["live"].epoch != self.live_epoch:
                self._begin_anew(heads["live"].epoch)
            changed = await feed.organizations_between(session, self._feed, reports) if reports > self._feed else {}
            events = await feed.live_between(session, self.live, live, limit=_BATCH) if live > self.live else []
        self._feed = reports
        self._last_of |= changed
        for org_id in changed:
            for waiter in self._waiting.get(org_id, ()):
                waiter.set()
        for event in events:
            for follower in self._followers:
                if follower.sees(event):
                    follower.offer(event)
        if len(events) == _BATCH:
            self.live = events[-1].live_seq
            self._news.set()
        else:
            self.live = live

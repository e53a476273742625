"""One writer an upload. A client whose line was cut comes back before the server has noticed: the newer one counts.

Within this process; between processes the row's ``writer`` decides (queries/uploads.py).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Writers:
    def __init__(self) -> None:
        self._turns: dict[str, asyncio.Event] = {}
        self._locks: dict[str, tuple[asyncio.Lock, list[None]]] = {}

    @asynccontextmanager
    async def turn(self, upload_id: str) -> AsyncIterator[asyncio.Event]:
        """The turn of whoever writes, finishes or looks; the event is set when somebody else waits for it."""
        lock, waiting = self._locks.setdefault(upload_id, (asyncio.Lock(), []))
        waiting.append(None)
        if (holder := self._turns.get(upload_id)) is not None:
            holder.set()
        try:
            async with lock:
                stop = self._turns[upload_id] = asyncio.Event()
                if len(waiting) > 1:
                    stop.set()  # somebody came while this one waited itself: the newest counts
                try:
                    yield stop
                finally:
                    del self._turns[upload_id]
        finally:
            waiting.pop()
            if not waiting:
                del self._locks[upload_id]

"""A worker process: named loops beside each other, each started again with back-off when it fails."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from shared import audit, outbox
from shared.db import Database
from shared.directory import follow
from shared.errors import GongzhenError, Unavailable
from shared.resources import Resources
from shared.telemetry import fields, new_correlation_id

logger = logging.getLogger(__name__)

_BACKOFF_MAX_S = 30.0


@dataclass(frozen=True, slots=True)
class Loop:
    """``run(stop)`` returns only when ``stop`` is set; whatever it raises is logged and it is run again.

    ``ready`` is set by the loop once it is attached; without one it counts as ready from the start.
    """

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]
    ready: asyncio.Event | None = None


def every(name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> Loop:
    """A loop that does ``work`` each ``seconds``; a failure waits for the next round, loudly."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            new_correlation_id()
            await work()
            await pause(stop, seconds)

    return Loop(name, run)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Until ``stop`` or for ``seconds``, whichever is first."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def core_loops(resources: Resources) -> list[Loop]:
    """What every service's worker does: keep the streams, relay the outbox, follow the directory, seal the audit."""
    db, bus, directory_ready = resources.db, resources.bus, asyncio.Event()
    return [
        every("streams", 60.0, bus.ensure_streams),
        Loop("outbox", lambda stop: outbox.run_relay(db, bus, stop)),
        Loop("directory", lambda stop: follow(db, bus, stop, directory_ready), directory_ready),
        every("audit-seal", 1.0, lambda: audit.seal_once(db)),
        every("outbox-sweep", 3600.0, lambda: _sweep(db)),
    ]


async def _sweep(db: Database) -> None:
    async with db.transaction() as session:
        await outbox.sweep(session)


async def run_loops(loops: list[Loop], stop: asyncio.Event, ready_file: Path | None = None) -> None:
    """Run until ``stop``. ``ready_file`` is written once every loop that says so is attached."""
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(_keep_running(loop, stop), name=loop.name)
        if ready_file is not None:
            announcing = group.create_task(_announce_ready(loops, ready_file))
            await stop.wait()
            announcing.cancel()


async def _announce_ready(loops: list[Loop], ready_file: Path) -> None:
    for loop in loops:
        if loop.ready is not None:
            await loop.ready.wait()
    await asyncio.to_thread(ready_file.write_text, "ready\n")


async def _keep_running(loop: Loop, stop: asyncio.Event) -> None:
    delay_s = 0.5
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await loop.run(stop)
        except Unavailable as error:
            logger.warning("loop waits for a part that is away", extra=fields(loop=loop.name, code=error.code))
        except GongzhenError as error:
            logger.exception("loop failed", extra=fields(loop=loop.name, code=error.code))
        except Exception:
            logger.exception("loop failed", extra=fields(loop=loop.name))
        if asyncio.get_running_loop().time() - started > 60:
            delay_s = 0.5
        await pause(stop, delay_s)
        delay_s = min(delay_s * 2, _BACKOFF_MAX_S)


def stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop

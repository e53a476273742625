"""Stored objects that no row names: left by a crash between writing a pack and committing its rows."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.clock import utc_now
from shared.db import Session
from shared.reading.queries import quarantine
from shared.resources import Resources

KeysInUse = Callable[[Session, list[str]], Awaitable[set[str]]]
_BATCH = 1000


async def drop_orphans(resources: Resources, older_than_hours: float, in_use: KeysInUse) -> int:
    """Drop objects of the centre's store that neither its own rows nor the quarantine name; returns how many.

    ``in_use`` tells which of some keys the centre's rows name: whatever it forgets is swept away. Only objects older
    than any upload can last may be looked at: a pack whose transaction is still open is younger.
    """
    dropped = 0
    keys: list[str] = []
    async for stored in resources.blobs.list_keys(utc_now() - timedelta(hours=older_than_hours)):
        keys.append(stored.key)
        if len(keys) >= _BATCH:
            dropped += await drop_unused(resources, keys, in_use)
            keys = []
    return dropped + await drop_unused(resources, keys, in_use)


async def drop_unused(resources: Resources, keys: list[str], in_use: KeysInUse) -> int:
    """Drop those of ``keys`` that no row names any more. Only of objects whose rows were committed once: one whose
    transaction is still open looks the same."""
    if not keys:
        return 0
    async with resources.db.transaction() as session:
        used = await in_use(session, keys) | await quarantine.keys_in_use(session, keys)
    orphans = [key for key in keys if key not in used]
    for key in orphans:
        await resources.blobs.delete(key)
    return len(orphans)

"""What may go: live events nobody can resume from any more, stored bytes that no report names."""

from datetime import timedelta

from services.gateway.queries import feed, reports
from shared.clock import utc_now
from shared.resources import Resources

ORPHAN_AGE = timedelta(hours=24)
_BATCH = 500


async def sweep_live_events(resources: Resources, hours: int) -> None:
    async with resources.db.transaction() as session:
        await feed.sweep_live(session, timedelta(hours=hours))


async def sweep_blobs(resources: Resources, age: timedelta = ORPHAN_AGE) -> int:
    """Copies whose transaction never came about, old enough that none is under way; returns how many went."""
    dropped, batch = 0, []
    async for stored in resources.blobs.list_keys(utc_now() - age):
        batch.append(stored.key)
        if len(batch) == _BATCH:
            dropped += await _drop_unnamed(resources, batch)
            batch = []
    return dropped + await _drop_unnamed(resources, batch)


async def _drop_unnamed(resources: Resources, keys: list[str]) -> int:
    if not keys:
        return 0
    async with resources.db.transaction() as session:
        named = await reports.named_keys(session, keys)
    unnamed = [key for key in keys if key not in named]
    for key in unnamed:
        await resources.blobs.delete(key)
    return len(unnamed)

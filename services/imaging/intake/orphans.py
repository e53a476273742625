"""Stored objects that no row names: left by a crash between writing a pack and committing its rows."""

from datetime import timedelta

from services.imaging.queries import instances, quarantine
from services.imaging.settings import ImagingSettings
from shared.clock import utc_now
from shared.resources import Resources

_BATCH = 1000


async def drop_orphans(resources: Resources, settings: ImagingSettings) -> int:
    """Drop objects older than ``orphan_hours`` that neither an instance nor the quarantine names; returns how many.

    Only objects older than any upload can last are looked at: a pack whose transaction is still open is younger.
    Whatever else is ever kept in this centre's store has to be asked for here, or it is swept away.
    """
    dropped = 0
    keys: list[str] = []
    async for stored in resources.blobs.list_keys(utc_now() - timedelta(hours=settings.orphan_hours)):
        keys.append(stored.key)
        if len(keys) >= _BATCH:
            dropped += await _drop(resources, keys)
            keys = []
    return dropped + await _drop(resources, keys)


async def _drop(resources: Resources, keys: list[str]) -> int:
    if not keys:
        return 0
    async with resources.db.transaction() as session:
        used = await instances.keys_in_use(session, keys) | await quarantine.keys_in_use(session, keys)
    orphans = [key for key in keys if key not in used]
    for key in orphans:
        await resources.blobs.delete(key)
    return len(orphans)

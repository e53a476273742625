"""Signed files that no version names: their commit failed, or the reviewer's pair took the author's place.

A centre looks at what it wrote itself, under its own prefix: of another centre's files it has no rows, and would take
all of them for lost.
"""

from datetime import timedelta

from shared.blobs import BlobStore
from shared.clock import utc_now
from shared.db import Database
from shared.reading.queries.stored_files import named_keys

SWEEP_S = 6 * 3600.0
_YOUNGEST = timedelta(hours=24)  # no transaction is open so long
_OLDEST = timedelta(days=30)  # older ones were looked at many times: a region keeps its reports for decades
_BATCH = 10_000


async def drop_unnamed_files(db: Database, blobs: BlobStore) -> int:
    """Returns how many objects were dropped. ``blobs`` must be the region's store as this centre writes it."""
    now, dropped = utc_now(), 0
    keys: list[str] = []
    async for stored in blobs.list_keys(now - _YOUNGEST):
        if stored.created_at > now - _OLDEST:
            keys.append(stored.key)
        if len(keys) >= _BATCH:
            dropped += await _drop(db, blobs, keys)
            keys = []
    return dropped + await _drop(db, blobs, keys)


async def _drop(db: Database, blobs: BlobStore, keys: list[str]) -> int:
    if not keys:
        return 0
    async with db.transaction() as session:
        named = await named_keys(session, keys)
    unnamed = [key for key in keys if key not in named]
    for key in unnamed:
        await blobs.delete(key)
    return len(unnamed)

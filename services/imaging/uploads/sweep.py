"""What nobody comes back for: expired uploads go, whole ones whose process died are finished."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from services.imaging.queries import uploads
from services.imaging.settings import settings_of
from services.imaging.uploads.files import ids_in, remove
from services.imaging.uploads.finish import Finisher, is_ready
from services.imaging.uploads.writers import Writers
from shared.auth import Actor, Role
from shared.resources import Resources

EXPIRED_S = 600.0
ABANDONED_S = 60.0


async def drop_expired(resources: Resources) -> int:
    """Rows first, then the files that no open row names; returns how many files went."""
    folder = settings_of(resources).spool_dir
    kept = await asyncio.to_thread(ids_in, folder)  # before the rows: one that is made meanwhile is not among them
    async with resources.db.transaction() as session:
        await uploads.drop_expired(session)
        named = await uploads.open_ids(session, kept)
    gone = [upload_id for upload_id in kept if upload_id not in named]
    await asyncio.to_thread(remove, folder, gone)
    return len(gone)


async def finish_abandoned(resources: Resources) -> int:
    """Returns how many were finished, taken or refused."""
    count = 0
    with ThreadPoolExecutor(1, thread_name_prefix="sort") as sorters:
        finisher = Finisher(resources, Writers(), sorters)
        async with resources.db.transaction() as session:
            found = [
                each for each in await uploads.abandoned(session) if is_ready(each, await uploads.group(session, each))
            ]
        for upload in found:
            actor = Actor(
                upload.account_id, upload.account_name, upload.account_name, upload.clinic_id, frozenset({Role.clinic})
            )
            await finisher.finish(actor, upload.upload_id, "")
            count += 1
    return count

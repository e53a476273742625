"""Refused files: kept for thirty days, seen by administrators."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.blobs import BlobRef
from shared.reading.models import QuarantinedFile


async def add(session: AsyncSession, files: Sequence[QuarantinedFile]) -> None:
    session.add_all(files)
    await session.flush()


async def page(session: AsyncSession, *, limit: int, after: str | None) -> list[QuarantinedFile]:
    """The newest first, from below the id ``after``: ids begin with the time of their making."""
    statement = select(QuarantinedFile).order_by(QuarantinedFile.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(QuarantinedFile.id < after)
    return list(await session.scalars(statement))


async def get(session: AsyncSession, quarantine_id: str) -> QuarantinedFile | None:
    return await session.get(QuarantinedFile, quarantine_id)


def blob_of(file: QuarantinedFile) -> BlobRef | None:
    if file.blob_store is None or file.blob_key is None or file.blob_offset is None or file.blob_length is None:
        return None
    return BlobRef(file.blob_store, file.blob_key, file.blob_offset, file.blob_length, file.sha256)


async def drop_older_than(session: AsyncSession, age: timedelta) -> set[str]:
    """Returns the keys of the objects that held the dropped files' bytes."""
    dropped = await session.scalars(
        delete(QuarantinedFile)
        .where(QuarantinedFile.received_at < func.clock_timestamp() - age)
        .returning(QuarantinedFile.blob_key)
    )
    return {key for key in dropped if key is not None}


async def drop_content_over(session: AsyncSession, most_bytes: int) -> set[str]:
    """Of each clinic the newest files up to ``most_bytes`` together keep their bytes, older rows are left without.

    Returns the keys of the objects that held them; other rows may name the same object.
    """
    newest_first = (QuarantinedFile.received_at.desc(), QuarantinedFile.id.desc())
    running = func.sum(QuarantinedFile.blob_length).over(partition_by=QuarantinedFile.clinic_id, order_by=newest_first)
    kept = (
        select(QuarantinedFile.id, QuarantinedFile.blob_key, running.label("bytes_so_far"))
        .where(QuarantinedFile.blob_key.is_not(None))
        .subquery()
    )
    beyond = (await session.execute(select(kept.c.id, kept.c.blob_key).where(kept.c.bytes_so_far > most_bytes))).all()
    await session.execute(
        update(QuarantinedFile)
        .where(QuarantinedFile.id == func.any([row.id for row in beyond]))
        .values(blob_store=None, blob_key=None, blob_offset=None, blob_length=None)
    )
    return {row.blob_key for row in beyond}


async def keys_in_use(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    rows = await session.scalars(
        select(QuarantinedFile.blob_key).where(QuarantinedFile.blob_key == func.any(list(keys))).distinct()
    )
    return {key for key in rows if key is not None}

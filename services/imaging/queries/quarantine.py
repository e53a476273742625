"""Refused files: kept for thirty days, seen by administrators."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.imaging.models import QuarantinedFile
from shared.blobs import BlobRef


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


async def keys_in_use(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    rows = await session.scalars(
        select(QuarantinedFile.blob_key).where(QuarantinedFile.blob_key == func.any(list(keys))).distinct()
    )
    return {key for key in rows if key is not None}

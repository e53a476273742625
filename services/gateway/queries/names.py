"""Names of organizations from the directory's read copy."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.directory import DirectoryRow
from shared.events.directory import Organization


async def organization_names(session: AsyncSession, org_ids: Iterable[str | None]) -> dict[str, str]:
    """Each organization's name; its id while the directory has not arrived yet."""
    wanted = sorted({org_id for org_id in org_ids if org_id is not None})
    if not wanted:
        return {}
    rows = await session.execute(
        select(DirectoryRow.record_id, DirectoryRow.record["name"].astext).where(
            DirectoryRow.kind == Organization.kind, DirectoryRow.record_id.in_(wanted)
        )
    )
    return {org_id: org_id for org_id in wanted} | {row[0]: row[1] for row in rows if row[1]}

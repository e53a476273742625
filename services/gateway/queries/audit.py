"""The gateway's own audit entries, for auditors."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import AuditEntry


async def audit_entries(
    session: AsyncSession,
    *,
    equal_to: dict[str, str],
    since: datetime | None,
    until: datetime | None,
    before_id: int | None,
    limit: int,
) -> Sequence[AuditEntry]:
    """Newest first. ``equal_to`` maps a column (account_id, action, record_kind, record_id) to the value asked for."""
    query = select(AuditEntry).filter_by(**equal_to).order_by(AuditEntry.id.desc()).limit(limit)
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    return (await session.scalars(query)).all()

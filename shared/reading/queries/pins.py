"""Tries at the signing PIN, as the audit has them."""

from sqlalchemy import func, select, text

from shared.audit import AuditEntry
from shared.db import Session

ACTION = "signing.unlock"
WRONG = "wrong_pin"


async def recent_failures(session: Session, account_id: str) -> tuple[int, float]:
    """Wrong PINs of the last hour since the last right one, and the seconds since the newest of them."""
    tries = (
        AuditEntry.record_kind == "account",
        AuditEntry.record_id == account_id,
        AuditEntry.action == ACTION,
        AuditEntry.at > func.clock_timestamp() - text("interval '1 hour'"),
    )
    last_good = select(func.coalesce(func.max(AuditEntry.id), 0)).where(*tries, AuditEntry.outcome == "ok")
    since = func.extract("epoch", func.clock_timestamp() - func.max(AuditEntry.at))
    row = (
        await session.execute(
            select(func.count(), func.coalesce(since, 0)).where(
                *tries, AuditEntry.outcome == WRONG, AuditEntry.id > last_good.scalar_subquery()
            )
        )
    ).one()
    return int(row[0]), float(row[1])

"""Tries at the signing PIN, as the audit has them: begun, and then how each ended."""

from dataclasses import dataclass

from sqlalchemy import func, select, text

from shared.audit import AuditEntry
from shared.db import Session

ACTION = "signing.unlock"
BEGUN = "begun"
_UNDER_WAY_S = 10.0


@dataclass(frozen=True, slots=True)
class Tries:
    """``failures``: tries of the last hour since the last right PIN, one that nobody has heard the end of too;
    ``seconds_since`` the newest of them. ``is_under_way``: it may still end; after ten seconds its process is gone."""

    failures: int
    seconds_since: float
    is_under_way: bool


async def try_lock(session: Session, account_id: str) -> bool:
    """Whether nobody else is beginning a try of the account. Held until the transaction ends; nobody waits for it."""
    name = func.hashtextextended(f"pin/{account_id}", 0)
    return bool((await session.execute(select(func.pg_try_advisory_xact_lock(name)))).scalar_one())


async def recent_tries(session: Session, account_id: str) -> Tries:
    tries = (
        AuditEntry.record_kind == "account",
        AuditEntry.record_id == account_id,
        AuditEntry.action == ACTION,
        AuditEntry.at > func.clock_timestamp() - text("interval '1 hour'"),
    )
    last_good = select(func.coalesce(func.max(AuditEntry.id), 0)).where(*tries, AuditEntry.outcome == "ok")
    age_s = func.extract("epoch", func.clock_timestamp() - AuditEntry.at)
    rows = (
        await session.execute(
            select(AuditEntry.outcome, age_s)
            .where(*tries, AuditEntry.id > last_good.scalar_subquery())
            .order_by(AuditEntry.id.desc())
        )
    ).all()
    if not rows:
        return Tries(0, 0.0, is_under_way=False)
    failures = sum(outcome == BEGUN for outcome, _ in rows)
    newest, seconds_since = rows[0][0], float(rows[0][1])
    return Tries(failures, seconds_since, is_under_way=newest == BEGUN and seconds_since < _UNDER_WAY_S)

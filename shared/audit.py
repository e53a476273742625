"""Who saw or changed what: rows written plainly, sealed each second in hash-chained batches by one sealer.

A seal names the ids of its entries and the digest of their canonical text, chained to the seal before: an entry
changed, removed or slipped in later shows in ``check``. Ids are not assumed to become visible in order (a slow
transaction may commit a lower id later), hence the list of ids rather than a range.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import rfc8785
from sqlalchemy import BigInteger, DateTime, Identity, Index, Integer, Table, Text, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from shared.auth import Actor
from shared.db import Base, Database
from shared.telemetry import correlation_id

_SEAL_LOCK = 0x67_7A_03
_BATCH = 5000
_GENESIS = "0" * 64


class AuditEntry(Base):
    """One read or change of patient data. ``record_id`` is our own id; names and numbers of patients stay out.

    ``seal_id`` only spares the sealer a search; what holds is the seal's own list of ids.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_unsealed", "id", postgresql_where=text("seal_id IS NULL")),
        Index("ix_audit_entry_record", "record_kind", "record_id"),
        {"schema": "core"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    action: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    account_id: Mapped[str] = mapped_column(Text)
    org_id: Mapped[str] = mapped_column(Text)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text, server_default="")
    correlation_id: Mapped[str] = mapped_column(Text, server_default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    seal_id: Mapped[int | None] = mapped_column(BigInteger)


class AuditSeal(Base):
    __tablename__ = "audit_seal"
    __table_args__ = ({"schema": "core"},)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    entry_ids: Mapped[list[int]] = mapped_column(JSONB)
    count: Mapped[int] = mapped_column(Integer)
    previous: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    seals: int
    entries: int
    unsealed: int
    problems: list[str]


_RECORD = insert(cast(Table, AuditEntry.__table__))  # half the time of a mapped object


async def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    record_kind: str,
    record_id: str,
    *,
    outcome: str = "ok",
    address: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """One row in the caller's transaction; ``action`` is ``<noun>.<verb>``, e.g. ``report.read``."""
    entry = {
        "action": action,
        "outcome": outcome,
        "account_id": actor.account_id,
        "org_id": actor.org_id,
        "record_kind": record_kind,
        "record_id": record_id,
        "address": address,
        "correlation_id": correlation_id.get(),
        "detail": detail or {},
    }
    await session.execute(_RECORD, entry)


async def seal_once(db: Database) -> int:
    """Seal up to one batch of entries; returns how many. Another sealer of the same database makes it return 0."""
    async with db.transaction() as session:
        if not (await session.execute(select(func.pg_try_advisory_xact_lock(_SEAL_LOCK)))).scalar_one():
            return 0
        entries = (
            await session.scalars(
                select(AuditEntry).where(AuditEntry.seal_id.is_(None)).order_by(AuditEntry.id).limit(_BATCH)
            )
        ).all()
        if not entries:
            return 0
        previous = (
            await session.execute(select(AuditSeal.digest).order_by(AuditSeal.id.desc()).limit(1))
        ).scalar_one_or_none() or _GENESIS
        seal = AuditSeal(
            entry_ids=[entry.id for entry in entries],
            count=len(entries),
            previous=previous,
            digest=_digest(previous, entries),
        )
        session.add(seal)
        await session.flush()
        await session.execute(update(AuditEntry).where(AuditEntry.id.in_(seal.entry_ids)).values(seal_id=seal.id))
        return len(entries)


async def check(db: Database) -> AuditVerdict:
    """Recompute the chain. ``unsealed`` counts the tail that no seal covers yet."""
    problems: list[str] = []
    previous, seals, covered = _GENESIS, 0, 0
    async with db.transaction() as session:
        last = 0
        while True:
            seal = (
                await session.scalars(select(AuditSeal).where(AuditSeal.id > last).order_by(AuditSeal.id).limit(1))
            ).one_or_none()
            if seal is None:
                break
            last, seals = seal.id, seals + 1
            entries = (
                await session.scalars(
                    select(AuditEntry).where(AuditEntry.id.in_(seal.entry_ids)).order_by(AuditEntry.id)
                )
            ).all()
            covered += len(entries)
            if seal.previous != previous:
                problems.append(f"seal {seal.id} does not follow the one before it")
            if len(entries) != seal.count:
                problems.append(f"seal {seal.id}: {seal.count - len(entries)} entries are missing")
            elif _digest(seal.previous, entries) != seal.digest:
                problems.append(f"seal {seal.id}: an entry was changed")
            previous = seal.digest
            session.expunge_all()
        total = (await session.execute(select(func.count()).select_from(AuditEntry))).scalar_one()
        marked = (
            await session.execute(select(func.count()).select_from(AuditEntry).where(AuditEntry.seal_id.is_not(None)))
        ).scalar_one()
        if marked != covered:
            problems.append(f"{abs(marked - covered)} entries are marked as sealed but stand in no seal")
    return AuditVerdict(seals, total, total - covered, problems)


async def seen_recently(
    session: AsyncSession, actor: Actor, action: str, record_kind: str, record_id: str, *, minutes: int = 5
) -> bool:
    """Whether this actor's same read of the record stands already: pixel reads are one row in five minutes."""
    return await seconds_since(session, actor, action, record_kind, record_id, minutes=minutes) is not None


async def seconds_since(
    session: AsyncSession, actor: Actor, action: str, record_kind: str, record_id: str, *, minutes: int = 5
) -> float | None:
    """How old such a row is; None where there is none of the last ``minutes``."""
    found = await session.execute(
        select(func.extract("epoch", func.clock_timestamp() - AuditEntry.at))
        .where(
            AuditEntry.record_kind == record_kind,  # both columns of the index: the table holds half a year
            AuditEntry.record_id == record_id,
            AuditEntry.account_id == actor.account_id,
            AuditEntry.action == action,
            AuditEntry.at > func.clock_timestamp() - text(f"interval '{int(minutes)} minutes'"),
        )
        .limit(1)
    )
    age = found.scalar_one_or_none()
    return None if age is None else float(age)


def _digest(previous: str, entries: Sequence[AuditEntry]) -> str:
    state = hashlib.sha256(previous.encode())
    for entry in entries:
        state.update(
            rfc8785.dumps(
                {
                    "id": str(entry.id),
                    "at": entry.at.astimezone(UTC).isoformat(),
                    "action": entry.action,
                    "outcome": entry.outcome,
                    "account_id": entry.account_id,
                    "org_id": entry.org_id,
                    "record_kind": entry.record_kind,
                    "record_id": entry.record_id,
                    "address": entry.address,
                    "correlation_id": entry.correlation_id,
                    "detail": entry.detail,
                }
            )
        )
    return state.hexdigest()

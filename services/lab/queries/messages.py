"""Messages as they came: stored once, found again, applied in their order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import undefer

from services.lab.models import Orphan, ReceivedMessage, Unmapped
from shared.db import Session, at_most
from shared.reading.models import Case


async def store(session: Session, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Insert what is new of ``rows``; returns the message ids that were. One statement, whatever the number."""
    if not rows:
        return []
    statement = insert(ReceivedMessage).values(list(rows)).on_conflict_do_nothing()
    return list(await session.scalars(statement.returning(ReceivedMessage.message_id)))


async def known(session: Session, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], ReceivedMessage]:
    """By laboratory, sender and identity."""
    columns = (ReceivedMessage.laboratory_id, ReceivedMessage.sender, ReceivedMessage.identity)
    found = await session.scalars(select(ReceivedMessage).where(tuple_(*columns).in_(list(keys))))
    return {(row.laboratory_id, row.sender, row.identity): row for row in found}


async def case_with_bytes(
    session: Session, clinic_id: str, patient_id: str | None, digests: Sequence[str]
) -> Case | None:
    """The clinic's case of the patient whose order every one of the bytes came with, the newest."""
    holders = (
        select(ReceivedMessage.case_id)
        .where(ReceivedMessage.file_sha256.in_(list(digests)), ReceivedMessage.case_id.is_not(None))
        .group_by(ReceivedMessage.case_id)
        .having(func.count(func.distinct(ReceivedMessage.file_sha256)) == len(set(digests)))
    )
    statement = select(Case).where(
        Case.clinic_id == clinic_id,
        Case.patient_id.is_not_distinct_from(patient_id),
        Case.case_id.in_(holders),
        Case.state != "rejected",
    )
    return (await session.scalars(statement.order_by(Case.case_id.desc()).limit(1))).one_or_none()


async def lock_received(session: Session, message_ids: Sequence[str]) -> list[ReceivedMessage]:
    """With their bytes, in the order they came; without those somebody else is at, or that have been applied."""
    statement = (
        select(ReceivedMessage)
        .where(ReceivedMessage.message_id.in_(message_ids), ReceivedMessage.state == "received")
        .options(undefer(ReceivedMessage.raw))
        .order_by(ReceivedMessage.sequence)
        .with_for_update(skip_locked=True)
    )
    return list(await session.scalars(statement))


async def next_received(session: Session, limit: int, most_tries: int) -> list[str]:
    """Ids of those not applied yet, the oldest first; one that failed often waits for a person."""
    statement = (
        select(ReceivedMessage.message_id)
        .where(ReceivedMessage.state == "received", ReceivedMessage.tries < most_tries)
        .order_by(ReceivedMessage.sequence)
        .limit(at_most(limit))
    )
    return list(await session.scalars(statement))


async def count_try(session: Session, message_id: str, code: str) -> None:
    await session.execute(
        update(ReceivedMessage)
        .where(ReceivedMessage.message_id == message_id)
        .values(tries=ReceivedMessage.tries + 1, error_code=code)
    )


async def settle(session: Session, row: ReceivedMessage) -> None:
    """Applied, or waiting while some line of it is not understood."""
    open_lines = select(func.count()).select_from(Unmapped)
    waiting = await session.scalar(
        open_lines.where(Unmapped.message_id == row.message_id, Unmapped.settled_at.is_(None))
    )
    row.state = "waiting" if waiting else "applied"
    row.error_code = row.error_detail = None
    row.applied_at = func.clock_timestamp()
    await session.flush()


async def go_on(session: Session, message_ids: Sequence[str]) -> None:
    """Let them be applied again: what stopped them is settled."""
    await session.execute(
        update(ReceivedMessage)
        .where(
            ReceivedMessage.message_id.in_(message_ids),
            ReceivedMessage.state.in_(("received", "waiting", "applied")),
        )
        .values(state="received", tries=0)
    )


async def get(session: Session, laboratory_id: str, message_id: str, *, raw: bool = False) -> ReceivedMessage | None:
    statement = select(ReceivedMessage).where(
        ReceivedMessage.message_id == message_id, ReceivedMessage.laboratory_id == laboratory_id
    )
    if raw:
        statement = statement.options(undefer(ReceivedMessage.raw))
    return (await session.scalars(statement)).one_or_none()


async def page(
    session: Session, laboratory_id: str, *, state: str | None, limit: int, before: int | None
) -> list[ReceivedMessage]:
    """The newest first."""
    statement = select(ReceivedMessage).where(ReceivedMessage.laboratory_id == laboratory_id)
    if state is not None:
        statement = statement.where(ReceivedMessage.state == state)
    if before is not None:
        statement = statement.where(ReceivedMessage.sequence < before)
    return list(await session.scalars(statement.order_by(ReceivedMessage.sequence.desc()).limit(at_most(limit))))


async def told_of(session: Session, message_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Open orphans and lines that nobody understands, by message."""
    orphans = select(Orphan.message_id, func.count()).where(Orphan.message_id.in_(message_ids), Orphan.state == "open")
    lines = select(Unmapped.message_id, func.count()).where(
        Unmapped.message_id.in_(message_ids), Unmapped.settled_at.is_(None)
    )
    left = {str(key): int(count) for key, count in await session.execute(orphans.group_by(Orphan.message_id))}
    right = {str(key): int(count) for key, count in await session.execute(lines.group_by(Unmapped.message_id))}
    return {each: (left.get(each, 0), right.get(each, 0)) for each in message_ids}


async def keys_in_use(_: Session, __: list[str]) -> set[str]:
    """None: messages lie in their rows, and the centre's store holds only what was refused."""
    return set()

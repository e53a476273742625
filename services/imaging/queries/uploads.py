"""Resumable uploads: each is found by its clinic alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from services.imaging.models import Upload
from shared.auth import Actor
from shared.db import Session
from shared.reading.queries.intake import take_locks

_ABANDONED = timedelta(minutes=5)  # longer than any upload takes to be sorted out


async def reserve(session: Session, upload: Upload, most_bytes: int, lives: timedelta) -> bool:
    """Keeps it unless its clinic's uploads under way would then be more than ``most_bytes`` together."""
    await take_locks(session, [f"uploads/{upload.clinic_id}"])
    under_way = select(func.coalesce(func.sum(Upload.length_bytes), 0)).where(
        Upload.clinic_id == upload.clinic_id, Upload.answer_status.is_(None), _is_live()
    )
    if int((await session.execute(under_way)).scalar_one()) + upload.length_bytes > most_bytes:
        return False
    moment = (await session.execute(select(func.clock_timestamp() + lives))).scalar_one()
    upload.expires_at = moment
    session.add(upload)
    await session.flush()
    return True


async def own(session: Session, actor: Actor, upload_id: str) -> Upload | None:
    return (await session.execute(select(Upload).where(_is_own(actor, upload_id)))).scalar_one_or_none()


async def take_over(session: Session, actor: Actor, upload_id: str, writer: str) -> Upload | None:
    """From here on only ``writer`` moves it."""
    statement = update(Upload).where(_is_own(actor, upload_id)).values(writer=writer).returning(Upload)
    return (await session.execute(statement)).scalar_one_or_none()


async def advance(session: Session, upload_id: str, writer: str, offset: int, lives: timedelta) -> Upload | None:
    """None: another writer has taken over, or it is gone."""
    now = func.clock_timestamp()
    values: dict[str, Any] = {"offset_bytes": offset, "expires_at": now + lives}
    statement = update(Upload).where(Upload.upload_id == upload_id, Upload.writer == writer).values(**values)
    moved = (await session.execute(statement.returning(Upload))).scalar_one_or_none()
    if moved is not None and moved.complete_at is None and moved.offset_bytes == moved.length_bytes:
        moved.complete_at = (await session.execute(select(now))).scalar_one()
        await session.flush()
    return moved


async def group(session: Session, upload: Upload) -> list[Upload]:
    """Those that become one case with it, in the order of their making."""
    if upload.case_group is None:
        return [upload]
    statement = select(Upload).where(
        Upload.clinic_id == upload.clinic_id, Upload.case_group == upload.case_group, _is_live()
    )
    return list(await session.scalars(statement.order_by(Upload.upload_id)))


async def keep_answer(session: Session, upload_ids: Sequence[str], status: int, answer: dict[str, Any]) -> None:
    """The first stands."""
    await session.execute(
        update(Upload)
        .where(Upload.upload_id == func.any(list(upload_ids)), Upload.answer_status.is_(None))
        .values(answer_status=status, answer=answer)
    )


async def drop(session: Session, actor: Actor, upload_id: str) -> bool:
    gone = await session.execute(delete(Upload).where(_is_own(actor, upload_id)).returning(Upload.upload_id))
    return gone.scalar_one_or_none() is not None


async def drop_expired(session: Session) -> list[str]:
    return list(await session.scalars(delete(Upload).where(~_is_live()).returning(Upload.upload_id)))


async def open_ids(session: Session, upload_ids: Sequence[str]) -> set[str]:
    """Of some uploads those whose bytes are still needed."""
    statement = select(Upload.upload_id).where(
        Upload.upload_id == func.any(list(upload_ids)), Upload.answer_status.is_(None)
    )
    return set(await session.scalars(statement))


async def abandoned(session: Session) -> list[Upload]:
    """Complete, but the process that was to finish them is gone."""
    statement = select(Upload).where(
        Upload.complete_at < func.clock_timestamp() - _ABANDONED,
        Upload.answer_status.is_(None),
        or_(Upload.case_group.is_(None), Upload.group_size.is_not(None)),
        _is_live(),
    )
    return list(await session.scalars(statement.order_by(Upload.upload_id).limit(20)))


def _is_own(actor: Actor, upload_id: str) -> ColumnElement[bool]:
    return and_(Upload.upload_id == upload_id, Upload.clinic_id == actor.org_id, _is_live())


def _is_live() -> ColumnElement[bool]:
    return Upload.expires_at > func.clock_timestamp()

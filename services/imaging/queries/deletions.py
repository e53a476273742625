"""Deleting what clinics sent, and what stays of it: a tombstone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, delete, exists, func, insert, select

from services.imaging.models import DeletedInstance, Deletion, Instance, Series, SeriesShown, Study
from shared.db import Session

Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Target:
    """A study, or of it a series or an instance. ``clinic_id`` where two clinics sent the same UID."""

    study_uid: str
    series_uid: str | None = None
    sop_instance_uid: str | None = None
    clinic_id: str | None = None


@dataclass(frozen=True, slots=True)
class Doomed:
    instance_id: str
    clinic_id: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    file_sha256: str
    data_set_sha256: str
    size_bytes: int
    received_at: datetime
    blob_key: str
    study_pk: int
    series_pk: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    deletion: Deletion
    instances: Sequence[DeletedInstance]


_NAMED = tuple(name for name in Doomed.__slots__ if name not in ("series_uid", "study_pk", "series_pk"))


async def clinics_of(session: Session, target: Target) -> list[str]:
    """Whose the target is: of several clinics where each sent a study of this UID."""
    statement = _within(select(Study.clinic_id), target).distinct().order_by(Study.clinic_id)
    return list(await session.scalars(statement))


async def doomed(session: Session, target: Target) -> list[Doomed]:
    columns = [getattr(Instance, name) for name in _NAMED]
    statement = _within(
        select(Series.series_uid, Study.id.label("study_pk"), Series.id.label("series_pk"), *columns), target
    )
    rows = await session.execute(statement.order_by(Series.number, Series.id, Instance.number, Instance.instance_id))
    return [Doomed(**row._mapping) for row in rows]


async def lock_series(session: Session, series_pks: set[int]) -> None:
    """Before the cases: a reader's list notes what it shows under its series and then under its case. Who noted first
    is waited for; who comes later finds the series gone."""
    statement = select(Series.id).where(Series.id == func.any(sorted(series_pks))).order_by(Series.id)
    await session.execute(statement.with_for_update())


async def bury(session: Session, tombstone: Deletion, gone: Sequence[Doomed]) -> Tombstone:
    """The rows go, the tombstone stays; series and studies that are left with nothing go too."""
    session.add(tombstone)
    await session.flush()
    columns = [column.name for column in DeletedInstance.__table__.columns if column.name != "deletion_id"]
    rows = [{"deletion_id": tombstone.deletion_id, **{name: getattr(each, name) for name in columns}} for each in gone]
    await session.execute(insert(DeletedInstance), rows)
    await session.execute(delete(Instance).where(Instance.instance_id == func.any([each.instance_id for each in gone])))
    await _drop_empty(session, {each.series_pk for each in gone}, {each.study_pk for each in gone})
    await session.refresh(tombstone)
    return await _whole(session, tombstone)


async def is_whole_study(session: Session, gone: Sequence[Doomed]) -> bool:
    """Whether nothing of the study is left without these."""
    count = select(func.count()).select_from(Instance).join(Series, Series.id == Instance.series_pk)
    held = await session.execute(count.where(Series.study_pk == gone[0].study_pk))
    return int(held.scalar_one()) == len(gone)


async def last_tombstone(session: Session, target: Target) -> Tombstone | None:
    """Of the last deletion of exactly this."""
    statement = select(Deletion).where(
        Deletion.study_uid == target.study_uid,
        Deletion.series_uid.is_not_distinct_from(target.series_uid),
        Deletion.sop_instance_uid.is_not_distinct_from(target.sop_instance_uid),
    )
    if target.clinic_id is not None:
        statement = statement.where(Deletion.clinic_id == target.clinic_id)
    found = (await session.scalars(statement.order_by(Deletion.deletion_id.desc()).limit(1))).one_or_none()
    return None if found is None else await _whole(session, found)


async def _whole(session: Session, deletion: Deletion) -> Tombstone:
    statement = select(DeletedInstance).where(DeletedInstance.deletion_id == deletion.deletion_id)
    rows = await session.scalars(statement.order_by(DeletedInstance.series_uid, DeletedInstance.sop_instance_uid))
    return Tombstone(deletion, rows.all())


async def _drop_empty(session: Session, series_pks: set[int], study_pks: set[int]) -> None:
    empty = list(
        await session.scalars(
            select(Series.id).where(
                Series.id == func.any(sorted(series_pks)), ~exists().where(Instance.series_pk == Series.id)
            )
        )
    )
    await session.execute(delete(SeriesShown).where(SeriesShown.series_pk == func.any(empty)))
    await session.execute(delete(Series).where(Series.id == func.any(empty)))
    await session.execute(
        delete(Study).where(Study.id == func.any(sorted(study_pks)), ~exists().where(Series.study_pk == Study.id))
    )


def _within(statement: Rows, target: Target) -> Rows:
    statement = (
        statement.join_from(Study, Series, Series.study_pk == Study.id)
        .join(Instance, Instance.series_pk == Series.id)
        .where(Study.study_uid == target.study_uid)
    )
    for column, value in (
        (Study.clinic_id, target.clinic_id),
        (Series.series_uid, target.series_uid),
        (Instance.sop_instance_uid, target.sop_instance_uid),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return statement

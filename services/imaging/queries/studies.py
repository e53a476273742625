"""A study as one actor may see it: whose it is, and which of its instances stand in cases that he sees.

The same Study Instance UID may have come from two clinics. It then names two studies, which are never mixed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, array

from services.imaging.models import CONTENT_KIND, Instance, Series, Study
from shared.auth import Actor, Role
from shared.blobs import BlobRef
from shared.db import Prepared, Session, asked, at_most
from shared.errors import Conflict, NotFound
from shared.reading.models import Case, CaseContent, Claim
from shared.reading.queries.cases import visible_to

Rows = TypeVar("Rows", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class SeenStudy:
    """Shown to the actor it was looked up for, and to nobody else."""

    actor: Actor
    study_pk: int
    clinic_id: str
    study_uid: str
    patient_id: str


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """Where an instance's bytes lie; offsets count from the beginning of its file."""

    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    number_of_frames: int
    size_bytes: int
    data_set_offset: int
    file_sha256: str
    received_at: datetime
    ref: BlobRef


_STORED = (
    Series.series_uid, Instance.sop_instance_uid, Instance.sop_class_uid, Instance.transfer_syntax_uid,
    Instance.number_of_frames, Instance.size_bytes, Instance.data_set_offset, Instance.file_sha256,
    Instance.received_at, Instance.blob_store, Instance.blob_key, Instance.blob_offset, Instance.blob_length,
    Instance.blob_sha256,
)  # fmt: skip
_STUDY = select(Study.id, Study.clinic_id, Study.patient_id)
_ACTORS = 512  # of whom the statements are kept that each of their requests asks
IN_ORDER = (Series.number, Series.id, Instance.number, Instance.sop_instance_uid)


def studies_of(actor: Actor) -> ColumnElement[bool]:
    """A condition on ``Study``: the clinic's own, and those of cases that the actor sees.

    Study by study through the index of the cases' UIDs, and coalesce() keeps it so: made into a join with all of a
    site's cases, PostgreSQL went through all pairs of 5,000 studies and 5,000 cases (5 s).
    """
    own = Study.clinic_id == actor.org_id
    if _only_sends(actor):
        return own
    holds = Case.study_uids.op("@>", is_comparison=True)(array([Study.study_uid]))
    cases = select(Case.case_id).where(Case.clinic_id == Study.clinic_id, holds, visible_to(actor))
    of_case = func.coalesce(cases.correlate(Study).exists(), false())
    return or_(own, of_case) if _sends(actor) else of_case


def instances_of(actor: Actor) -> ColumnElement[bool]:
    """A condition on ``Instance``: a study may be shown by two cases, of which another site reads one."""
    in_a_case = (
        select(CaseContent.case_id)
        .join(Case, Case.case_id == CaseContent.case_id)
        .where(
            CaseContent.clinic_id == Instance.clinic_id,
            CaseContent.sha256 == Instance.data_set_sha256,
            CaseContent.record_id == Instance.instance_id,
            CaseContent.kind == CONTENT_KIND,
            visible_to(actor),
        )
        .exists()
    )
    own = Instance.clinic_id == actor.org_id
    if _only_sends(actor):
        return own
    return or_(own, in_a_case) if _sends(actor) else in_a_case


async def see(session: Session, actor: Actor, study_uid: str) -> SeenStudy:
    """Raises NotFound, and Conflict ``ambiguous_study`` when two clinics sent the UID and the actor sees both.

    Whoever holds a case of one of them means that one: a wrong guess would show him another patient's images.
    """
    rows: Sequence[Row[*tuple[Any, ...]]] = await _seen_by(actor).rows(session, study_uid=study_uid)
    if len(rows) > 1:
        statement = _STUDY.where(Study.study_uid == study_uid, studies_of(actor), _is_held_by(actor, study_uid))
        rows = (await session.execute(statement.limit(2))).all()
        if len(rows) != 1:
            raise Conflict("两家机构的检查使用了同一 Study Instance UID，请先领取病例", code="ambiguous_study")
    if not rows:
        raise NotFound
    return SeenStudy(actor, rows[0].id, rows[0].clinic_id, study_uid, rows[0].patient_id)


@lru_cache(_ACTORS)
def _seen_by(actor: Actor) -> Prepared:
    return Prepared(_STUDY.where(Study.study_uid == asked("study_uid"), studies_of(actor)).limit(at_most(2)))


async def stored(
    session: Session, study: SeenStudy, series_uid: str | None = None, sop_instance_uid: str | None = None
) -> list[StoredInstance]:
    """In viewing order. Raises NotFound where nothing is shown to the actor."""
    statement = within(select(*_STORED), study, series_uid, sop_instance_uid).order_by(*IN_ORDER)
    rows = (await session.execute(statement)).all()
    if not rows:
        raise NotFound
    return [stored_from(row) for row in rows]


def within(
    statement: Rows, study: SeenStudy, series_uid: str | None = None, sop_instance_uid: str | None = None
) -> Rows:
    """Of one study, series or instance, what the actor sees; ``Series`` and ``Instance`` may be selected."""
    statement = statement.join_from(Series, Instance, Instance.series_pk == Series.id).where(
        Series.study_pk == study.study_pk, instances_of(study.actor)
    )
    if series_uid is not None:
        statement = statement.where(Series.series_uid == series_uid)
    if sop_instance_uid is not None:
        statement = statement.where(
            Instance.sop_instance_uid == sop_instance_uid, Instance.clinic_id == study.clinic_id
        )
    return statement


def stored_from(row: Any) -> StoredInstance:
    ref = BlobRef(row.blob_store, row.blob_key, row.blob_offset, row.blob_length, row.blob_sha256)
    return StoredInstance(
        row.series_uid, row.sop_instance_uid, row.sop_class_uid, row.transfer_syntax_uid, row.number_of_frames,
        row.size_bytes, row.data_set_offset, row.file_sha256, row.received_at, ref,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PixelRow:
    """One instance with what its frames are cut by. ``header`` is the text of its DICOM JSON."""

    stored: StoredInstance
    header: str
    pixels: dict[str, Any] | None
    bulk: list[dict[str, Any]]


async def pixels_of(session: Session, study: SeenStudy, series_uid: str, sop_instance_uid: str) -> PixelRow:
    """Raises NotFound."""
    rows = await _pixels_seen_by(study.actor).rows(
        session,
        study_pk=study.study_pk,
        clinic_id=study.clinic_id,
        series_uid=series_uid,
        sop_instance_uid=sop_instance_uid,
    )
    if not rows:
        raise NotFound
    row = rows[0]
    return PixelRow(stored_from(row), row.header, json.loads(row.pixels or "null"), json.loads(row.bulk))


@lru_cache(_ACTORS)
def _pixels_seen_by(actor: Actor) -> Prepared:
    as_text = [cast(column, Text).label(column.key) for column in (Instance.header, Instance.pixels, Instance.bulk)]
    return Prepared(
        select(*_STORED, *as_text)
        .join_from(Series, Instance, Instance.series_pk == Series.id)
        .where(
            Series.study_pk == asked("study_pk"),
            Series.series_uid == asked("series_uid"),
            Instance.clinic_id == asked("clinic_id"),
            Instance.sop_instance_uid == asked("sop_instance_uid"),
            instances_of(actor),
        )
    )


async def middle_image(session: Session, study: SeenStudy, series_uid: str | None) -> StoredInstance:
    """Raises NotFound where there is no image."""
    images = within(select(func.count()), study, series_uid).where(Instance.rows.is_not(None))
    middle = (await session.execute(images)).scalar_one() // 2
    statement = within(select(*_STORED), study, series_uid).where(Instance.rows.is_not(None)).order_by(*IN_ORDER)
    row = (await session.execute(statement.limit(1).offset(middle))).one_or_none()
    if row is None:
        raise NotFound("没有可取的图像")
    return stored_from(row)


@dataclass(frozen=True, slots=True)
class SeriesState:
    """A series as the actor sees it now; ``mark`` changes with the set of its instances and with what orders say in
    their place."""

    series_pk: int
    series_uid: str
    count: int
    mark: str


async def series_states(session: Session, study: SeenStudy, series_uid: str | None = None) -> Sequence[SeriesState]:
    """Raises NotFound where nothing is shown to the actor."""
    coerced = func.coalesce(Instance.coercion["at"].astext, "")
    ids = func.string_agg(Instance.instance_id + coerced, aggregate_order_by(literal(","), Instance.instance_id))
    columns = select(Series.id, Series.series_uid, func.count().label("instances"), func.md5(ids).label("mark"))
    statement = within(columns, study, series_uid)
    rows = await session.execute(statement.group_by(Series.id).order_by(Series.number, Series.id))
    states = [SeriesState(row.id, row.series_uid, row.instances, row.mark) for row in rows]
    if not states:
        raise NotFound
    return states


@dataclass(frozen=True, slots=True)
class HeaderRow:
    sop_instance_uid: str
    transfer_syntax_uid: str
    header: str
    bulk: list[dict[str, Any]]
    coercion: dict[str, Any] | None
    has_pixels: bool


async def headers(
    session: Session, study: SeenStudy, series_uid: str, sop_instance_uid: str | None = None
) -> list[HeaderRow]:
    """The headers as text: they are parsed in a thread, since a series of a thousand has ten megabytes."""
    statement = select(
        Instance.sop_instance_uid,
        Instance.transfer_syntax_uid,
        cast(Instance.header, Text).label("header_text"),
        Instance.bulk,
        Instance.coercion,
        or_(Instance.pixels.is_not(None), Instance.rows.is_not(None)).label("has_pixels"),
    )
    rows = await session.execute(within(statement, study, series_uid, sop_instance_uid).order_by(*IN_ORDER))
    return [
        HeaderRow(
            row.sop_instance_uid, row.transfer_syntax_uid, row.header_text, row.bulk, row.coercion, row.has_pixels
        )
        for row in rows
    ]


def _sends(actor: Actor) -> bool:
    return actor.has(Role.clinic, Role.integration)


def _only_sends(actor: Actor) -> bool:
    """Then the cases it sees are those of its own studies. Who has no role at all sees none."""
    return actor.roles == {Role.clinic}


def _is_held_by(actor: Actor, study_uid: str) -> ColumnElement[bool]:
    held = _cases_of(study_uid).join(Claim, and_(Claim.case_id == Case.case_id, Claim.ended_at.is_(None)))
    return held.where(Claim.account_id == actor.account_id, visible_to(actor)).exists()


def _cases_of(study_uid: str) -> Select[str]:
    return select(Case.case_id).where(Case.clinic_id == Study.clinic_id, Case.study_uids.contains([study_uid]))

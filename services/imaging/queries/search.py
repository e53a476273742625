"""QIDO-RS searches: studies, series, instances that the actor sees, newest first, in a stable order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, cast, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.imaging.models import Instance, Series, Study
from services.imaging.queries.search_terms import Column, OneOf, Term
from services.imaging.queries.studies import instances_of, studies_of
from shared.auth import Actor
from shared.db import Session, at_most

NEWEST = (Study.study_date.desc().nulls_last(), Study.study_time.desc().nulls_last(), Study.id.desc())
IN_STUDY = (Series.number, Series.id)
IN_SERIES = (Instance.number, Instance.sop_instance_uid)

COLUMNS: Mapping[str, Column] = {
    "StudyInstanceUID": Study.study_uid,
    "StudyDate": Study.study_date,
    "StudyTime": Study.study_time,
    "StudyID": Study.study_id,
    "StudyDescription": Study.description,
    "AccessionNumber": Study.accession_number,
    "ReferringPhysicianName": Study.referring_physician,
    "PatientName": Study.patient_name,
    "PatientBirthDate": Study.patient_birth_date,
    "PatientSex": Study.patient_sex,
    "Modality": Series.modality,
    "SeriesInstanceUID": Series.series_uid,
    "SeriesNumber": Series.number,
    "SeriesDescription": Series.description,
    "BodyPartExamined": Series.body_part,
    "StationName": Series.station,
    "SOPInstanceUID": Instance.sop_instance_uid,
    "SOPClassUID": Instance.sop_class_uid,
    "InstanceNumber": Instance.number,
}


@dataclass(frozen=True, slots=True)
class Search:
    """``terms`` by keyword: those of COLUMNS, PatientID, ModalitiesInStudy, SOPClassesInStudy. ``study_pk`` names one
    study where two clinics may have sent its UID."""

    terms: Mapping[str, Term]
    limit: int
    offset: int
    wants_header: bool = False
    study_pk: int | None = None


@dataclass(frozen=True, slots=True)
class StudyRow:
    id: int
    clinic_id: str
    study_uid: str
    patient_id: str
    patient_name: str
    patient_sex: str
    patient_birth_date: date | None
    study_date: date | None
    study_time: time | None
    study_id: str
    accession_number: str
    description: str
    referring_physician: str
    last_received_at: datetime


@dataclass(frozen=True, slots=True)
class Inside:
    """What a study holds as a whole."""

    modalities: list[str]
    series: int
    instances: int


@dataclass(frozen=True, slots=True)
class SeriesRow:
    id: int
    series_uid: str
    modality: str
    number: int | None
    description: str
    body_part: str
    laterality: str
    station: str
    instances: int


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """``coercion`` as in ``imaging.instance``."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    number: int | None
    rows: int | None
    columns: int | None
    number_of_frames: int
    coercion: dict[str, Any] | None


_OF_STUDY = tuple(getattr(Study, name) for name in StudyRow.__slots__)
_OF_SERIES = tuple(getattr(Series, name) for name in SeriesRow.__slots__ if name != "instances")
_OF_INSTANCE = tuple(getattr(Instance, name) for name in InstanceRow.__slots__)


async def studies(session: Session, actor: Actor, search: Search) -> list[StudyRow]:
    statement = select(*_OF_STUDY).where(studies_of(actor), *_conditions(search))
    rows = await session.execute(_page(statement.order_by(*NEWEST), search))
    return [StudyRow(*row) for row in rows]


async def inside(session: Session, study_pks: Sequence[int]) -> dict[int, Inside]:
    """Counts of whole studies: a study of which another site reads a part counts whole."""
    statement = (
        select(
            Series.study_pk,
            func.array_agg(func.distinct(Series.modality)),
            func.count(func.distinct(Series.id)),
            func.count(),
        )
        .join(Instance, Instance.series_pk == Series.id)
        .where(Series.study_pk == func.any(list(study_pks)))
        .group_by(Series.study_pk)
    )
    rows = await session.execute(statement)
    return {pk: Inside(sorted(filter(None, modalities)), series, count) for pk, modalities, series, count in rows}


async def series(session: Session, actor: Actor, search: Search) -> list[tuple[StudyRow, SeriesRow]]:
    counted = (
        select(func.count())
        .where(Instance.series_pk == Series.id, instances_of(actor))
        .correlate(Series)
        .scalar_subquery()
        .label("instances")
    )
    shown = select(Instance.instance_id).where(Instance.series_pk == Series.id, instances_of(actor)).exists()
    statement = (
        select(*_OF_STUDY, *_OF_SERIES, counted)
        .join(Series, Series.study_pk == Study.id)
        .where(studies_of(actor), shown, *_conditions(search))
        .order_by(*NEWEST, *IN_STUDY)
    )
    rows = await session.execute(_page(statement, search))
    cut = len(_OF_STUDY)
    return [(StudyRow(*row[:cut]), SeriesRow(*row[cut:])) for row in rows]


async def instances(
    session: Session, actor: Actor, search: Search
) -> list[tuple[StudyRow, SeriesRow, InstanceRow, str | None]]:
    """The last is the text of the instance's DICOM JSON, where the search wants it."""
    header = cast(Instance.header, Text) if search.wants_header else cast(null(), Text)
    statement = (
        select(*_OF_STUDY, *_OF_SERIES, literal(0, Integer), *_OF_INSTANCE, header)
        .join(Series, Series.study_pk == Study.id)
        .join(Instance, Instance.series_pk == Series.id)
        .where(studies_of(actor), instances_of(actor), *_conditions(search))
        .order_by(*NEWEST, *IN_STUDY, *IN_SERIES)
    )
    rows = await session.execute(_page(statement, search))
    first, second = len(_OF_STUDY), len(_OF_STUDY) + len(_OF_SERIES) + 1
    return [
        (StudyRow(*row[:first]), SeriesRow(*row[first:second]), InstanceRow(*row[second:-1]), row[-1]) for row in rows
    ]


async def first_headers(
    session: Session, actor: Actor, *, study_pks: Sequence[int] = (), series_pks: Sequence[int] = ()
) -> dict[int, str]:
    """The DICOM JSON, as text, of the first instance of each study, or of each series, that the actor sees."""
    of, pks = (Series.study_pk, study_pks) if study_pks else (Series.id, series_pks)
    first = (
        select(of.label("pk"), Instance.instance_id)
        .join(Instance, Instance.series_pk == Series.id)
        .where(of == func.any(list(pks)), instances_of(actor))
        .ext(distinct_on(of))
        .order_by(of, *IN_STUDY, *IN_SERIES)
        .subquery()  # found before any header is read: those of all instances would have been made into text
    )
    statement = select(first.c.pk, cast(Instance.header, Text)).join(first, first.c.instance_id == Instance.instance_id)
    return {int(row[0]): str(row[1]) for row in await session.execute(statement)}


def _page(statement: Select[Any], search: Search) -> Select[Any]:
    """One more than asked for tells whether there are more."""
    return statement.limit(at_most(search.limit + 1)).offset(at_most(search.offset))


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    named = [Study.id == search.study_pk] if search.study_pk is not None else []
    return [*named, *(_condition(keyword, term) for keyword, term in search.terms.items())]


def _condition(keyword: str, term: Term) -> ColumnElement[bool]:
    if keyword == "PatientID" and isinstance(term, OneOf):
        return _patient_id(term)
    if keyword == "ModalitiesInStudy":
        return select(Series.id).where(Series.study_pk == Study.id, term.on(Series.modality)).correlate(Study).exists()
    if keyword == "SOPClassesInStudy":
        held = select(Instance.instance_id).join(Series, Series.id == Instance.series_pk)
        return held.where(Series.study_pk == Study.id, term.on(Instance.sop_class_uid)).correlate(Study).exists()
    return term.on(COLUMNS[keyword])


def _patient_id(term: OneOf) -> ColumnElement[bool]:
    """The clinic's own number, or ``<clinic>:<number>`` as answers have it."""
    ways = [term.on(Study.patient_id)]
    for value in term.values:
        clinic_id, colon, local = value.partition(":")
        if colon:
            ways.append((Study.clinic_id == clinic_id) & OneOf([local]).on(Study.patient_id))
    return or_(*ways)

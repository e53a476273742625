"""Instances with their series and studies: which are known, adding new ones, showing those of a case."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from sqlalchemy import Table, and_, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.imaging.models import CONTENT_KIND, Instance, Series, Study
from services.imaging.parse.instance import Instance as Facts
from services.imaging.parse.moments import parse_date
from services.imaging.parse.name_search import name_search
from services.imaging.parse.patient import PatientFacts
from shared.blobs import BlobRef
from shared.ids import new_id
from shared.reading.models import Case, CaseContent
from shared.reading.queries.intake import study_locks, take_locks

BATCH = 200  # rows a statement: a header is some ten kilobytes, and PostgreSQL takes 32,767 parameters
_UIDS = 5000


_STUDY, _SERIES = cast(Table, Study.__table__), cast(Table, Series.__table__)  # plain inserts cost half of mapped ones
_GIVEN = ", ".join(
    column.name for column in Instance.__table__.columns if column.name not in ("received_at", "coercion")
)
_ADD = text(
    f"""
    INSERT INTO imaging.instance ({_GIVEN})
    SELECT {_GIVEN} FROM jsonb_populate_recordset(NULL::imaging.instance, CAST(:rows AS jsonb))
    WHERE series_pk IN (SELECT id FROM imaging.series)
    ON CONFLICT (clinic_id, sop_instance_uid) DO NOTHING
    RETURNING sop_instance_uid, instance_id
    """  # noqa: S608 - the names of our own columns
)

NewRow: TypeAlias = tuple[Facts, str, BlobRef]


@dataclass(frozen=True, slots=True)
class Known:
    instance_id: str
    data_set_sha256: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One instance as a list of a case's content shows it."""

    instance_id: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    number: int | None
    rows: int | None
    columns: int | None
    number_of_frames: int
    size_bytes: int
    file_sha256: str
    series_uid: str
    series_number: int | None
    series_description: str
    modality: str
    study_uid: str


async def lock_studies(session: AsyncSession, clinic_id: str, study_uids: Iterable[str]) -> None:
    """Uploads of one study wait for each other until the transaction ends."""
    await take_locks(session, study_locks(f"instances/{clinic_id}", study_uids))


async def known(session: AsyncSession, clinic_id: str, sop_instance_uids: Sequence[str]) -> dict[str, Known]:
    """By SOP Instance UID, what this clinic has sent before."""
    found: dict[str, Known] = {}
    for start in range(0, len(sop_instance_uids), _UIDS):
        rows = await session.execute(
            select(Instance.sop_instance_uid, Instance.instance_id, Instance.data_set_sha256).where(
                Instance.clinic_id == clinic_id,
                Instance.sop_instance_uid.in_(sop_instance_uids[start : start + _UIDS]),
            )
        )
        found.update({row.sop_instance_uid: Known(row.instance_id, row.data_set_sha256) for row in rows})
    return found


async def put_series(session: AsyncSession, clinic_id: str, facts: Iterable[Facts]) -> dict[tuple[str, str], int]:
    """Studies and series as their first instance described them; (study UID, series UID) → the series' key."""
    firsts: dict[tuple[str, str], Facts] = {}
    for each in facts:
        firsts.setdefault((each.study_uid, each.series_uid), each)
    studies: dict[str, int] = {}
    series: dict[tuple[str, str], int] = {}
    for (study_uid, series_uid), each in sorted(firsts.items(), key=lambda item: item[0]):
        if study_uid not in studies:
            studies[study_uid] = await _put_study(session, clinic_id, each)
        series[study_uid, series_uid] = await _put_one_series(session, studies[study_uid], each)
    return series


async def add(
    session: AsyncSession,
    clinic_id: str,
    new: Sequence[NewRow],
    series: dict[tuple[str, str], int],
) -> dict[str, str]:
    """At most BATCH rows of (facts, header as members of JSON, bytes); returns the new ids by SOP Instance UID.

    All rows are one JSON text: a statement of many rows would be compiled anew each time, and headers parsed and
    written again. One that is missing in the answer was there already, under another study, or its series is gone: the
    caller must look again.
    """
    rows = ",".join(
        json.dumps(_row(clinic_id, series[f.study_uid, f.series_uid], f, blob), ensure_ascii=False)[:-1]
        + f",{header}}}"
        for f, header, blob in new
    )
    result = await session.execute(_ADD, {"rows": f"[{rows}]"})
    return {row.sop_instance_uid: row.instance_id for row in result}


@dataclass(frozen=True, slots=True)
class SaidRow:
    """What a kept file says of its patient and its number."""

    sop_instance_uid: str
    study_uid: str
    accession_number: str
    patient: PatientFacts


async def said(session: AsyncSession, instance_ids: Sequence[str]) -> list[SaidRow]:
    tags = ("00080050", "00100010", "00100020", "00100030", "00100040")
    columns = [Instance.header[tag]["Value"][0].label(f"t{tag}") for tag in tags]
    rows = await session.execute(
        select(Instance.sop_instance_uid, Study.study_uid, *columns)
        .join(Series, Series.id == Instance.series_pk)
        .join(Study, Study.id == Series.study_pk)
        .where(Instance.instance_id == func.any(list(instance_ids)))
        .order_by(Series.number, Series.id, Instance.number, Instance.sop_instance_uid)
    )
    return [
        SaidRow(uid, study_uid, number or "", _patient(name or {}, id_, birth, sex))
        for uid, study_uid, number, name, id_, birth, sex in rows
    ]


def _patient(name: dict[str, str], patient_id: str | None, birth: str | None, sex: str | None) -> PatientFacts:
    groups = [name.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
    text = "=".join(groups).rstrip("=")
    return PatientFacts(patient_id or "", "", text, text, sex or "", parse_date(birth or ""), None)


async def shown(session: AsyncSession, instance_ids: Sequence[str]) -> list[Shown]:
    """In the order a viewer shows them: study, series number, instance number."""
    rows = await session.execute(
        select(
            Instance.instance_id,
            Instance.sop_instance_uid,
            Instance.sop_class_uid,
            Instance.transfer_syntax_uid,
            Instance.number,
            Instance.rows,
            Instance.columns,
            Instance.number_of_frames,
            Instance.size_bytes,
            Instance.file_sha256,
            Series.series_uid,
            Series.number.label("series_number"),
            Series.description.label("series_description"),
            Series.modality,
            Study.study_uid,
        )
        .join(Series, Series.id == Instance.series_pk)
        .join(Study, Study.id == Series.study_pk)
        .where(Instance.instance_id == func.any(list(instance_ids)))
        .order_by(Study.study_uid, Series.number, Series.series_uid, Instance.number, Instance.sop_instance_uid)
    )
    return [Shown(**row._mapping) for row in rows]


async def blob_of(session: AsyncSession, case: Case, sop_instance_uid: str) -> BlobRef | None:
    """The bytes of one instance of a visible case: asked for once an image, so the case's others are not read."""
    row = (
        await session.execute(
            select(
                Instance.blob_store, Instance.blob_key, Instance.blob_offset, Instance.blob_length, Instance.blob_sha256
            )
            .join(
                CaseContent,
                and_(
                    CaseContent.record_id == Instance.instance_id,
                    CaseContent.sha256 == Instance.data_set_sha256,
                ),
            )
            .where(
                CaseContent.case_id == case.case_id,
                CaseContent.kind == CONTENT_KIND,
                Instance.clinic_id == case.clinic_id,
                Instance.sop_instance_uid == sop_instance_uid,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return BlobRef(row.blob_store, row.blob_key, row.blob_offset, row.blob_length, row.blob_sha256)


async def keys_in_use(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    return set(await session.scalars(select(Instance.blob_key).where(Instance.blob_key == func.any(list(keys)))))


async def _put_study(session: AsyncSession, clinic_id: str, facts: Facts) -> int:
    patient = facts.patient
    name = name_search(patient.name_text)
    statement = insert(_STUDY).values(
        clinic_id=clinic_id,
        study_uid=facts.study_uid,
        patient_id=patient.id,
        patient_name=patient.name_text,
        patient_sex=patient.sex,
        patient_birth_date=patient.birth_date,
        study_date=facts.study_date,
        study_time=facts.study_time,
        study_id=facts.study_id,
        accession_number=facts.accession_number,
        description=facts.study_description,
        referring_physician=facts.referring_physician,
        name_key=name.key,
        name_sounds=name.sounds,
        name_terms=name.terms,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["clinic_id", "study_uid"], set_={"last_received_at": func.clock_timestamp()}
    )
    return int((await session.execute(statement.returning(Study.id))).scalar_one())


async def _put_one_series(session: AsyncSession, study_pk: int, facts: Facts) -> int:
    statement = insert(_SERIES).values(
        study_pk=study_pk,
        series_uid=facts.series_uid,
        modality=facts.modality,
        number=facts.series_number,
        description=facts.series_description,
        body_part=facts.body_part,
        laterality=facts.laterality,
        station=facts.station,
    )
    # Something must be updated for RETURNING to answer with the row that was there.
    statement = statement.on_conflict_do_update(
        index_elements=["study_pk", "series_uid"], set_={"series_uid": statement.excluded.series_uid}
    )
    return int((await session.execute(statement.returning(Series.id))).scalar_one())


def _row(clinic_id: str, series_pk: int, facts: Facts, blob: BlobRef) -> dict[str, Any]:
    pixels = facts.pixels
    return {
        "instance_id": new_id("ins"),
        "series_pk": series_pk,
        "clinic_id": clinic_id,
        "sop_instance_uid": facts.sop_instance_uid,
        "sop_class_uid": facts.sop_class_uid,
        "transfer_syntax_uid": facts.transfer_syntax_uid,
        "number": facts.instance_number,
        "rows": facts.rows,
        "columns": facts.columns,
        "number_of_frames": facts.number_of_frames,
        "size_bytes": facts.size_bytes,
        "file_sha256": facts.file_sha256,
        "data_set_sha256": facts.data_set_sha256,
        "data_set_offset": facts.data_set_offset,
        "charset_assumed": facts.charset_assumed,
        "remarks": [str(remark) for remark in facts.remarks],
        "pixels": pixels and {"offset": pixels.offset, "length": pixels.length, "fragments": pixels.fragments},
        "blob_store": blob.store,
        "blob_key": blob.key,
        "blob_offset": blob.offset,
        "blob_length": blob.length,
        "blob_sha256": blob.sha256,
    }

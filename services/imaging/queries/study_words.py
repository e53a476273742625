"""What a study is listed and found by, where an order's words stand in for its files'."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, or_, update

from services.imaging.models import Instance, Study
from services.imaging.parse.name_search import name_search
from shared.db import Session


@dataclass(frozen=True, slots=True)
class StudyWords:
    """``other_writing``: the same name as the order writes it, found beside the one that is shown."""

    accession_number: str
    patient_id: str
    patient_name: str
    patient_sex: str
    patient_birth_date: date | None
    other_writing: str = ""


async def put_words(session: Session, clinic_id: str, study_uid: str, words: StudyWords) -> None:
    """Only of what differs a row is written."""
    writings = dict.fromkeys(filter(None, (words.patient_name, words.other_writing)))
    name = name_search("=".join(writings))
    values: dict[str, Any] = {
        "accession_number": words.accession_number,
        "patient_id": words.patient_id,
        "patient_name": words.patient_name,
        "patient_sex": words.patient_sex,
        "patient_birth_date": words.patient_birth_date,
        "name_key": name.key,
        "name_sounds": name.sounds,
        "name_terms": name.terms,
    }
    differs = or_(*(getattr(Study, key).is_distinct_from(value) for key, value in values.items()))
    await session.execute(
        update(Study).where(Study.clinic_id == clinic_id, Study.study_uid == study_uid, differs).values(**values)
    )


async def set_coercion(
    session: Session, clinic_id: str, sop_instance_uids: Sequence[str], coercion: dict[str, Any]
) -> None:
    """What an order says in place of these files, and what they said; a later order replaces it."""
    await session.execute(
        update(Instance)
        .where(Instance.clinic_id == clinic_id, Instance.sop_instance_uid == func.any(list(sop_instance_uids)))
        .values(coercion=coercion)
    )


async def drop_coercion(session: Session, clinic_id: str, sop_instance_uids: Sequence[str]) -> None:
    """These files say what their order says: what an earlier one said in their place is gone."""
    await session.execute(
        update(Instance)
        .where(
            Instance.clinic_id == clinic_id,
            Instance.sop_instance_uid == func.any(list(sop_instance_uids)),
            Instance.coercion.is_not(None),
        )
        .values(coercion=None)
    )

"""What an upload or an order may already be: by accession number, by bytes, by study."""

from collections.abc import Iterable, Sequence
from zlib import crc32

from sqlalchemy import ColumnElement, Text, any_, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert

from shared.auth import Actor
from shared.db import Session
from shared.reading.models import Case, CaseContent, IdempotencyKey

_STUDY_LOCKS = 64
_LOCKS = text("SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(CAST(:names AS text[])) AS name")
_KEY_LIFE = text("interval '7 days'")


async def take_locks(session: Session, names: Iterable[str]) -> None:
    """Until the transaction ends nobody else accepts anything under these names. Sorted, so that two never cross."""
    await session.execute(_LOCKS, {"names": sorted(set(names))})


def study_locks(scope: str, study_uids: Iterable[str]) -> list[str]:
    """Names for ``take_locks``. Studies share a few: an upload may name thousands, and the server's room for locks is
    everybody's."""
    return sorted({f"study/{scope}/{crc32(uid.encode()) % _STUDY_LOCKS}" for uid in study_uids})


async def by_accession(session: Session, actor: Actor, center: str, accession_number: str) -> Sequence[Case]:
    """Every case of the clinic under the number, the newest first; all but one of them are rejected."""
    statement = select(Case).where(
        Case.clinic_id == actor.org_id, Case.center == center, Case.accession_number == accession_number
    )
    return (await session.scalars(statement.order_by(Case.created_at.desc(), Case.case_id.desc()))).all()


async def by_bytes(
    session: Session, actor: Actor, center: str, patient_id: str | None, sha256s: Sequence[str]
) -> Sequence[Case]:
    """The clinic's cases of the patient that hold every one of the bytes, the newest first."""
    wanted = sorted(set(sha256s))
    holders = (
        select(CaseContent.case_id)
        .where(CaseContent.clinic_id == actor.org_id, _is_one_of(wanted))
        .group_by(CaseContent.case_id)
        .having(func.count() == len(wanted))
    )
    statement = select(Case).where(
        Case.clinic_id == actor.org_id,
        Case.center == center,
        Case.patient_id.is_not_distinct_from(patient_id),
        Case.case_id.in_(holders),
    )
    return (await session.scalars(statement.order_by(Case.created_at.desc(), Case.case_id.desc()))).all()


async def by_studies(
    session: Session, actor: Actor, center: str, patient_id: str | None, study_uids: Sequence[str]
) -> Sequence[Case]:
    """The clinic's cases of the patient that hold one of the studies, the newest first."""
    statement = select(Case).where(
        Case.clinic_id == actor.org_id,
        Case.center == center,
        Case.patient_id.is_not_distinct_from(patient_id),
        Case.study_uids.overlap(list(study_uids)),
    )
    return (await session.scalars(statement.order_by(Case.created_at.desc(), Case.case_id.desc()))).all()


async def showing_studies(session: Session, actor: Actor, center: str, study_uids: Sequence[str]) -> Sequence[Case]:
    """The clinic's cases of whichever patient that hold one of the studies, the newest first."""
    statement = select(Case).where(
        Case.clinic_id == actor.org_id, Case.center == center, Case.study_uids.overlap(list(study_uids))
    )
    return (await session.scalars(statement.order_by(Case.created_at.desc(), Case.case_id.desc()))).all()


async def waiting_orders(session: Session, actor: Actor, center: str, patient_id: str) -> Sequence[Case]:
    """The clinic's orders of the patient that no bytes have come for yet, the newest first."""
    statement = select(Case).where(
        Case.clinic_id == actor.org_id,
        Case.center == center,
        Case.patient_id == patient_id,
        Case.state == "ordered",
    )
    return (await session.scalars(statement.order_by(Case.created_at.desc(), Case.case_id.desc()).limit(100))).all()


async def held_digests(session: Session, case_id: str, sha256s: Sequence[str]) -> set[str]:
    """Which of the bytes the case holds."""
    found = await session.scalars(
        select(CaseContent.sha256).where(CaseContent.case_id == case_id, _is_one_of(sorted(set(sha256s))))
    )
    return set(found)


def _is_one_of(digests: list[str]) -> ColumnElement[bool]:
    """One array instead of a parameter each: an upload may have 20,000 files, a statement 32,767 parameters."""
    return CaseContent.sha256 == any_(literal(digests, ARRAY(Text)))


async def kept_key(session: Session, clinic_id: str, key: str) -> IdempotencyKey | None:
    found = await session.execute(
        select(IdempotencyKey).where(
            IdempotencyKey.clinic_id == clinic_id,
            IdempotencyKey.key == key,
            IdempotencyKey.created_at > func.clock_timestamp() - _KEY_LIFE,
        )
    )
    return found.scalar_one_or_none()


async def keep_key(session: Session, clinic_id: str, key: str, body_sha256: str, case_id: str) -> None:
    statement = insert(IdempotencyKey).values(clinic_id=clinic_id, key=key, body_sha256=body_sha256, case_id=case_id)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["clinic_id", "key"],
            set_={
                "body_sha256": statement.excluded.body_sha256,
                "case_id": statement.excluded.case_id,
                "created_at": func.clock_timestamp(),
            },
            where=IdempotencyKey.created_at <= func.clock_timestamp() - _KEY_LIFE,
        )
    )


async def drop_old_keys(session: Session) -> None:
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= func.clock_timestamp() - _KEY_LIFE))

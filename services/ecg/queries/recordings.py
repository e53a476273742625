"""Recordings: which are known, adding new ones, those of a case, and a person's earlier ones."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select, true

from services.ecg.models import Recording
from services.ecg.queries.plain import plain
from services.ecg.rules.judged import Judged
from shared.auth import Actor
from shared.blobs import BlobRef
from shared.db import Session, at_most
from shared.reading.models import Case
from shared.reading.queries.cases import of_same_person, visible_to
from shared.reading.workflow.arrival import Content

_IN_TIME = (Recording.recorded_at.asc().nulls_last(), Recording.received_at, Recording.recording_id)
_LOOKED_AT = 20  # earlier ECGs of one person shown for comparison


def add(
    session: Session,
    case: Case,
    content: Content,
    judged: Judged,
    originals: Sequence[tuple[str, BlobRef]],
    trace: BlobRef,
) -> None:
    """A new row under the content's record id. ``originals``: names and places of the files as they came."""
    recording = judged.recording
    row = Recording(
        recording_id=content.record_id,
        case_id=case.case_id,
        clinic_id=case.clinic_id,
        sha256=content.sha256,
        format=recording.format,
        recorded_at=recording.recorded_at,
        sampling_rate_hz=recording.sampling_rate_hz,
        sample_count=judged.sample_count,
        leads=list(recording.leads),
        derived=sorted(recording.derived),
        device=asdict(recording.device),
        filters=asdict(recording.filters),
        remarks=[str(each) for each in recording.remarks],
        quality=plain(asdict(judged.quality)),
        cart={**plain(asdict(recording.cart)), "statements": list(recording.statements)},
        analysis={
            "measurements": plain(asdict(judged.analysis.measurements)),
            "beats": plain(asdict(judged.analysis.beats)),
            "spike_samples": list(judged.analysis.spike_samples),
        },
        analysis_version=judged.version,
        suggestions=[plain(asdict(each)) for each in judged.suggestions],
        suspected=[plain(asdict(each)) for each in judged.suspected],
        originals=[{"name": name, "blob": ref.to_dict()} for name, ref in originals],
        trace=trace.to_dict(),
        blob_keys=sorted({trace.key, *(ref.key for _, ref in originals)}),
    )
    session.add(row)


async def of_case(session: Session, case_id: str) -> list[Recording]:
    """In the order they were made; those without a time last, as they came."""
    return list(await session.scalars(select(Recording).where(Recording.case_id == case_id).order_by(*_IN_TIME)))


async def earlier_of_person(session: Session, case: Case, seen_by: Actor | None) -> list[Recording]:
    """The person's recordings in other cases of this centre, the newest first; those ``seen_by`` may see, or all."""
    same = of_same_person(case)
    if same is None:
        return []
    statement = (
        select(Recording)
        .join(Case, Recording.case_id == Case.case_id)
        .where(same, true() if seen_by is None else visible_to(seen_by))
        .order_by(Recording.recorded_at.desc().nulls_last(), Recording.received_at.desc())
        .limit(at_most(_LOOKED_AT))
    )
    return list(await session.scalars(statement))


async def keys_in_use(session: Session, keys: Sequence[str]) -> set[str]:
    """Of the blobs, those that some recording names."""
    used = select(func.unnest(Recording.blob_keys).label("key")).where(Recording.blob_keys.overlap(list(keys)))
    return set(await session.scalars(used)) & set(keys)


def trace_of(row: Recording) -> BlobRef:
    return BlobRef.from_dict(row.trace)


def originals_of(row: Recording) -> list[tuple[str, BlobRef]]:
    return [(each["name"], BlobRef.from_dict(each["blob"])) for each in row.originals]


def shown_numbers(row: Recording) -> dict[str, Any]:
    numbers: dict[str, Any] = row.analysis["measurements"]
    return numbers

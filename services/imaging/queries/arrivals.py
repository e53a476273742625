"""What an arriving instance meets: itself, sent before, and the series it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from shared.db import Session

_SENT = text(
    """
    SELECT sop_instance_uid, data_set_sha256, EXISTS (
        SELECT FROM reading.case_content AS held JOIN reading.case USING (case_id)
        WHERE held.clinic_id = sent.clinic_id AND held.sha256 = sent.data_set_sha256
          AND held.record_id = sent.instance_id AND state <> 'rejected'
    ) AS is_in_case
    FROM imaging.instance AS sent
    WHERE clinic_id = :clinic_id AND sop_instance_uid = ANY(:uids)
    """
)
_SERIES = text(
    """
    SELECT series_uid, series.id FROM imaging.series JOIN imaging.study ON study.id = study_pk
    WHERE clinic_id = :clinic_id AND study_uid = :study_uid
    """
)


@dataclass(frozen=True, slots=True)
class Sent:
    """``is_in_case``: a case that was not rejected holds it."""

    data_set_sha256: str
    is_in_case: bool


async def sent(session: Session, clinic_id: str, sop_instance_uids: Sequence[str]) -> dict[str, Sent]:
    """By SOP Instance UID, what this clinic has sent before, and whether anybody has it to read."""
    rows = await session.execute(_SENT, {"clinic_id": clinic_id, "uids": list(sop_instance_uids)})
    return {row.sop_instance_uid: Sent(row.data_set_sha256, row.is_in_case) for row in rows}


async def series_of(session: Session, clinic_id: str, study_uid: str) -> dict[tuple[str, str], int]:
    """(study UID, series UID) → the series' key."""
    rows = await session.execute(_SERIES, {"clinic_id": clinic_id, "study_uid": study_uid})
    return {(study_uid, row.series_uid): row.id for row in rows}

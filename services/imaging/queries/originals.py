"""Digests of files that clinics compressed without loss before they sent them, as the clinics say."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select, text

from services.imaging.models import Instance, Series
from services.imaging.queries.studies import SeenStudy, within
from shared.db import Session

_NOTE = text(
    """
    UPDATE imaging.instance AS held
    SET original_sha256 = said.sha256, original_transfer_syntax_uid = said.transfer_syntax_uid
    FROM jsonb_to_recordset(CAST(:said AS jsonb))
        AS said(sop_instance_uid text, sent_sha256 text, sha256 text, transfer_syntax_uid text)
    WHERE held.clinic_id = :clinic_id AND held.sop_instance_uid = said.sop_instance_uid
        AND held.file_sha256 = said.sent_sha256
    RETURNING held.sop_instance_uid
    """
)


@dataclass(frozen=True, slots=True)
class Original:
    """The file ``sent_sha256`` of this instance was made of the file ``sha256``."""

    sop_instance_uid: str
    sent_sha256: str
    sha256: str
    transfer_syntax_uid: str


async def note(session: Session, clinic_id: str, originals: Sequence[Original]) -> set[str]:
    """SOP Instance UIDs of those that the clinic sent in just these bytes; of no others anything is noted."""
    said = json.dumps([asdict(each) for each in originals])
    return set(await session.scalars(_NOTE, {"clinic_id": clinic_id, "said": said}))


async def originals_of(session: Session, study: SeenStudy) -> dict[tuple[str, str], tuple[str, str]]:
    """(series, SOP Instance UID) → the original's SHA-256 and transfer syntax."""
    columns = select(
        Series.series_uid,
        Instance.sop_instance_uid,
        Instance.original_sha256,
        Instance.original_transfer_syntax_uid,
    )
    rows = await session.execute(within(columns, study).where(Instance.original_sha256.is_not(None)))
    return {(series, instance): (sha256 or "", syntax or "") for series, instance, sha256, syntax in rows}

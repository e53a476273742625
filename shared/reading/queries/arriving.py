"""An exam that is still arriving, as its images come one by one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from sqlalchemy import Interval, bindparam, text

from shared.db import Session

_GROW = text(
    """
    WITH exam AS (
        UPDATE reading.case
        SET content_count = content_count + :count, content_version = content_version + 1, version = version + 1,
            updated_at = clock_timestamp(), settles_at = clock_timestamp() + :settles_after
        WHERE case_id = :case_id AND clinic_id = :clinic_id AND patient_id IS NOT DISTINCT FROM :patient_id
          AND state = 'received' AND completed_at IS NULL AND order_sha256 IS NULL AND expected_count IS NULL
        RETURNING case_id, clinic_id, content_version
    ), held AS (
        INSERT INTO reading.case_content (case_id, clinic_id, added_version, sha256, record_id, kind)
        SELECT case_id, clinic_id, content_version, content.*
        FROM exam, unnest(CAST(:sha256s AS text[]), CAST(:record_ids AS text[]), CAST(:kinds AS text[])) AS content
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM held
    """
).bindparams(bindparam("settles_after", type_=Interval))


class Held(Protocol):
    """Of one content, what its row in the case says."""

    @property
    def sha256(self) -> str: ...
    @property
    def record_id(self) -> str: ...
    @property
    def kind(self) -> str: ...


async def grow(
    session: Session,
    clinic_id: str,
    case_id: str,
    patient_id: str | None,
    contents: Sequence[Held],
    settles_after: timedelta,
) -> int:
    """How many of the contents the case now holds that it did not: 0 where it is not arriving, or not the patient's."""
    given = {
        "clinic_id": clinic_id, "case_id": case_id, "patient_id": patient_id, "settles_after": settles_after,
        "count": len(contents), "sha256s": [each.sha256 for each in contents],
        "record_ids": [each.record_id for each in contents], "kinds": [each.kind for each in contents],
    }  # fmt: skip
    return int((await session.execute(_GROW, given)).scalar_one())

"""What orders say in place of a study's files."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from services.imaging.models import Instance, Series
from services.imaging.queries.studies import SeenStudy, within
from shared.db import Session


@dataclass(frozen=True, slots=True)
class Coercion:
    """``words`` as ``imaging.instance.coercion``; ``charset_assumed`` where the file declares none."""

    words: dict[str, Any]
    charset_assumed: str | None


async def coercions(
    session: Session, study: SeenStudy, series_uid: str | None, sop_instance_uid: str | None
) -> dict[tuple[str, str], Coercion]:
    """By (series, SOP Instance UID) those that have one."""
    columns = select(Series.series_uid, Instance.sop_instance_uid, Instance.coercion, Instance.charset_assumed)
    statement = within(columns, study, series_uid, sop_instance_uid).where(Instance.coercion.is_not(None))
    rows = await session.execute(statement)
    return {
        (row.series_uid, row.sop_instance_uid): Coercion(row.coercion, row.charset_assumed)
        for row in rows
        if row.coercion is not None
    }

"""Which objects of the region's store hold the files of a signed version."""

from collections.abc import Sequence

from sqlalchemy import func, select

from shared.db import Session
from shared.reading.models import ReportVersion


async def named_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of ``keys`` that a version names. One pass over all versions whatever the number of keys."""
    found: set[str] = set()
    for file in (ReportVersion.jws, ReportVersion.pdf):
        key = file["key"].astext
        found |= set(await session.scalars(select(key).where(key == func.any(list(keys)))))
    return found

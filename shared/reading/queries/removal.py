"""Contents of cases that are taken away again."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, func, or_, select

from shared.db import Session
from shared.reading.models import CaseContent, CriticalResult, IdempotencyKey, ReportVersion


async def cases_holding(session: Session, kind: str, record_ids: Sequence[str]) -> list[str]:
    """Sorted, as they must be locked."""
    statement = select(CaseContent.case_id).where(
        CaseContent.kind == kind, CaseContent.record_id == func.any(list(record_ids))
    )
    return list(await session.scalars(statement.distinct().order_by(CaseContent.case_id)))


async def is_reported(session: Session, case_id: str) -> bool:
    """Whether anything of its report ever left its author's hands, or a reader stood for a critical result: the clinic
    was told of that before there was a report."""
    version = exists().where(ReportVersion.case_id == case_id)
    critical = exists().where(CriticalResult.case_id == case_id, CriticalResult.verified_at.is_not(None))
    return bool((await session.execute(select(or_(version, critical)))).scalar_one())


async def remove(session: Session, case_id: str, kind: str, record_ids: Sequence[str]) -> int:
    """The case's own rows of these; returns how many. With them go the idempotency keys that led to the case: the same
    upload again has to be taken again."""
    gone = await session.scalars(
        delete(CaseContent)
        .where(
            CaseContent.case_id == case_id,
            CaseContent.kind == kind,
            CaseContent.record_id == func.any(list(record_ids)),
        )
        .returning(CaseContent.sha256)
    )
    count = len(gone.all())
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.case_id == case_id))
    return count

"""What released reports say: a value that was corrected or kept back there is not what the analyzer sent."""

from collections.abc import Sequence

from sqlalchemy import and_, select

from services.lab.report_form.content import LabContent
from shared.db import Session
from shared.reading.models import Report, ReportVersion


async def contents_of(session: Session, case_ids: Sequence[str]) -> dict[str, LabContent]:
    """By case, of those whose report stands released."""
    statement = (
        select(ReportVersion.case_id, ReportVersion.document)
        .join(
            Report,
            and_(Report.report_id == ReportVersion.report_id, Report.released_version == ReportVersion.version),
        )
        .where(Report.case_id.in_(case_ids), ReportVersion.document.is_not(None))
    )
    return {
        case_id: LabContent.model_validate(document["content"])
        for case_id, document in await session.execute(statement)
    }

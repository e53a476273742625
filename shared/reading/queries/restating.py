"""Everything a centre knows, in pages, for those who lost it."""

from collections.abc import Sequence

from sqlalchemy import select

from shared.db import Session
from shared.reading.models import Case, Claim, Report, ReportVersion


async def case_page(session: Session, after: str, limit: int) -> Sequence[Case]:
    """Cases behind ``after`` by their id; an empty text is the beginning."""
    statement = select(Case).where(Case.case_id > after).order_by(Case.case_id).limit(limit)
    return (await session.scalars(statement)).all()


async def live_claims(session: Session, case_ids: Sequence[str]) -> dict[str, Claim]:
    found = await session.scalars(select(Claim).where(Claim.case_id.in_(case_ids), Claim.ended_at.is_(None)))
    return {claim.case_id: claim for claim in found}


async def reports_of(session: Session, case_ids: Sequence[str]) -> dict[str, Report]:
    found = await session.scalars(select(Report).where(Report.case_id.in_(case_ids)))
    return {report.case_id: report for report in found}


async def released_versions(session: Session, case_ids: Sequence[str]) -> Sequence[ReportVersion]:
    """Those that were signed as a whole, the replaced and voided ones too, in the order of their signing."""
    statement = select(ReportVersion).where(ReportVersion.case_id.in_(case_ids), ReportVersion.signed_at.is_not(None))
    return (await session.scalars(statement.order_by(ReportVersion.signed_at, ReportVersion.version))).all()

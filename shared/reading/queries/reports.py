"""Reports: drafts by revision, versions by number."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from shared.db import Session
from shared.reading.models import Report, ReportDraft, ReportVersion

WORKING_KINDS = ("draft", "revised", "opened")


async def of_case(session: Session, case_id: str) -> Report | None:
    return (await session.execute(select(Report).where(Report.case_id == case_id))).scalar_one_or_none()


async def version(session: Session, report_id: str, number: int) -> ReportVersion | None:
    return await session.get(ReportVersion, (report_id, number))


async def versions(session: Session, case_id: str) -> Sequence[ReportVersion]:
    statement = select(ReportVersion).where(ReportVersion.case_id == case_id).order_by(ReportVersion.version)
    return (await session.scalars(statement)).all()


async def shown_outside(session: Session, report: Report) -> ReportVersion | None:
    """What the clinic may read: the released version, before that the last preliminary one."""
    if report.released_version is not None:
        return await version(session, report.report_id, report.released_version)
    statement = select(ReportVersion).where(
        ReportVersion.report_id == report.report_id, ReportVersion.status == "preliminary"
    )
    return (await session.scalars(statement.order_by(ReportVersion.version.desc()).limit(1))).one_or_none()


async def preliminary(session: Session, report_id: str) -> Sequence[ReportVersion]:
    """Those that no report has replaced yet."""
    statement = select(ReportVersion).where(ReportVersion.report_id == report_id, ReportVersion.status == "preliminary")
    return (await session.scalars(statement)).all()


async def latest_draft(session: Session, case_id: str) -> ReportDraft | None:
    """The text as it stands: recovered revisions are nobody's current text."""
    statement = (
        select(ReportDraft)
        .where(ReportDraft.case_id == case_id, ReportDraft.kind.in_(WORKING_KINDS))
        .order_by(ReportDraft.revision.desc(), ReportDraft.id.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


async def recovered_drafts(session: Session, case_id: str, account_id: str) -> Sequence[ReportDraft]:
    statement = select(ReportDraft).where(
        ReportDraft.case_id == case_id, ReportDraft.kind == "recovered", ReportDraft.saved_by == account_id
    )
    return (await session.scalars(statement.order_by(ReportDraft.id.desc()).limit(50))).all()


async def keep_recovered(session: Session, case_id: str, account_id: str, count: int) -> None:
    """Only the account's newest ``count`` of the case."""
    own = (ReportDraft.case_id == case_id, ReportDraft.kind == "recovered", ReportDraft.saved_by == account_id)
    newest = select(ReportDraft.id).where(*own).order_by(ReportDraft.id.desc()).limit(count)
    await session.execute(
        delete(ReportDraft).where(*own, ReportDraft.id.not_in(newest)),
        execution_options={"synchronize_session": False},
    )


async def writers(session: Session, case_id: str, since_version: int) -> list[str]:
    """Accounts that saved the text while reading, of drafts begun from ``since_version`` or a later one.

    A reviewer's own revisions are no writing: he signs them as his.
    """
    found = await session.execute(
        select(ReportDraft.saved_by)
        .where(
            ReportDraft.case_id == case_id,
            ReportDraft.kind == "draft",
            func.coalesce(ReportDraft.base_version, 0) >= since_version,
        )
        .distinct()
    )
    return sorted(found.scalars())

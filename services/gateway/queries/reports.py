"""The SQL of signed reports: what the projection writes, what readers may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models.cases import WorklistCase
from services.gateway.models.reports import ReportFact, ReportHead, ReportRefusal, ReportVersion
from services.gateway.queries.cases import is_held_by
from services.gateway.queries.feed import WHOLE_REGION, viewpoint
from shared.auth import Actor
from shared.db import at_most
from shared.outbox import InboxRow


@dataclass(frozen=True, slots=True)
class ServedReport:
    """One version and how its report stands now."""

    version: ReportVersion
    head: ReportHead

    @property
    def is_voided(self) -> bool:
        return self.head.voided_at is not None

    @property
    def superseded_by(self) -> int | None:
        latest = self.head.latest_version
        return latest if latest is not None and latest > self.version.version else None

    @property
    def status(self) -> str:
        """``voided`` is of the whole report; an old version keeps the status it was signed with."""
        return "voided" if self.is_voided else str(self.version.document["status"])


async def is_handled(session: AsyncSession, consumer: str, event_id: str) -> bool:
    """Spares fetching and verifying what a second delivery brings again; the inbox row still decides."""
    found = await session.execute(
        select(InboxRow.event_id).where(InboxRow.consumer == consumer, InboxRow.event_id == event_id)
    )
    return found.scalar_one_or_none() is not None


async def add_fact(
    session: AsyncSession, report_id: str, version: int, kind: str, *, event_id: str, at: datetime
) -> bool:
    """False when it was known: the same fact came in another event."""
    added = await session.execute(
        insert(ReportFact)
        .values(report_id=report_id, version=version, kind=kind, event_id=event_id, at=at)
        .on_conflict_do_nothing()
        .returning(ReportFact.report_id)
    )
    return added.scalar_one_or_none() is not None


async def put_head(
    session: AsyncSession,
    report_id: str,
    *,
    case_id: str,
    center: str,
    latest_version: int | None = None,
    voided_version: int | None = None,
    voided_at: datetime | None = None,
    void_reason: str | None = None,
) -> None:
    """What the fact adds; the rest stays, so that the order of facts does not matter."""
    statement = insert(ReportHead).values(
        report_id=report_id,
        case_id=case_id,
        center=center,
        latest_version=latest_version,
        voided_version=voided_version,
        voided_at=voided_at,
        void_reason=void_reason,
    )
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["report_id"],
            set_={
                "latest_version": func.greatest(ReportHead.latest_version, new.latest_version),
                "voided_version": func.coalesce(ReportHead.voided_version, new.voided_version),
                "voided_at": func.coalesce(ReportHead.voided_at, new.voided_at),
                "void_reason": func.coalesce(ReportHead.void_reason, new.void_reason),
            },
        )
    )


async def put_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(ReportVersion).values(**values).on_conflict_do_nothing())


async def put_refusal(
    session: AsyncSession, event_id: str, *, center: str, report_id: str, version: int, code: str
) -> None:
    statement = insert(ReportRefusal).values(
        event_id=event_id, center=center, report_id=report_id, version=version, code=code
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["event_id"],
            set_={"code": code, "attempts": ReportRefusal.attempts + 1, "last_at": func.clock_timestamp()},
        )
    )


async def drop_refusal(session: AsyncSession, event_id: str) -> None:
    await session.execute(delete(ReportRefusal).where(ReportRefusal.event_id == event_id))


async def count_refusals(session: AsyncSession) -> dict[str, int]:
    """Reports that do not verify and are not served, by centre."""
    rows = await session.execute(select(ReportRefusal.center, func.count()).group_by(ReportRefusal.center))
    return {row[0]: row[1] for row in rows}


async def named_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of ``keys`` under which a report's files lie."""
    found = await session.execute(
        select(ReportVersion.jws["key"].astext)
        .where(ReportVersion.jws["key"].astext.in_(keys))
        .union(select(ReportVersion.pdf["key"].astext).where(ReportVersion.pdf["key"].astext.in_(keys)))
    )
    return set(found.scalars())


async def find_report(
    session: AsyncSession, actor: Actor, report_id: str, version: int | None = None
) -> ServedReport | None:
    """The newest version, or the one named; None when it is not there or not the actor's to see."""
    wanted = [ReportVersion.version == version] if version is not None else []
    row = (
        await session.execute(
            select(ReportVersion, ReportHead)
            .join(ReportHead, ReportHead.report_id == ReportVersion.report_id)
            .where(ReportVersion.report_id == report_id, _visible(actor), *wanted)
            .order_by(ReportVersion.version.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else ServedReport(row[0], row[1])


async def find_versions(session: AsyncSession, actor: Actor, report_id: str) -> list[ServedReport]:
    rows = await session.execute(
        select(ReportVersion, ReportHead)
        .join(ReportHead, ReportHead.report_id == ReportVersion.report_id)
        .where(ReportVersion.report_id == report_id, _visible(actor))
        .order_by(ReportVersion.version)
    )
    return [ServedReport(row[0], row[1]) for row in rows]


async def find_registered(session: AsyncSession, report_id: str, version: int) -> ServedReport | None:
    """Whether the region released this version: for anybody who holds the sheet, so nothing of the patient goes out."""
    row = (
        await session.execute(
            select(ReportVersion, ReportHead)
            .join(ReportHead, ReportHead.report_id == ReportVersion.report_id)
            .where(ReportVersion.report_id == report_id, ReportVersion.version == version)
        )
    ).one_or_none()
    return None if row is None else ServedReport(row[0], row[1])


async def find_priors(session: AsyncSession, case: WorklistCase, limit: int) -> list[ServedReport]:
    """The newest version of each other report of the case's patient, newest first; voided ones are left out."""
    rows = await session.execute(
        select(ReportVersion, ReportHead)
        .join(
            ReportHead,
            and_(ReportHead.report_id == ReportVersion.report_id, ReportHead.latest_version == ReportVersion.version),
        )
        .where(
            _is_person(case.clinic_id, case.patient_id, case.national_id),
            ReportVersion.case_id != case.case_id,
            ReportHead.voided_at.is_(None),
        )
        .order_by(ReportVersion.signed_at.desc(), ReportVersion.report_id)
        .limit(at_most(limit))
    )
    return [ServedReport(row[0], row[1]) for row in rows]


def _is_person(clinic_id: str, patient_id: str | None, national_id: str | None) -> ColumnElement[bool]:
    """The same clinic's number, or the same citizen's number: never the name. Nobody when there is neither."""
    matches: list[ColumnElement[bool]] = []
    if patient_id is not None:
        matches.append(and_(ReportVersion.clinic_id == clinic_id, ReportVersion.patient_id == patient_id))
    if national_id is not None:
        matches.append(ReportVersion.national_id == national_id)
    return or_(*matches) if matches else ~true()


def _visible(actor: Actor) -> ColumnElement[bool]:
    """The clinic that asked, the site that read (of the centres the person works for), the region by scope; and who
    now holds a case of the same person."""
    if viewpoint(actor) == WHOLE_REGION:
        return true()
    holds_a_case_of_the_person = exists().where(
        is_held_by(actor),
        or_(
            and_(
                WorklistCase.clinic_id == ReportVersion.clinic_id,
                WorklistCase.patient_id == ReportVersion.patient_id,
            ),
            WorklistCase.national_id == ReportVersion.national_id,
        ),
    )
    return or_(
        ReportVersion.clinic_id == actor.org_id,
        and_(ReportVersion.reading_site_id == actor.org_id, _of_own_centers(actor)),
        holds_a_case_of_the_person,
    )


def _of_own_centers(actor: Actor) -> ColumnElement[bool]:
    return ReportVersion.center.in_(sorted(actor.centers)) if actor.centers else true()

"""Cases: who sees which, under lock or not; their history and who has seen their contents."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from shared.auth import SYSTEM, Actor, Role
from shared.db import Session
from shared.errors import NotFound
from shared.reading.lifecycle import WAITS_FOR_READER
from shared.reading.models import Case, CaseContent, CaseHistory, ContentSeen, ReportVersion

_SITE_ROLES = (Role.reader, Role.reviewer, Role.technologist, Role.dispatcher, Role.integration)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """A clinic its own cases, a reading site those assigned to it (of the centres the person works for)."""
    if actor == SYSTEM:
        return true()
    ways: list[ColumnElement[bool]] = []
    if actor.has(Role.clinic, Role.integration):
        ways.append(Case.clinic_id == actor.org_id)
    if actor.has(*_SITE_ROLES):
        own = Case.reading_site_id == actor.org_id
        ways.append(and_(own, Case.center.in_(sorted(actor.centers))) if actor.centers else own)
    return or_(*ways) if ways else false()


def of_same_person(case: Case) -> ColumnElement[bool] | None:
    """Other cases of the same person: the same local number at the same clinic, or the same national number anywhere.
    Never by name. None where nobody knows who it is: then there is nothing earlier."""
    same: list[ColumnElement[bool]] = []
    if case.patient_id:
        same.append(and_(Case.clinic_id == case.clinic_id, Case.patient_id == case.patient_id))
    if case.national_id:
        same.append(Case.national_id == case.national_id)
    if not same or case.card["patient"].get("unknown"):
        return None
    known = Case.card["patient"]["unknown"].astext.is_distinct_from("true")
    return and_(or_(*same), known, Case.case_id != case.case_id)


async def see(session: Session, actor: Actor, case_id: str) -> Case:
    """Raises NotFound for a case that is not there or not the actor's."""
    found = await session.execute(select(Case).where(Case.case_id == case_id, visible_to(actor)))
    return _required(found.scalar_one_or_none())


async def lock(session: Session, actor: Actor, case_id: str) -> Case:
    """The case as it stands now, held until the transaction ends. Raises NotFound as ``see``."""
    statement = select(Case).where(Case.case_id == case_id, visible_to(actor)).with_for_update()
    found = await session.execute(statement, execution_options={"populate_existing": True})
    return _required(found.scalar_one_or_none())


def _required(case: Case | None) -> Case:
    if case is None:
        raise NotFound
    return case


async def history(session: Session, case_id: str) -> Sequence[CaseHistory]:
    return (
        await session.scalars(select(CaseHistory).where(CaseHistory.case_id == case_id).order_by(CaseHistory.id))
    ).all()


async def last_step(session: Session, case_id: str) -> CaseHistory | None:
    statement = select(CaseHistory).where(CaseHistory.case_id == case_id).order_by(CaseHistory.id.desc())
    return (await session.scalars(statement.limit(1))).one_or_none()


async def step_at(session: Session, case_id: str, at: datetime, account_id: str) -> CaseHistory | None:
    """What the account did at that moment: a claim ends with the moment of the step that ended it."""
    statement = select(CaseHistory).where(
        CaseHistory.case_id == case_id, CaseHistory.at == at, CaseHistory.account_id == account_id
    )
    return (await session.scalars(statement.order_by(CaseHistory.id.desc()).limit(1))).one_or_none()


async def contents(session: Session, case_id: str) -> Sequence[CaseContent]:
    statement = select(CaseContent).where(CaseContent.case_id == case_id)
    return (await session.scalars(statement.order_by(CaseContent.added_at, CaseContent.sha256))).all()


async def mark_seen(session: Session, case_id: str, account_id: str, content_version: int) -> None:
    """Never backwards: a slow page must not unsee what a later one showed."""
    statement = insert(ContentSeen).values(case_id=case_id, account_id=account_id, content_version=content_version)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["case_id", "account_id"],
            set_={
                "content_version": statement.excluded.content_version,
                "seen_at": func.clock_timestamp(),
            },
            where=ContentSeen.content_version < statement.excluded.content_version,
        )
    )


async def seen_version(session: Session, case_id: str, account_id: str) -> int:
    """Up to which content the account is known to have looked; 0 for not at all.

    What the author saw when he submitted counts as shown to the reviewer: the version he judges speaks of it.
    """
    own = await session.execute(
        select(ContentSeen.content_version).where(ContentSeen.case_id == case_id, ContentSeen.account_id == account_id)
    )
    submitted = await session.execute(
        select(func.max(ReportVersion.content_version)).where(
            ReportVersion.case_id == case_id, ReportVersion.status == "submitted"
        )
    )
    return max(own.scalar_one_or_none() or 0, submitted.scalar_one_or_none() or 0)


async def queue_lengths(session: Session, center: str) -> dict[str, int]:
    """Cases that wait for a reader, by reading site."""
    rows = await session.execute(
        select(Case.reading_site_id, func.count())
        .where(Case.center == center, Case.state.in_(WAITS_FOR_READER), Case.reading_site_id.is_not(None))
        .group_by(Case.reading_site_id)
    )
    return {str(site): int(count) for site, count in rows}


async def cases_by_state(session: Session, center: str) -> dict[str, int]:
    rows = await session.execute(select(Case.state, func.count()).where(Case.center == center).group_by(Case.state))
    return {str(state): int(count) for state, count in rows}


async def oldest_queued_at(session: Session, center: str) -> datetime | None:
    found = await session.execute(
        select(func.min(Case.received_at)).where(Case.center == center, Case.state.in_(WAITS_FOR_READER))
    )
    return found.scalar_one_or_none()

"""Claims: the live one of a case, the last one, and the next case that waits for somebody."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import any_, exists, literal, or_, select

from shared.auth import Actor
from shared.db import Session, at_most
from shared.reading.lifecycle import IN_REVIEW, WAITS_FOR_READER
from shared.reading.models import Case, Claim
from shared.reading.queries.cases import visible_to


async def unended(session: Session, case_id: str) -> Claim | None:
    """The one claim that was not ended, even if its lease is over and no sweep has come by yet."""
    found = await session.execute(
        select(Claim).where(Claim.case_id == case_id, Claim.ended_at.is_(None)),
        execution_options={"populate_existing": True},
    )
    return found.scalar_one_or_none()


async def last(session: Session, case_id: str) -> Claim | None:
    statement = select(Claim).where(Claim.case_id == case_id).order_by(Claim.claimed_at.desc(), Claim.claim_id.desc())
    return (await session.scalars(statement.limit(1))).one_or_none()


async def by_token(session: Session, case_id: str, account_id: str, token: str) -> Claim | None:
    """Any claim of this account on the case, ended or not: only who was given a token can show it."""
    found = await session.execute(
        select(Claim).where(Claim.case_id == case_id, Claim.account_id == account_id, Claim.token == token),
        execution_options={"populate_existing": True},
    )
    return found.scalar_one_or_none()


async def next_waiting(
    session: Session,
    actor: Actor,
    *,
    center: str,
    stage: str,
    priority: str | None,
    modality: str | None,
    now: datetime,
) -> str | None:
    """The case to claim next, locked; what another transaction is claiming at this moment is passed over.

    To review: nobody holds it, and nothing of it is by the actor's own hand.
    """
    statement = (
        select(Case.case_id)
        .where(visible_to(actor), Case.reading_site_id == actor.org_id, Case.center == center)
        .order_by(Case.priority_rank, Case.due_at, Case.case_id)
        .limit(at_most(1))
        .with_for_update(skip_locked=True, of=Case)
    )
    if stage == "report":
        kept_for_me = or_(Case.kept_for_id.is_(None), Case.kept_for_id == actor.account_id, Case.kept_until <= now)
        statement = statement.where(Case.state.in_(WAITS_FOR_READER), kept_for_me)
    else:
        held = exists().where(Claim.case_id == Case.case_id, Claim.ended_at.is_(None), Claim.lease_until > now)
        wrote = literal(actor.account_id) == any_(Case.written_by)
        statement = statement.where(Case.state.in_(IN_REVIEW), ~held, ~wrote)
    if priority is not None:
        statement = statement.where(Case.priority == priority)
    if modality is not None:
        statement = statement.where(Case.modality == modality)
    return (await session.execute(statement)).scalar_one_or_none()


async def overdue_leases(session: Session, center: str, now: datetime, limit: int) -> Sequence[tuple[str, str, str]]:
    """(case_id, claim_id, stage) whose lease is over, the oldest first."""
    rows = await session.execute(
        select(Claim.case_id, Claim.claim_id, Claim.stage)
        .join(Case, Case.case_id == Claim.case_id)
        .where(Claim.ended_at.is_(None), Claim.lease_until <= now, Case.center == center)
        .order_by(Claim.lease_until)
        .limit(at_most(limit))
    )
    return [(row.case_id, row.claim_id, row.stage) for row in rows]

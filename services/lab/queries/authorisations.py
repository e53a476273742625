"""Standing authorisations: all of a laboratory, and those that hold now."""

from collections.abc import Sequence

from sqlalchemy import func, select

from services.lab.models import Authorisation
from shared.db import Session, at_most
from shared.errors import NotFound


async def authorisations_of(session: Session, laboratory_id: str, limit: int = 200) -> Sequence[Authorisation]:
    """The newest first, revoked and past ones too."""
    statement = select(Authorisation).where(Authorisation.laboratory_id == laboratory_id)
    newest = statement.order_by(Authorisation.given_at.desc(), Authorisation.authorisation_id.desc())
    return list(await session.scalars(newest.limit(at_most(limit))))


async def lock_authorisation(session: Session, laboratory_id: str, authorisation_id: str) -> Authorisation:
    """Raises NotFound for another laboratory's."""
    statement = select(Authorisation).where(
        Authorisation.authorisation_id == authorisation_id, Authorisation.laboratory_id == laboratory_id
    )
    found = (await session.scalars(statement.with_for_update())).one_or_none()
    if found is None:
        raise NotFound
    return found


async def holding(session: Session, laboratory_id: str, rule_set: str, digest: str) -> Sequence[Authorisation]:
    """Confirmed, not revoked, not past, for this very rule set. Locked for sharing: a revocation under way is waited
    for, and one that comes while a release is recorded comes after it."""
    statement = (
        select(Authorisation)
        .where(
            Authorisation.laboratory_id == laboratory_id,
            Authorisation.rule_set == rule_set,
            Authorisation.digest == digest,
            Authorisation.confirmed_at.is_not(None),
            Authorisation.revoked_at.is_(None),
            Authorisation.valid_until > func.clock_timestamp(),
        )
        .order_by(Authorisation.authorisation_id)
        .with_for_update(read=True)
    )
    return list(await session.scalars(statement, execution_options={"populate_existing": True}))

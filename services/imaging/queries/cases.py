"""Which cases show a study."""

from sqlalchemy import select

from shared.auth import Actor
from shared.db import Session
from shared.reading.models import Case
from shared.reading.queries.cases import visible_to


async def own_cases_of_study(session: Session, actor: Actor, study_uid: str) -> list[str]:
    """The ids of the actor's own clinic's cases that show the study, the newest first."""
    statement = select(Case.case_id).where(
        visible_to(actor), Case.clinic_id == actor.org_id, Case.study_uids.contains([study_uid])
    )
    return list(await session.scalars(statement.order_by(Case.created_at.desc(), Case.case_id.desc())))

"""A case with its results as whoever may see it looks at them."""

from collections.abc import Sequence

from services.lab.api.site import WORKS, laboratory_of
from services.lab.models import Result
from services.lab.queries import results
from shared import audit
from shared.db import Session
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.routes.call import Call


async def look(session: Session, call: Call, case_id: str) -> tuple[Case, Sequence[Result]]:
    """Every value there ever was: no clinic's, which would take an unverified one for a result. Who works on the case
    has thereby been shown what came late. Raises NotFound, RoleRequired."""
    case = await cases.see(session, call.actor, case_id)
    laboratory_of(call.actor, *WORKS)
    rows = await results.of_case(session, case_id)
    await cases.mark_seen(session, case_id, call.actor.account_id, case.content_version)
    if not await audit.seen_recently(session, call.actor, "results.read", "case", case_id):
        await audit.record(session, call.actor, "results.read", "case", case_id, address=call.address)
    return case, rows

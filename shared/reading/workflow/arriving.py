"""More of an exam that is still arriving, of which nothing else is said: counted and held, and that is all.

Machines send an exam image by image. Nobody reads the case yet, so not each of them is a step with its history and
its event: the next step, at the latest that the exam has settled, tells of all.
"""

from collections.abc import Sequence

from shared.auth import Actor
from shared.db import Session
from shared.reading.models import Case
from shared.reading.queries import arriving as queries
from shared.reading.workflow.arrival import Content
from shared.reading.workflow.opening import SETTLES_AFTER


def is_arriving(case: Case) -> bool:
    """Only a case that was opened by its bytes: against an order each arrival is held anew."""
    return case.state == "received" and case.completed_at is None and case.order_sha256 is None


async def grow(
    session: Session, actor: Actor, case_id: str, patient_id: str | None, contents: Sequence[Content]
) -> bool:
    """Whether it is so: False where the case is not arriving any more, is another patient's, or holds one of them.
    Then the caller's transaction must not be kept."""
    added = await queries.grow(session, actor.org_id, case_id, patient_id, contents, SETTLES_AFTER)
    return added == len(contents)

"""Values that are not out yet are judged again when what the rules stood on has changed."""

from services.lab.intake.judged import judge_case
from services.lab.queries import results
from shared.auth import SYSTEM
from shared.db import Session
from shared.reading.lifecycle import PROMISED
from shared.reading.queries import cases


async def rejudge(session: Session, laboratory_id: str, analyzer: str, item: str) -> int:
    """Every unreleased case with a value of the item on the analyzer; returns how many."""
    found = await results.unreleased_with(session, laboratory_id, analyzer, item)
    for case_id in found:
        case = await cases.lock(session, SYSTEM, case_id)
        if case.state in PROMISED:
            await judge_case(session, case, ())
    return len(found)

"""Which items' results other hospitals may recognise (互认): assessed from outside, and in control today."""

from datetime import datetime, timedelta

from services.lab.models import EqaResult
from services.lab.queries import policies, quality_control
from services.lab.rules import eqa
from shared.db import Session

FRESH_H = 24
"""How old a control may be, in hours, where the laboratory's policy (``qc_fresh_h``) says nothing: one a day is the
least (WS/T 641-2018)."""
_OLDEST_H = 24 * 31


async def recognised(session: Session, laboratory_id: str, at: datetime) -> frozenset[str]:
    """Items whose external assessment is passed and valid at ``at``, with a fresh control in control on some analyzer
    and none that lies rejected on any."""
    controlled = await in_control(session, laboratory_id, at)
    blocked = {item for _, item in await quality_control.blocked(session, laboratory_id)}
    items = {item for _, item in controlled} - blocked
    if not items:
        return frozenset()
    known = assessed(await quality_control.eqa_of(session, laboratory_id, sorted(items)))
    return frozenset(item for item in items if eqa.recognisable(item, known, at))


async def in_control(session: Session, laboratory_id: str, at: datetime) -> frozenset[tuple[str, str]]:
    """Analyzer and item whose last control before ``at`` is fresh and was taken."""
    within = timedelta(hours=await fresh_hours(session, laboratory_id))
    latest = await quality_control.latest_of(session, laboratory_id, at, within)
    return frozenset((run.analyzer, run.item) for run in latest if run.state in ("accepted", "warned"))


async def fresh_hours(session: Session, laboratory_id: str) -> float:
    policy = await policies.policy_of(session, laboratory_id)
    chosen = policy.numbers.get("qc_fresh_h") if policy else None
    return min(float(chosen), _OLDEST_H) if isinstance(chosen, int | float) and chosen > 0 else FRESH_H


def assessed(rows: list[EqaResult]) -> list[eqa.EqaResult]:
    return [
        eqa.EqaResult(row.item, row.scheme, eqa.EqaVerdict(row.verdict), row.valid_from, row.valid_to) for row in rows
    ]

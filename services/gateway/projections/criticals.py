"""critical.*: each step a fact, taken once; how the result stands, by its highest version."""

from typing import Any

from services.gateway.projections.cases import RESTATED
from services.gateway.queries import criticals, feed
from shared.db import Session
from shared.events.critical import CriticalEvent, CriticalSnapshot
from shared.events.envelope import Envelope

CLOSED_STATES = frozenset({"closed", "false_alarm"})


async def project_critical(session: Session, event: Envelope) -> None:
    """A step that is new is told at once to the reading site and, once somebody has verified it, to the clinic."""
    data = CriticalEvent.model_validate(event.data)
    known = data.critical
    for earlier in data.history:
        await criticals.add_step(session, known.critical_id, earlier, None)
    is_new = await criticals.add_step(session, known.critical_id, data.step, data.contact)
    await criticals.put_critical(session, critical_values(known))
    if not is_new or event.type.split(".")[-2] == RESTATED:
        return
    hear = {known.reading_site_id}
    if known.verified_at is not None:
        hear.add(known.clinic_id)
    await feed.append_live(session, [_live(known, data.step.action, org) for org in sorted(filter(None, hear))])


def critical_values(snapshot: CriticalSnapshot) -> dict[str, Any]:
    """The columns of Critical."""
    same = (
        "critical_id", "critical_version", "case_id", "center", "clinic_id", "reading_site_id", "state", "found_at",
        "notified_at", "acknowledged_at", "acted_at", "acknowledge_by", "respond_by", "act_by", "telephoned",
        "misreads", "unreached", "escalations",
    )  # fmt: skip
    return {
        **{name: getattr(snapshot, name) for name in same},
        "is_open": snapshot.state not in CLOSED_STATES,
        "is_told": snapshot.verified_at is not None,
        "snapshot": snapshot.model_dump(mode="json"),
    }


def _live(snapshot: CriticalSnapshot, step: str, org_id: str) -> dict[str, Any]:
    """``state`` is the result's own, ``due_at`` when the clinic must have it."""
    return {
        "org_id": org_id,
        "center": snapshot.center,
        "kind": "critical",
        "case_id": snapshot.case_id,
        "state": snapshot.state,
        "priority": "stat",
        "due_at": snapshot.acknowledge_by,
        "critical_id": snapshot.critical_id,
        "step": step,
    }

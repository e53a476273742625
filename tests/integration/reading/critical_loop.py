"""Steps of the critical-result loop, each a command of its own, for the tests of it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.auth import SYSTEM, Actor, Role
from shared.reading.models import CriticalResult
from shared.reading.queries import criticals as queries
from shared.reading.workflow import criticals
from shared.reading.workflow.criticals import Finding
from tests.integration.reading.centre import (
    READER,
    Centre,
)

POTASSIUM = Finding("K_HIGH", "血钾 6.8 mmol/L", "6.8", "mmol/L", rule="K>6.2", rule_set="3", numbers={"limit": 6.2})
LUNG = Finding("TENSION_PNEUMOTHORAX", "左侧张力性气胸")
COLLEAGUE = Actor("acc_clinic1b", "clinic1b", "测试护士", "org_c1", frozenset({Role.clinic}))

Step = Callable[..., Awaitable[Any]]


async def run(centre: Centre, step: Step, *args: Any, **more: Any) -> Any:
    """One command in a transaction of its own."""
    async with centre.db.transaction() as session:
        return await step(session, *args, **more)


async def found(centre: Centre, case_id: str | None = None) -> CriticalResult:
    result: CriticalResult = await run(centre, criticals.find, SYSTEM, case_id or await centre.queued(), POTASSIUM)
    return result


async def opened(centre: Centre, finding: Finding = LUNG) -> CriticalResult:
    """By the reader who holds the case: sent to the clinic."""
    held = await centre.claimed()
    result: CriticalResult = await run(centre, criticals.open_verified, READER, held.case.case_id, finding)
    return result


async def told(centre: Centre, critical: CriticalResult) -> list[tuple[str, int]]:
    """(subject, version) of each critical.* event of the case, in order."""
    return [
        (subject, event.data["critical"]["critical_version"])
        for subject, event in await centre.events(critical.case_id)
        if ".critical." in subject
    ]


async def read(centre: Centre, critical_id: str) -> CriticalResult:
    result: CriticalResult = await run(centre, queries.see, SYSTEM, critical_id)
    return result


async def age(centre: Centre, critical_id: str, by: timedelta) -> None:
    """Let time pass for one result."""
    moments = ("found_at", "verified_at", "notified_at", "acknowledged_at", "escalated_at", "timer_at", "updated_at")
    changes = ", ".join(f"{name} = {name} - make_interval(secs => :by)" for name in moments)
    async with centre.db.transaction() as session:
        await session.execute(
            text(f"UPDATE reading.critical_result SET {changes} WHERE critical_id = :critical_id"),
            {"by": by.total_seconds(), "critical_id": critical_id},
        )

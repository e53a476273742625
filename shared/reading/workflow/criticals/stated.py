"""What a signed report says of critical results."""

from shared.db import Session
from shared.reading.queries import criticals as queries
from shared.signing.document import CaseWarning, CriticalFinding


async def critical_findings(session: Session, case_id: str) -> tuple[CriticalFinding, ...]:
    """Those confirmed by somebody, whatever became of them since, but for false alarms."""
    return tuple(CriticalFinding(code=each.code, text=each.text) for each in await queries.stated(session, case_id))


async def undecided_warnings(session: Session, case_id: str) -> tuple[CaseWarning, ...]:
    """Suspicions nobody has decided on yet: no obstacle to a signature, but the sheet says so."""
    return tuple(
        CaseWarning(code="critical_undecided", detail=f"系统提示的疑似危急值尚未核实：{each.text}")
        for each in await queries.undecided(session, case_id)
    )

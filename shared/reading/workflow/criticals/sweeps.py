"""What time alone does to critical results, and the reading site that comes late. Each in a transaction of its own."""

from shared import directory
from shared.auth import SYSTEM
from shared.db import Database, Session, database_now
from shared.events.critical import Contact
from shared.reading.lifecycle import CriticalAction, CriticalState, State
from shared.reading.models import Case
from shared.reading.queries import criticals as queries
from shared.reading.workflow.criticals.alarms import Alarm, next_alarm
from shared.reading.workflow.criticals.apply import apply, waiting_of
from shared.reading.workflow.criticals.snapshot import policy_of_result
from shared.reading.workflow.criticals.steps import dismiss
from shared.reading.workflow.one_by_one import one_by_one

_BATCH = 200
_NEVER_READ = (State.canceled, State.rejected)


async def watch(db: Database, center: str) -> int:
    """Reminders and escalations that are due; returns how many."""
    async with db.transaction() as session:
        due = await queries.due(session, center, _BATCH)
    return await one_by_one(db, due, raise_alarm)


async def address(db: Database, center: str) -> int:
    """Tell a reading site of what was open before the case came to it."""
    async with db.transaction() as session:
        waiting = await queries.to_address(session, center, _BATCH)
    return await one_by_one(db, waiting, _address)


async def raise_alarm(session: Session, critical_id: str) -> bool:
    """The alarm that is due, decided again under the lock: an acknowledgement may have been quicker."""
    critical, case = await queries.lock(session, SYSTEM, critical_id)
    now = await database_now(session)
    if critical.state == CriticalState.found and case.reading_site_id is None and case.state in _NEVER_READ:
        await dismiss(session, SYSTEM, critical_id, reason="case_ended_without_reading_site")
        return True
    alarm = next_alarm(waiting_of(critical), policy_of_result(critical), now)
    if alarm is None or alarm.at > now:
        critical.timer_at = alarm.at if alarm else None
        return False
    async with apply(session, SYSTEM, critical_id, alarm.action, to=alarm.to, reason=alarm.reason) as step:
        step.critical.rung = alarm.rung
        if alarm.action == CriticalAction.remind:
            step.critical.reminders += 1
            return True
        step.critical.escalations += 1
        step.critical.escalated_at = step.now
        step.contact = await _contact(session, case, alarm)
        step.detail["escalation"] = step.critical.escalations
        if step.contact is not None:
            step.detail["contact_id"] = step.contact.contact_id
        elif step.critical.state != CriticalState.found:
            step.critical.unreached += 1
    return True


async def _contact(session: Session, case: Case, alarm: Alarm) -> Contact | None:
    """The next one by rank, from the first again after the last; None where nobody is on duty."""
    org_id = case.clinic_id if alarm.to == "clinic" else case.reading_site_id
    if org_id is None:
        return None
    on_duty = [each for each in await directory.duty_contacts(session, org_id) if each.center in (None, case.center)]
    if not on_duty:
        return None
    found = on_duty[alarm.nth % len(on_duty)]
    return Contact(contact_id=found.contact_id, org_id=found.org_id, name=found.name, phone=found.phone)


async def _address(session: Session, critical_id: str) -> bool:
    critical, case = await queries.lock(session, SYSTEM, critical_id)
    if case.reading_site_id is None or case.reading_site_id == critical.addressed_site_id:
        return False
    async with apply(session, SYSTEM, critical_id, CriticalAction.address, to=case.reading_site_id) as step:
        step.detail["from"] = critical.addressed_site_id
    return True

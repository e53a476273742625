"""What people do in the loop. Each step is answered again where the same call comes after a lost answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared import directory
from shared.auth import SYSTEM, Actor, Role
from shared.db import Session, database_now
from shared.errors import FieldProblem, Invalid
from shared.events.directory import Account
from shared.reading.lifecycle import CriticalAction, CriticalState
from shared.reading.models import CriticalResult
from shared.reading.queries import criticals as queries
from shared.reading.workflow.criticals.apply import apply
from shared.reading.workflow.criticals.read_back import is_right

_TOLD_BEFORE = timedelta(days=1)
_CLOCK_SKEW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """``was_right`` False: the attempt is recorded, the result as open as before. The caller commits, then refuses."""

    critical: CriticalResult
    was_right: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A telephone call as the reading site enters it. ``read_back`` None: nobody was reached."""

    told: str
    told_at: datetime
    read_back: str | None


async def verify(session: Session, actor: Actor, critical_id: str) -> CriticalResult:
    """A suspicion holds; it is sent to the clinic in the same transaction."""
    if (done := await _done(session, actor, critical_id, CriticalAction.verify)) is not None:
        return done
    async with apply(session, actor, critical_id, CriticalAction.verify) as step:
        step.critical.verified_at = step.now
    return await send(session, critical_id)


async def send(session: Session, critical_id: str) -> CriticalResult:
    """To the clinic, if the region's systems reach anybody there; else it stays verified, counted as not reached,
    and is for the telephone."""
    critical, case = await queries.lock(session, SYSTEM, critical_id)
    if await _can_reach(session, case.clinic_id):
        async with apply(session, SYSTEM, critical_id, CriticalAction.notify) as step:
            step.critical.notified_at = step.now
    else:
        async with apply(session, SYSTEM, critical_id, CriticalAction.miss, reason="clinic_without_account") as step:
            step.critical.unreached += 1
    return critical


async def notify(session: Session, actor: Actor, critical_id: str) -> CriticalResult:
    """By hand, where ``send`` reached nobody: the clinic has been given an account, or the sheet."""
    critical, _ = await queries.lock(session, actor, critical_id)
    last = await queries.last_step(session, critical_id, CriticalAction.notify, SYSTEM.account_id)
    by_hand = await _done(session, actor, critical_id, CriticalAction.notify)
    if critical.state == CriticalState.notified and (last is not None or by_hand is not None):
        return critical
    async with apply(session, actor, critical_id, CriticalAction.notify) as step:
        step.critical.notified_at = step.now
    return step.critical


async def acknowledge(session: Session, actor: Actor, critical_id: str, *, read_back: str) -> ReadBack:
    """The clinic has it and says what it has."""
    done = await _done(session, actor, critical_id, CriticalAction.acknowledge, read_back=read_back)
    if done is not None:
        return ReadBack(done, True)
    critical = await queries.see(session, actor, critical_id)
    if not _matches(critical, read_back):
        return await _misread(session, actor, critical_id, read_back)
    async with apply(session, actor, critical_id, CriticalAction.acknowledge, read_back=read_back) as step:
        step.critical.acknowledged_at = step.now
        step.critical.read_back = read_back
    return ReadBack(step.critical, True)


async def telephone(session: Session, actor: Actor, critical_id: str, call: Call) -> ReadBack:
    """The reading site enters a call it has made. Acknowledged from the moment of the call, flagged as telephoned."""
    if call.read_back is None:
        said = {"told": call.told, "told_at": call.told_at.isoformat()}
        if (missed := await _done(session, actor, critical_id, CriticalAction.miss, **said)) is not None:
            return ReadBack(missed, True)
        async with apply(session, actor, critical_id, CriticalAction.miss, **said) as step:
            await _require_plausible(session, step.critical, call.told_at)
            step.critical.unreached += 1
        return ReadBack(step.critical, True)
    said = {"told": call.told, "told_at": call.told_at.isoformat(), "read_back": call.read_back}
    if (done := await _done(session, actor, critical_id, CriticalAction.telephone, **said)) is not None:
        return ReadBack(done, True)
    critical = await queries.see(session, actor, critical_id)
    if not _matches(critical, call.read_back):
        return await _misread(session, actor, critical_id, call.read_back)
    async with apply(session, actor, critical_id, CriticalAction.telephone, **said) as step:
        await _require_plausible(session, step.critical, call.told_at)
        step.critical.telephoned = True
        step.critical.told = call.told
        step.critical.read_back = call.read_back
        step.critical.acknowledged_at, step.critical.entered_at = min(call.told_at, step.now), step.now
    return ReadBack(step.critical, True)


async def act(session: Session, actor: Actor, critical_id: str, *, text: str) -> CriticalResult:
    if (done := await _done(session, actor, critical_id, CriticalAction.act, text=text)) is not None:
        return done
    async with apply(session, actor, critical_id, CriticalAction.act, text=text) as step:
        step.critical.acted_at, step.critical.acted_text = step.now, text
    return step.critical


async def close(session: Session, actor: Actor, critical_id: str) -> CriticalResult:
    if (done := await _done(session, actor, critical_id, CriticalAction.close)) is not None:
        return done
    async with apply(session, actor, critical_id, CriticalAction.close) as step:
        step.critical.closed_at = step.now
    return step.critical


async def dismiss(session: Session, actor: Actor, critical_id: str, *, reason: str) -> CriticalResult:
    """A false alarm. A clinic that was told before is told this too."""
    if (done := await _done(session, actor, critical_id, CriticalAction.dismiss, reason=reason)) is not None:
        return done
    async with apply(session, actor, critical_id, CriticalAction.dismiss, reason=reason) as step:
        step.critical.closed_at, step.critical.reason = step.now, reason
    return step.critical


async def recall_patient(session: Session, actor: Actor, critical_id: str) -> CriticalResult:
    """The patient had left and was called back. The first time counts."""
    if (done := await _done(session, actor, critical_id, CriticalAction.recall_patient)) is not None:
        return done
    async with apply(session, actor, critical_id, CriticalAction.recall_patient) as step:
        step.critical.patient_recalled_at = step.critical.patient_recalled_at or step.now
    return step.critical


async def _misread(session: Session, actor: Actor, critical_id: str, typed: str) -> ReadBack:
    async with apply(session, actor, critical_id, CriticalAction.misread, typed=typed) as step:
        step.critical.misreads += 1
    return ReadBack(step.critical, False)


async def _done(
    session: Session, actor: Actor, critical_id: str, action: CriticalAction, **said: Any
) -> CriticalResult | None:
    """The result, if this account's last step of the kind was in just these words. Locks it: the same call may be
    under way beside this one."""
    critical, _ = await queries.lock(session, actor, critical_id)
    last = await queries.last_step(session, critical_id, action, actor.account_id)
    return critical if last is not None and last.detail == said else None


async def _can_reach(session: Session, clinic_id: str) -> bool:
    """Somebody, or a system, of an active clinic can see it in the region."""
    clinic = await directory.organization(session, clinic_id)
    if clinic is None or not clinic.active:
        return False
    hears = {str(Role.clinic), str(Role.integration)}
    accounts = await directory.every(session, Account)
    return any(each.org_id == clinic_id and each.active and hears & set(each.roles) for each in accounts)


async def _require_plausible(session: Session, critical: CriticalResult, told_at: datetime) -> None:
    """Raises Invalid for a call in the future, or from before anybody could know."""
    if not critical.found_at - _TOLD_BEFORE <= told_at <= await database_now(session) + _CLOCK_SKEW:
        detail = "通话时间不合理：不能晚于现在，也不能早于发现前一天"
        raise Invalid(detail, errors=[FieldProblem("/told_at", "told_at_implausible", detail)])


def _matches(critical: CriticalResult, typed: str) -> bool:
    return is_right(typed, text=critical.text, value=critical.value, unit=critical.unit)

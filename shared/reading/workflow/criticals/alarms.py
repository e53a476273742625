"""Who is pressed next, and when: a ladder of alarms for each phase of the loop. Pure.

found                 reminder, then the reading site's contacts one after the other: nobody has verified it
verified, notified    reminder, the clinic's contact, the reading site's, then in turn: the clinic does not have it
acknowledged          from ``act_s`` on the clinic's contact, the reading site's, and in turn: nobody says what was done

The first rungs count from the finding; none follows the one before, or the beginning of its phase, within
``remind_s``, so that a worker that was away does not call everybody at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.events.directory import CriticalPolicy
from shared.reading.lifecycle.critical import CriticalAction, CriticalState

To = Literal["clinic", "reading_site"]
_UNACKNOWLEDGED = (CriticalState.verified, CriticalState.notified)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A result that waits for somebody. ``began_at``: of its phase; ``rung``: alarms raised in it so far."""

    state: str
    found_at: datetime
    began_at: datetime
    rung: int = 0
    escalations: int = 0
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """``rung`` is that of the result once it was raised. ``nth`` contact of ``to``, from 0, in their order."""

    at: datetime
    action: CriticalAction
    to: To
    nth: int
    rung: int
    reason: str


def next_alarm(waiting: Waiting, policy: CriticalPolicy, now: datetime) -> Alarm | None:
    """``now``: a reminder whose escalation is due as well is left out, as is one from before the phase."""
    if waiting.escalations >= policy.most_escalations:
        return None
    if waiting.state == CriticalState.acknowledged:
        return _not_acted(waiting, policy)
    if waiting.state not in (CriticalState.found, *_UNACKNOWLEDGED):
        return None
    is_found = waiting.state == CriticalState.found
    reason = "not_verified" if is_found else "not_acknowledged"
    if waiting.rung == 0:
        remind_at = waiting.found_at + timedelta(seconds=policy.remind_s)
        first = _escalation(waiting, policy, 1, reason)
        if waiting.began_at < remind_at < first.at and now < first.at:
            to: To = "reading_site" if is_found else "clinic"
            return Alarm(remind_at, CriticalAction.remind, to, 0, 1, reason)
        return first
    return _escalation(waiting, policy, waiting.rung, reason)


def _escalation(waiting: Waiting, policy: CriticalPolicy, rung: int, reason: str) -> Alarm:
    """``rung`` 1 is the first call."""
    goal_s = {1: policy.acknowledge_s, 2: policy.escalate_s}.get(rung)
    at = _no_sooner(waiting, policy, rung)
    if goal_s is not None:
        at = max(at, waiting.found_at + timedelta(seconds=goal_s))
    elif waiting.escalated_at is not None:
        at = waiting.escalated_at + timedelta(seconds=policy.repeat_s)
    if waiting.state == CriticalState.found:
        return Alarm(at, CriticalAction.escalate, "reading_site", rung - 1, rung + 1, reason)
    to: To = "clinic" if rung % 2 else "reading_site"
    return Alarm(at, CriticalAction.escalate, to, (rung - 1) // 2, rung + 1, reason)


def _no_sooner(waiting: Waiting, policy: CriticalPolicy, rung: int) -> datetime:
    before = waiting.escalated_at if rung > 1 and waiting.escalated_at else waiting.began_at
    return before + timedelta(seconds=policy.remind_s)


def _not_acted(waiting: Waiting, policy: CriticalPolicy) -> Alarm:
    at = waiting.began_at + timedelta(seconds=policy.act_s)
    if waiting.rung and waiting.escalated_at is not None:
        at = waiting.escalated_at + timedelta(seconds=policy.repeat_s)
    to: To = "reading_site" if waiting.rung % 2 else "clinic"
    return Alarm(at, CriticalAction.escalate, to, waiting.rung // 2, waiting.rung + 1, "not_acted")

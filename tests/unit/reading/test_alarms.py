"""Who is pressed when: the ladder of each phase."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.events.directory import CriticalPolicy
from shared.reading.lifecycle import CriticalState
from shared.reading.workflow.criticals.alarms import Waiting, next_alarm

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
POLICY = CriticalPolicy()


def ladder(state: CriticalState, count: int, *, began: float = 0, policy: CriticalPolicy = POLICY) -> list[str]:
    """``minute action to nth`` of the first alarms, each raised on the second it is due."""
    waiting = Waiting(state, START, START + timedelta(minutes=began))
    now, found = waiting.began_at, []
    for _ in range(count):
        alarm = next_alarm(waiting, policy, now)
        if alarm is None:
            break
        now = alarm.at
        found.append(f"{(alarm.at - START).total_seconds() / 60:g} {alarm.action} {alarm.to} {alarm.nth}")
        is_call = alarm.action == "escalate"
        waiting = replace(
            waiting,
            rung=alarm.rung,
            escalations=waiting.escalations + is_call,
            escalated_at=alarm.at if is_call else waiting.escalated_at,
        )
    return found


def test_a_clinic_is_reminded_then_its_contact_called_then_the_reading_sites_and_in_turn() -> None:
    assert ladder(CriticalState.notified, 6) == [
        "5 remind clinic 0",
        "10 escalate clinic 0",
        "15 escalate reading_site 0",
        "30 escalate clinic 1",
        "45 escalate reading_site 1",
        "60 escalate clinic 2",
    ]


def test_a_suspicion_nobody_verified_is_the_reading_sites() -> None:
    assert ladder(CriticalState.found, 4) == [
        "5 remind reading_site 0",
        "10 escalate reading_site 0",
        "15 escalate reading_site 1",
        "30 escalate reading_site 2",
    ]


def test_a_late_verification_leaves_the_clinic_its_first_minutes() -> None:
    assert ladder(CriticalState.notified, 3, began=480) == [
        "485 escalate clinic 0",
        "490 escalate reading_site 0",
        "505 escalate clinic 1",
    ]


def test_what_was_acknowledged_and_not_acted_on() -> None:
    assert ladder(CriticalState.acknowledged, 3, began=4) == [
        "34 escalate clinic 0",
        "49 escalate reading_site 0",
        "64 escalate clinic 1",
    ]


def test_the_calls_have_an_end() -> None:
    calls = ladder(CriticalState.notified, 100, policy=CriticalPolicy(most_escalations=3))
    assert len(calls) == 4


def test_nobody_is_pressed_for_what_is_done() -> None:
    for state in (CriticalState.acted, CriticalState.closed, CriticalState.false_alarm):
        assert ladder(state, 1) == []


def test_a_worker_that_was_away_goes_straight_to_the_call() -> None:
    alarm = next_alarm(Waiting(CriticalState.notified, START, START), POLICY, START + timedelta(hours=1))
    assert alarm is not None and (alarm.action, alarm.to, alarm.rung) == ("escalate", "clinic", 2)
    called = Waiting(CriticalState.notified, START, START, 2, 1, START + timedelta(hours=1))
    following = next_alarm(called, POLICY, START + timedelta(hours=1))
    assert following is not None and following.at == START + timedelta(minutes=65)

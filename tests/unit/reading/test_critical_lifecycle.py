"""The full product of states and actions of the critical-result loop, written out a second time by hand."""

import itertools

import pytest

from shared.errors import IllegalTransition
from shared.events.critical import CriticalEventKind
from shared.reading.lifecycle import CRITICAL, By, CriticalAction, CriticalState

SITE = {By.reader, By.reviewer, By.technologist}
TABLE = {
    "-": "find>found open>verified",
    "found": "verify>verified dismiss>false_alarm remind escalate address",
    "verified": "notify>notified miss misread acknowledge>acknowledged telephone>acknowledged dismiss>false_alarm "
    "recall_patient remind escalate address",
    "notified": "miss misread acknowledge>acknowledged telephone>acknowledged dismiss>false_alarm recall_patient "
    "remind escalate address",
    "acknowledged": "act>acted dismiss>false_alarm recall_patient escalate address",
    "acted": "close>closed dismiss>false_alarm recall_patient address",
    "closed": "",
    "false_alarm": "",
}
EXPECTED = {
    (None if source == "-" else source, action): target or source
    for source, row in TABLE.items()
    for action, _, target in (word.partition(">") for word in row.split())
}
STATES: list[CriticalState | None] = [None, *CriticalState]


@pytest.mark.parametrize(("state", "action"), list(itertools.product(STATES, CriticalAction)))
def test_every_state_and_action_is_as_the_design_says(state: CriticalState | None, action: CriticalAction) -> None:
    expected = EXPECTED.get((state, action))
    if expected is None:
        with pytest.raises(IllegalTransition) as refused:
            CRITICAL.next_step(state, action)
        assert refused.value.extra["state"] == state
    else:
        assert CRITICAL.next_step(state, action).target == expected


def test_the_table_names_no_state_or_action_besides_its_own() -> None:
    assert {each.target for each in CRITICAL.transitions} == set(CriticalState)
    assert {each.action for each in CRITICAL.transitions} == set(CriticalAction)
    assert len(CRITICAL.transitions) == len(EXPECTED)


def test_every_step_is_told() -> None:
    assert {each.event for each in CRITICAL.transitions} == set(CriticalEventKind)


def test_only_the_clinic_says_that_it_has_it_and_what_it_did() -> None:
    for action in (CriticalAction.acknowledge, CriticalAction.act):
        assert CRITICAL.performers(action) == {By.clinic}
    for action in (CriticalAction.verify, CriticalAction.telephone, CriticalAction.close):
        assert CRITICAL.performers(action) == SITE

"""The full product of states and actions against DESIGN.md §4, written out here a second time by hand."""

import itertools

import pytest

from shared.errors import IllegalTransition
from shared.reading.lifecycle import READING, TRANSITIONS, Action, By, Lifecycle, State, Transition, next_step

# from: action>to (no ">": stays). "-" is a case that does not exist yet.
TABLE = {
    "-": "order>ordered accept>received",
    "ordered": "accept>received cancel>canceled",
    "received": "complete defer queue>queued reject>rejected cancel>canceled add_content remove_content "
    "reprioritize mark_half_way mark_overdue",
    "queued": "reject>rejected cancel>canceled add_content remove_content reprioritize mark_half_way mark_overdue "
    "reassign claim>claimed resume>claimed",
    "claimed": "request_cancel add_content reprioritize mark_half_way mark_overdue save_draft release>queued "
    "expire>queued force_release>queued refer>queued reject>rejected cancel>canceled issue_preliminary "
    "submit>in_review sign>signed",
    "in_review": "request_cancel add_content mark_half_way mark_overdue claim_review release_review expire "
    "force_release save_draft recall>claimed return>queued sign>signed",
    "signed": "open_amendment>amending void>voided",
    "amending": "save_draft submit>amend_review discard>signed expire>signed sign>signed",
    "amend_review": "return>amending sign>signed",
    "rejected": "repeat",
    "canceled": "",
    "voided": "",
}
EXPECTED = {
    (None if source == "-" else source, action): target or source
    for source, row in TABLE.items()
    for action, _, target in (word.partition(">") for word in row.split())
}
STATES: list[State | None] = [None, *State]


@pytest.mark.parametrize(("state", "action"), list(itertools.product(STATES, Action)))
def test_every_state_and_action_is_as_the_design_says(state: State | None, action: Action) -> None:
    expected = EXPECTED.get((state, action))
    if expected is None:
        with pytest.raises(IllegalTransition) as refused:
            next_step(state, action)
        assert refused.value.extra["state"] == state
        assert refused.value.extra["action"] == action
    else:
        assert next_step(state, action).target == expected


def test_the_table_names_no_state_or_action_besides_its_own() -> None:
    assert READING.states == {source for source in TABLE if source != "-"}
    assert READING.actions == {action for _, action in EXPECTED}
    assert len(TRANSITIONS) == len(EXPECTED)


def test_every_state_but_the_last_ones_can_be_left() -> None:
    final = {State.canceled, State.voided}
    assert {state for state in READING.states if not any(each.source == state for each in TRANSITIONS)} == final


def test_every_state_can_be_reached() -> None:
    reached: set[str | None] = {None}
    for _ in State:
        reached |= {each.target for each in TRANSITIONS if each.source in reached}
    assert READING.states <= reached


def test_only_a_reviewer_releases_what_waits_for_review() -> None:
    for source in (State.in_review, State.amend_review):
        assert next_step(source, Action.sign).by == {By.reviewer}


def test_who_may_never_take_an_action_is_known_whatever_the_state() -> None:
    assert READING.performers(Action.claim) == {By.reader}
    assert READING.performers(Action.cancel) == {By.clinic, By.reader}


def test_two_transitions_for_one_step_are_a_mistake_of_the_table() -> None:
    twice = Transition("a", "go", "b", frozenset({By.system}))
    with pytest.raises(ValueError, match="two transitions"):
        Lifecycle("wrong", (twice, twice))

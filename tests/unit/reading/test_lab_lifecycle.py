"""The laboratory's table, the full product of states and actions, written out a second time by hand."""

import itertools

import pytest

from shared.errors import ContentUnseen, IllegalTransition
from shared.reading.lifecycle import (
    BEING_READ,
    BEING_WRITTEN,
    CLOSED,
    IN_REVIEW,
    LAB,
    PROMISED,
    READING,
    RELEASED,
    UNREAD,
    WAITS_FOR_READER,
    Action,
    By,
    Facts,
    Lifecycle,
    State,
    lifecycle_of,
)
from tests.unit.reading.test_guards import ME

_WAITING = (
    "assign defer result>resulted hold>held reject>rejected cancel>canceled add_content reprioritize mark_half_way "
    "mark_overdue reassign claim>claimed resume>claimed"
)
# from: action>to (no ">": stays; "<": back to where it waited). "-" is a case that does not exist yet.
TABLE = {
    "-": "order>ordered accept>received",
    "ordered": "accept>received receive>received assign defer result>resulted hold>held reject>rejected "
    "cancel>canceled reassign",
    "received": "assign defer result>resulted hold>held reject>rejected cancel>canceled add_content reprioritize "
    "mark_half_way mark_overdue reassign",
    "resulted": _WAITING,
    "held": _WAITING,
    "claimed": "request_cancel add_content reprioritize mark_half_way mark_overdue save_draft release>< expire>< "
    "force_release>< refer>< reject>rejected cancel>canceled issue_preliminary submit>verified sign>released",
    "verified": "request_cancel add_content mark_half_way mark_overdue claim_review release_review expire "
    "force_release save_draft recall>claimed return>< sign>released",
    "released": "open_amendment>amending void>voided",
    "amending": "add_content save_draft submit>amend_review discard>released expire>released sign>released",
    "amend_review": "add_content return>amending sign>released",
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
def test_every_state_and_action_is_as_written_here(state: State | None, action: Action) -> None:
    expected = EXPECTED.get((state, action))
    if expected is None:
        with pytest.raises(IllegalTransition):
            LAB.next_step(state, action)
    elif expected == "<":
        step = LAB.next_step(state, action)
        assert (step.target_after("resulted"), step.target_after("held")) == ("resulted", "held")
        assert step.target_after(None) == "held"
    else:
        assert {LAB.next_step(state, action).target_after(waited) for waited in (None, "resulted")} == {expected}


def test_the_table_names_no_state_or_action_besides_these() -> None:
    assert LAB.states == set(TABLE) - {"-"}
    assert len(LAB.transitions) == len(EXPECTED)


def test_a_centre_has_its_own_life() -> None:
    assert lifecycle_of("lab") is LAB
    assert lifecycle_of("imaging") is lifecycle_of("ecg") is READING


def test_technologists_write_and_release_in_the_laboratory_alone() -> None:
    assert LAB.next_step("held", Action.claim).by == {By.technologist, By.reader}
    for source in ("verified", "amend_review"):
        assert LAB.next_step(source, Action.sign).by == {By.technologist, By.reviewer}
    assert all(By.technologist not in each.by for each in READING.transitions)


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("claimed", Action.submit),
        ("verified", Action.sign),
        ("amending", Action.submit),
        ("amending", Action.sign),
        ("amend_review", Action.sign),
    ],
)
def test_whoever_signs_has_seen_the_last_result(state: State, action: Action) -> None:
    unseen = Facts(state, "me", ME.now, shows_claim=True, one_signature=True, has_unseen_content=True)
    with pytest.raises(ContentUnseen):
        for guard in LAB.next_step(state, action).guards:
            guard(unseen)


@pytest.mark.parametrize("lifecycle", [READING, LAB])
def test_a_meaning_holds_for_both_tables(lifecycle: Lifecycle) -> None:
    waiting = {each.source for each in lifecycle.transitions if each.action == Action.claim}
    assert waiting == WAITS_FOR_READER & lifecycle.states
    assert {each.target for each in lifecycle.transitions if each.action == Action.sign} == RELEASED & lifecycle.states
    assert {each.source for each in lifecycle.transitions if each.action == Action.claim_review} == (
        IN_REVIEW & lifecycle.states
    )
    assert {each.source for each in lifecycle.transitions if each.action == Action.request_cancel} == (
        BEING_READ & lifecycle.states
    )
    assert {each.source for each in lifecycle.transitions if each.action == Action.mark_overdue} == (
        PROMISED & lifecycle.states
    )


def test_every_state_is_open_or_closed_and_written_by_its_author_or_not() -> None:
    assert set(State) - {State.ordered} == PROMISED | CLOSED
    assert not PROMISED & CLOSED
    assert {State.claimed, State.amending} == BEING_WRITTEN
    assert {State.ordered, State.received} == UNREAD - WAITS_FOR_READER

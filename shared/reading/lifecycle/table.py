"""The reading table (DESIGN.md §4): from, action, to, by, event, conditions. The laboratory's stands beside it."""

from shared.events.case import CaseEventKind as Case
from shared.reading.lifecycle import guards
from shared.reading.lifecycle.rows import Desk, desk_rows, rows
from shared.reading.lifecycle.states import Action, By, State
from shared.reading.lifecycle.transition import Lifecycle, Transition

_DESK = Desk(
    waiting=(State.queued,),
    in_review=State.in_review,
    released=State.signed,
    authors=frozenset({By.reader}),
    releasers=frozenset({By.reviewer}),
)
_S, _A = State, Action
_WAITING = (_S.received, _S.queued, _S.claimed)
_OPEN = (*_WAITING, _S.in_review)

TRANSITIONS: tuple[Transition, ...] = (
    # Coming in.
    *rows([None], _A.order, _S.ordered, [By.clinic], Case.ordered),
    *rows([None, _S.ordered], _A.accept, _S.received, [By.clinic], Case.received),
    *rows([_S.received], _A.complete, None, [By.clinic, By.system]),
    *rows([_S.received], _A.defer, None, [By.system], Case.content_changed),
    *rows([_S.received], _A.queue, _S.queued, [By.system], Case.queued),
    *rows([_S.received], _A.reject, _S.rejected, [By.system], Case.rejected),
    *rows([_S.rejected], _A.repeat, None, [By.clinic], Case.content_changed),
    *rows([_S.ordered, _S.received, _S.queued], _A.cancel, _S.canceled, [By.clinic], Case.canceled),
    *rows([_S.claimed, _S.in_review], _A.request_cancel, None, [By.clinic], Case.cancel_requested),
    *rows(_OPEN, _A.add_content, None, [By.clinic], Case.content_changed),
    # An administrator deletes what nobody reads yet: some of it, or all.
    *rows([_S.received, _S.queued], _A.remove_content, None, [By.system], Case.content_changed),
    *rows([_S.queued], _A.reject, _S.rejected, [By.system], Case.rejected),
    *rows(
        _WAITING,
        _A.reprioritize,
        None,
        [By.clinic, By.reader, By.system],
        Case.reprioritized,
        guards.is_not_later,
    ),
    *rows(_OPEN, _A.mark_half_way, None, [By.system], Case.half_way),
    *rows(_OPEN, _A.mark_overdue, None, [By.system], Case.overdue),
    *desk_rows(_DESK),
)

READING = Lifecycle("reading", TRANSITIONS)


def next_step(state: str | None, action: str) -> Transition:
    return READING.next_step(state, action)

"""The laboratory's table: specimens travel, results are checked by rule, a technologist stands for them, a second one
releases them.

``resulted``: every result passed its rules; ``held``: a rule kept some for a person to look at. A claimed case goes
back to whichever of the two it is by then. Results come at any time before the release, and while an amendment is
written: who signs must have seen them.
"""

from shared.events.case import CaseEventKind as Case
from shared.reading.lifecycle import guards
from shared.reading.lifecycle.rows import Desk, desk_rows, rows
from shared.reading.lifecycle.states import Action, By, State
from shared.reading.lifecycle.transition import Lifecycle

_S, _A = State, Action
_STAFF = frozenset({By.technologist, By.reader})
_DESK = Desk(
    waiting=(State.resulted, State.held),
    in_review=State.verified,
    released=State.released,
    authors=_STAFF,
    releasers=frozenset({By.technologist, By.reviewer}),
    late=(guards.saw_content,),
)
_UNCLAIMED = (_S.ordered, _S.received, *_DESK.waiting)
_WAITING = (_S.received, *_DESK.waiting, _S.claimed)
_OPEN = (*_WAITING, _S.verified)
_AMENDMENT = (_S.amending, _S.amend_review)

LAB = Lifecycle(
    "lab",
    (
        # Specimens and results come in.
        *rows([None], _A.order, _S.ordered, [By.clinic], Case.ordered),
        *rows([None, _S.ordered], _A.accept, _S.received, [By.clinic], Case.received),
        *rows([_S.ordered], _A.receive, _S.received, [*_STAFF, By.system], Case.received),
        *rows(_UNCLAIMED, _A.assign, None, [By.system], Case.reassigned),
        *rows(_UNCLAIMED, _A.defer, None, [By.system], Case.content_changed),
        *rows(_UNCLAIMED, _A.result, _S.resulted, [By.system], Case.resulted),
        *rows(_UNCLAIMED, _A.hold, _S.held, [By.system], Case.held),
        *rows(_UNCLAIMED, _A.reject, _S.rejected, [*_STAFF, By.system], Case.rejected),
        *rows([_S.rejected], _A.repeat, None, [By.clinic], Case.content_changed),
        *rows(_UNCLAIMED, _A.cancel, _S.canceled, [By.clinic], Case.canceled),
        *rows([_S.claimed, _S.verified], _A.request_cancel, None, [By.clinic], Case.cancel_requested),
        *rows(_OPEN, _A.add_content, None, [By.clinic, By.system], Case.content_changed),
        *rows(_AMENDMENT, _A.add_content, None, [By.system], Case.content_changed),
        *rows(
            _WAITING,
            _A.reprioritize,
            None,
            [By.clinic, *_STAFF, By.system],
            Case.reprioritized,
            guards.is_not_later,
        ),
        *rows(_OPEN, _A.mark_half_way, None, [By.system], Case.half_way),
        *rows(_OPEN, _A.mark_overdue, None, [By.system], Case.overdue),
        *rows([_S.ordered, _S.received], _A.reassign, None, [By.dispatcher], Case.reassigned),
        *desk_rows(_DESK),
    ),
)

"""The reading table (DESIGN.md §4): from, action, to, by, event, conditions. Another life stands beside it."""

from collections.abc import Iterable

from shared.events.case import CaseEventKind as Case
from shared.events.report import ReportEventKind as Report
from shared.reading.lifecycle import guards
from shared.reading.lifecycle.states import Action, By, State
from shared.reading.lifecycle.transition import Guard, Lifecycle, Transition


def _rows(
    sources: Iterable[str | None],
    action: Action,
    target: str | None,
    by: Iterable[By],
    event: str | None = None,
    *conditions: Guard,
    is_traced: bool = True,
) -> list[Transition]:
    """One transition for each source; ``target`` None stays in the source."""
    return [
        Transition(source, action, target or str(source), frozenset(by), event, conditions, is_traced)
        for source in sources
    ]


_S, _A = State, Action
_WAITING = (_S.received, _S.queued, _S.claimed)
_OPEN = (*_WAITING, _S.in_review)
_HELD = (guards.holds_claim,)

TRANSITIONS: tuple[Transition, ...] = (
    # Coming in.
    *_rows([None], _A.order, _S.ordered, [By.clinic], Case.ordered),
    *_rows([None, _S.ordered], _A.accept, _S.received, [By.clinic], Case.received),
    *_rows([_S.received], _A.complete, None, [By.clinic, By.system]),
    *_rows([_S.received], _A.defer, None, [By.system], Case.content_changed),
    *_rows([_S.received], _A.queue, _S.queued, [By.system], Case.queued),
    *_rows([_S.received], _A.reject, _S.rejected, [By.system], Case.rejected),
    *_rows([_S.rejected], _A.repeat, None, [By.clinic], Case.content_changed),
    *_rows([_S.ordered, _S.received, _S.queued], _A.cancel, _S.canceled, [By.clinic], Case.canceled),
    *_rows([_S.claimed, _S.in_review], _A.request_cancel, None, [By.clinic], Case.cancel_requested),
    *_rows(_OPEN, _A.add_content, None, [By.clinic], Case.content_changed),
    *_rows(
        _WAITING,
        _A.reprioritize,
        None,
        [By.clinic, By.reader, By.system],
        Case.reprioritized,
        guards.is_not_later,
    ),
    *_rows(_OPEN, _A.mark_half_way, None, [By.system], Case.half_way),
    *_rows(_OPEN, _A.mark_overdue, None, [By.system], Case.overdue),
    # Reading.
    *_rows([_S.queued], _A.reassign, None, [By.system, By.dispatcher], Case.reassigned),
    *_rows([_S.queued], _A.claim, _S.claimed, [By.reader], Case.claimed, guards.is_not_kept_for_another),
    *_rows(
        [_S.queued],
        _A.resume,
        _S.claimed,
        [By.reader],
        Case.claimed,
        guards.was_last_holder,
        guards.is_not_kept_for_another,
    ),
    *_rows([_S.claimed], _A.save_draft, None, [By.reader], None, *_HELD, is_traced=False),
    *_rows([_S.claimed], _A.release, _S.queued, [By.reader], Case.released, *_HELD),
    *_rows([_S.claimed], _A.expire, _S.queued, [By.system], Case.released),
    *_rows([_S.claimed], _A.force_release, _S.queued, [By.dispatcher], Case.released),
    *_rows([_S.claimed], _A.refer, _S.queued, [By.reader], Case.reassigned, *_HELD),
    *_rows([_S.claimed], _A.reject, _S.rejected, [By.reader], Case.rejected, *_HELD),
    *_rows([_S.claimed], _A.cancel, _S.canceled, [By.reader], Case.canceled, *_HELD, guards.cancel_was_requested),
    *_rows([_S.claimed], _A.issue_preliminary, None, [By.reader], Report.preliminary, *_HELD, guards.saw_content),
    *_rows([_S.claimed], _A.submit, _S.in_review, [By.reader], Report.submitted, *_HELD, guards.saw_content),
    *_rows(
        [_S.claimed],
        _A.sign,
        _S.signed,
        [By.reader],
        Report.signed,
        guards.one_signature_suffices,
        *_HELD,
        guards.saw_content,
    ),
    # Reviewing. The review's claim says who looks; a case nobody holds may be returned or signed at once.
    *_rows(
        [_S.in_review],
        _A.claim_review,
        None,
        [By.reviewer],
        Case.claimed,
        guards.nobody_else_holds,
        guards.did_not_write,
    ),
    *_rows([_S.in_review], _A.release_review, None, [By.reviewer], Case.released, *_HELD),
    *_rows([_S.in_review], _A.expire, None, [By.system], Case.released),
    *_rows([_S.in_review], _A.force_release, None, [By.dispatcher], Case.released),
    *_rows([_S.in_review], _A.save_draft, None, [By.reviewer], Report.revised, *_HELD, guards.did_not_write),
    *_rows(
        [_S.in_review],
        _A.recall,
        _S.claimed,
        [By.reader],
        Report.recalled,
        guards.is_author,
        guards.nobody_else_holds,
    ),
    *_rows(
        [_S.in_review],
        _A.return_,
        _S.queued,
        [By.reviewer],
        Report.returned,
        guards.nobody_else_holds,
        guards.did_not_write,
    ),
    *_rows(
        [_S.in_review],
        _A.sign,
        _S.signed,
        [By.reviewer],
        Report.signed,
        guards.nobody_else_holds,
        guards.did_not_write,
        guards.saw_content,
    ),
    # After the signature.
    *_rows([_S.signed], _A.open_amendment, _S.amending, [By.reader], Case.amending),
    *_rows([_S.signed], _A.void, _S.voided, [By.reviewer], Report.voided),
    *_rows([_S.amending], _A.save_draft, None, [By.reader], None, *_HELD, is_traced=False),
    *_rows([_S.amending], _A.submit, _S.amend_review, [By.reader], Report.submitted, *_HELD),
    *_rows([_S.amending], _A.discard, _S.signed, [By.reader], Case.settled, *_HELD),
    *_rows([_S.amending], _A.expire, _S.signed, [By.system], Case.settled),
    *_rows([_S.amending], _A.sign, _S.signed, [By.reader], Report.amended, guards.one_signature_suffices, *_HELD),
    *_rows([_S.amend_review], _A.return_, _S.amending, [By.reviewer], Report.returned, guards.did_not_write),
    *_rows([_S.amend_review], _A.sign, _S.signed, [By.reviewer], Report.amended, guards.did_not_write),
)

READING = Lifecycle("reading", TRANSITIONS)


def next_step(state: str | None, action: str) -> Transition:
    return READING.next_step(state, action)

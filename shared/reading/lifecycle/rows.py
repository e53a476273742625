"""What every centre's desk has in common: read, review, amend. Its own words for them are given with a ``Desk``."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.events.case import CaseEventKind as Case
from shared.events.report import ReportEventKind as Report
from shared.reading.lifecycle import guards
from shared.reading.lifecycle.states import Action, By, State
from shared.reading.lifecycle.transition import Guard, Transition


@dataclass(frozen=True, slots=True)
class Desk:
    """``waiting``: states from which a case is claimed and to which it goes back, the last where nobody knows which.
    ``late``: what must hold of an amendment besides, where content may still come during it."""

    waiting: tuple[State, ...]
    in_review: State
    released: State
    authors: frozenset[By]
    releasers: frozenset[By]
    late: tuple[Guard, ...] = ()


def rows(
    sources: Iterable[str | None],
    action: Action,
    target: str | None,
    by: Iterable[By],
    event: str | None = None,
    *conditions: Guard,
    is_traced: bool = True,
    returns_to: Iterable[str] = (),
) -> list[Transition]:
    """One transition for each source; ``target`` None stays in the source."""
    return [
        Transition(
            source, action, target or str(source), frozenset(by), event, conditions, is_traced, frozenset(returns_to)
        )
        for source in sources
    ]


_S, _A = State, Action
_HELD = (guards.holds_claim,)


def desk_rows(desk: Desk) -> tuple[Transition, ...]:
    back, review, done = desk.waiting[-1], desk.in_review, desk.released
    return (
        # Reading.
        *rows(desk.waiting, _A.reassign, None, [By.system, By.dispatcher], Case.reassigned),
        *rows(desk.waiting, _A.claim, _S.claimed, desk.authors, Case.claimed, guards.is_not_kept_for_another),
        *rows(
            desk.waiting,
            _A.resume,
            _S.claimed,
            desk.authors,
            Case.claimed,
            guards.was_last_holder,
            guards.is_not_kept_for_another,
        ),
        *rows([_S.claimed], _A.save_draft, None, desk.authors, None, *_HELD, is_traced=False),
        *rows([_S.claimed], _A.release, back, desk.authors, Case.released, *_HELD, returns_to=desk.waiting),
        *rows([_S.claimed], _A.expire, back, [By.system], Case.released, returns_to=desk.waiting),
        *rows([_S.claimed], _A.force_release, back, [By.dispatcher], Case.released, returns_to=desk.waiting),
        *rows([_S.claimed], _A.refer, back, desk.authors, Case.reassigned, *_HELD, returns_to=desk.waiting),
        *rows([_S.claimed], _A.reject, _S.rejected, desk.authors, Case.rejected, *_HELD),
        *rows([_S.claimed], _A.cancel, _S.canceled, desk.authors, Case.canceled, *_HELD, guards.cancel_was_requested),
        *rows([_S.claimed], _A.issue_preliminary, None, desk.authors, Report.preliminary, *_HELD, guards.saw_content),
        *rows([_S.claimed], _A.submit, review, desk.authors, Report.submitted, *_HELD, guards.saw_content),
        *rows(
            [_S.claimed],
            _A.sign,
            done,
            desk.authors,
            Report.signed,
            guards.one_signature_suffices,
            *_HELD,
            guards.saw_content,
        ),
        # Reviewing. The review's claim says who looks; a case nobody holds may be returned or signed at once.
        *rows(
            [review],
            _A.claim_review,
            None,
            desk.releasers,
            Case.claimed,
            guards.nobody_else_holds,
            guards.did_not_write,
        ),
        *rows([review], _A.release_review, None, desk.releasers, Case.released, *_HELD),
        *rows([review], _A.expire, None, [By.system], Case.released),
        *rows([review], _A.force_release, None, [By.dispatcher], Case.released),
        *rows([review], _A.save_draft, None, desk.releasers, Report.revised, *_HELD, guards.did_not_write),
        *rows(
            [review],
            _A.recall,
            _S.claimed,
            desk.authors,
            Report.recalled,
            guards.is_author,
            guards.nobody_else_holds,
        ),
        *rows(
            [review],
            _A.return_,
            back,
            desk.releasers,
            Report.returned,
            guards.nobody_else_holds,
            guards.did_not_write,
            returns_to=desk.waiting,
        ),
        *rows(
            [review],
            _A.sign,
            done,
            desk.releasers,
            Report.signed,
            guards.nobody_else_holds,
            guards.did_not_write,
            guards.saw_content,
        ),
        # After the signature.
        *rows([done], _A.open_amendment, _S.amending, desk.authors, Case.amending),
        *rows([done], _A.void, _S.voided, desk.releasers, Report.voided),
        *rows([_S.amending], _A.save_draft, None, desk.authors, None, *_HELD, is_traced=False),
        *rows([_S.amending], _A.submit, _S.amend_review, desk.authors, Report.submitted, *_HELD, *desk.late),
        *rows([_S.amending], _A.discard, done, desk.authors, Case.settled, *_HELD),
        *rows([_S.amending], _A.expire, done, [By.system], Case.settled),
        *rows(
            [_S.amending],
            _A.sign,
            done,
            desk.authors,
            Report.amended,
            guards.one_signature_suffices,
            *_HELD,
            *desk.late,
        ),
        *rows([_S.amend_review], _A.return_, _S.amending, desk.releasers, Report.returned, guards.did_not_write),
        *rows([_S.amend_review], _A.sign, done, desk.releasers, Report.amended, guards.did_not_write, *desk.late),
    )

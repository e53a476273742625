"""The conditions beside the table: each a named rule over the facts of one attempt, read under the case's lock."""

from dataclasses import dataclass
from datetime import datetime

from shared.errors import AlreadyClaimed, ClaimLost, Conflict, ContentUnseen, IllegalTransition, SamePerson


@dataclass(frozen=True, slots=True)
class Facts:
    """``now`` is the database's. The holder is whoever has a live claim; ``shows_claim``: its token was shown.

    ``written_by``: accounts whose text stands in the version that waits for review. ``was_last_holder``: the token
    shown is of the last claim, and nobody held the case since.
    """

    state: str | None
    account_id: str
    now: datetime
    holder_id: str | None = None
    holder_name: str = ""
    held_until: datetime | None = None
    shows_claim: bool = False
    was_last_holder: bool = False
    author_id: str | None = None
    written_by: frozenset[str] = frozenset()
    kept_for_id: str | None = None
    kept_until: datetime | None = None
    has_unseen_content: bool = False
    cancel_requested: bool = False
    one_signature: bool = False
    due_at: datetime | None = None
    wanted_due_at: datetime | None = None


def holds_claim(facts: Facts) -> None:
    """A token is shown on every write by the holder: who forgot it is not the holder."""
    if not facts.shows_claim:
        raise ClaimLost


def nobody_else_holds(facts: Facts) -> None:
    """While a review is held, only its holder, showing the token, returns or signs."""
    if facts.holder_id is None or facts.shows_claim:
        return
    if facts.holder_id == facts.account_id:
        raise ClaimLost("请出示审核领取凭证 Claim-Token")
    raise already_claimed(facts)


def already_claimed(facts: Facts) -> AlreadyClaimed:
    until = facts.held_until.isoformat() if facts.held_until else None
    return AlreadyClaimed(
        f"已被{facts.holder_name}领取",
        extra={"claimed_by": {"account_id": facts.holder_id, "name": facts.holder_name}, "claim_until": until},
    )


def did_not_write(facts: Facts) -> None:
    if facts.account_id in facts.written_by or facts.account_id == facts.author_id:
        raise SamePerson


def is_author(facts: Facts) -> None:
    if facts.account_id != facts.author_id:
        raise Conflict("只有提交者本人可以撤回", code="not_author")


def is_not_kept_for_another(facts: Facts) -> None:
    """A returned case is its author's first; afterwards anyone's."""
    if (
        facts.kept_for_id is None
        or facts.kept_for_id == facts.account_id
        or facts.kept_until is None
        or facts.kept_until <= facts.now
    ):
        return
    raise Conflict(
        "退回的病例暂留给原报告医师", code="kept_for_author", extra={"kept_until": facts.kept_until.isoformat()}
    )


def was_last_holder(facts: Facts) -> None:
    if not facts.was_last_holder:
        raise ClaimLost


def saw_content(facts: Facts) -> None:
    if facts.has_unseen_content:
        raise ContentUnseen


def cancel_was_requested(facts: Facts) -> None:
    if not facts.cancel_requested:
        raise Conflict("送检机构没有申请撤销", code="cancel_not_requested", extra={"state": facts.state})


def one_signature_suffices(facts: Facts) -> None:
    if not facts.one_signature:
        raise IllegalTransition("本中心实行双签名，请提交审核", extra={"state": facts.state})


def is_not_later(facts: Facts) -> None:
    """What was promised is not taken back: a priority may only bring ``due_at`` forward."""
    if facts.wanted_due_at is not None and facts.due_at is not None and facts.wanted_due_at > facts.due_at:
        raise Conflict("只能提高优先级", code="priority_not_raised", extra={"due_at": facts.due_at.isoformat()})

"""The words of the reading workflow: states a case is in, actions taken on it, who takes them.

Code asks for a state by its meaning (``WAITS_FOR_READER``), so that it holds for every table; by name only where one
table alone is meant.
"""

from enum import StrEnum


class State(StrEnum):
    ordered = "ordered"
    received = "received"
    queued = "queued"
    claimed = "claimed"
    in_review = "in_review"
    signed = "signed"
    amending = "amending"
    amend_review = "amend_review"
    rejected = "rejected"
    canceled = "canceled"
    voided = "voided"
    resulted = "resulted"
    held = "held"
    verified = "verified"
    released = "released"


WAITS_FOR_READER = frozenset({State.queued, State.resulted, State.held})
"""Whoever may read it can claim it."""
UNREAD = frozenset({State.ordered, State.received}) | WAITS_FOR_READER
IN_REVIEW = frozenset({State.in_review, State.verified})
"""Submitted by its author, not released yet: the first version of a report."""
BEING_READ = frozenset({State.claimed}) | IN_REVIEW
"""Its clinic may ask for it back, but no longer takes it."""
BEING_WRITTEN = frozenset({State.claimed, State.amending})
"""Its author holds it; who signs in these states signs alone."""
RELEASED = frozenset({State.signed, State.released})
PROMISED = frozenset({State.received}) | WAITS_FOR_READER | BEING_READ
"""The clock runs. The index ix_case_open_due_at names the same states."""
CLOSED = frozenset({*RELEASED, State.amending, State.amend_review, State.rejected, State.canceled, State.voided})
"""The promise was kept, or nobody waits for it any more."""


class Action(StrEnum):
    order = "order"
    accept = "accept"
    complete = "complete"
    queue = "queue"
    defer = "defer"
    reject = "reject"
    repeat = "repeat"
    cancel = "cancel"
    request_cancel = "request_cancel"
    add_content = "add_content"
    remove_content = "remove_content"
    reprioritize = "reprioritize"
    reassign = "reassign"
    mark_half_way = "mark_half_way"
    mark_overdue = "mark_overdue"
    claim = "claim"
    resume = "resume"
    save_draft = "save_draft"
    release = "release"
    expire = "expire"
    force_release = "force_release"
    refer = "refer"
    issue_preliminary = "issue_preliminary"
    submit = "submit"
    claim_review = "claim_review"
    release_review = "release_review"
    recall = "recall"
    return_ = "return"
    sign = "sign"
    open_amendment = "open_amendment"
    discard = "discard"
    void = "void"
    assign = "assign"
    receive = "receive"
    result = "result"
    hold = "hold"


class By(StrEnum):
    """Whose action it is. Clinic is the case's own clinic, the others belong to its reading site."""

    clinic = "clinic"
    reader = "reader"
    reviewer = "reviewer"
    technologist = "technologist"
    dispatcher = "dispatcher"
    system = "system"

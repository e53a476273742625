"""The words of the reading workflow: states a case is in, actions taken on it, who takes them."""

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


class By(StrEnum):
    """Whose action it is. Clinic is the case's own clinic, the others belong to its reading site."""

    clinic = "clinic"
    reader = "reader"
    reviewer = "reviewer"
    technologist = "technologist"
    dispatcher = "dispatcher"
    system = "system"

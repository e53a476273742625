"""The life of a case: which action leads from which state to which, who may take it, what it tells. Pure.

``workflow.apply`` is the only caller that acts on it. To everything below the lifecycle, states and actions are plain
strings: the laboratory's life and the critical loop are tables of their own.
"""

from shared.reading.lifecycle.critical import CRITICAL, CriticalAction, CriticalState
from shared.reading.lifecycle.guards import Facts, already_claimed
from shared.reading.lifecycle.laboratory import LAB
from shared.reading.lifecycle.states import (
    BEING_READ,
    BEING_WRITTEN,
    CLOSED,
    IN_REVIEW,
    PROMISED,
    RELEASED,
    UNREAD,
    WAITS_FOR_READER,
    Action,
    By,
    State,
)
from shared.reading.lifecycle.table import READING, TRANSITIONS, next_step
from shared.reading.lifecycle.transition import Lifecycle, Transition

__all__ = [
    "BEING_READ",
    "BEING_WRITTEN",
    "CLOSED",
    "CRITICAL",
    "IN_REVIEW",
    "LAB",
    "PROMISED",
    "READING",
    "RELEASED",
    "TRANSITIONS",
    "UNREAD",
    "WAITS_FOR_READER",
    "Action",
    "By",
    "CriticalAction",
    "CriticalState",
    "Facts",
    "Lifecycle",
    "State",
    "Transition",
    "already_claimed",
    "lifecycle_of",
    "next_step",
]


def lifecycle_of(center: str) -> Lifecycle:
    """The life that a centre's cases have."""
    return LAB if center == "lab" else READING

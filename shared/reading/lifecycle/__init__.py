"""The life of a case: which action leads from which state to which, who may take it, what it tells. Pure.

``workflow.apply`` is the only caller that acts on it. To everything below the lifecycle, states and actions are plain
strings, so that a centre with another life (the laboratory's results, the critical loop) brings a table of its own.
"""

from shared.reading.lifecycle.critical import CRITICAL, CriticalAction, CriticalState
from shared.reading.lifecycle.guards import Facts, already_claimed
from shared.reading.lifecycle.states import Action, By, State
from shared.reading.lifecycle.table import READING, TRANSITIONS, next_step
from shared.reading.lifecycle.transition import Lifecycle, Transition

__all__ = [
    "CRITICAL",
    "READING",
    "TRANSITIONS",
    "Action",
    "By",
    "CriticalAction",
    "CriticalState",
    "Facts",
    "Lifecycle",
    "State",
    "Transition",
    "already_claimed",
    "next_step",
]

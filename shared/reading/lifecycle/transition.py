"""A life as data: transitions looked up by state and action. Another centre's life is another ``Lifecycle``."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.errors import IllegalTransition
from shared.reading.lifecycle.guards import Facts
from shared.reading.lifecycle.states import By

Guard = Callable[[Facts], None]


@dataclass(frozen=True, slots=True)
class Transition:
    """``source`` None: the case is being opened. ``event`` None: nobody outside needs to know.

    ``is_traced``: leaves a row in the case's history; drafts do not, since each of their revisions is kept anyway.
    ``returns_to``: the case goes back to whichever of these it waited in last; to ``target`` if to none of them.
    """

    source: str | None
    action: str
    target: str
    by: frozenset[By]
    event: str | None = None
    guards: tuple[Guard, ...] = ()
    is_traced: bool = True
    returns_to: frozenset[str] = frozenset()

    def target_after(self, waited_in: str | None) -> str:
        return waited_in if waited_in is not None and waited_in in self.returns_to else self.target


@dataclass(frozen=True, slots=True)
class Lifecycle:
    name: str
    transitions: tuple[Transition, ...]
    _by_step: dict[tuple[str | None, str], Transition] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_step = {(each.source, each.action): each for each in self.transitions}
        if len(by_step) != len(self.transitions):
            raise ValueError("two transitions for one state and action")
        object.__setattr__(self, "_by_step", by_step)

    def next_step(self, state: str | None, action: str) -> Transition:
        """Raises IllegalTransition, naming the state and what would be possible in it."""
        step = self._by_step.get((state, action))
        if step is None:
            possible = sorted({each.action for each in self.transitions if each.source == state})
            raise IllegalTransition(
                extra={"state": None if state is None else str(state), "action": str(action), "possible": possible}
            )
        return step

    @property
    def states(self) -> frozenset[str]:
        return frozenset().union(*({each.target, *each.returns_to} for each in self.transitions))

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(each.action for each in self.transitions)

    def allows(self, state: str | None, action: str) -> bool:
        return (state, action) in self._by_step

    def performers(self, action: str) -> frozenset[By]:
        """Everybody who may take the action in some state: others lack the role, whatever the state is."""
        return frozenset().union(*(each.by for each in self.transitions if each.action == action))

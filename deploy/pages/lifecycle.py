"""docs/lifecycle.md: the tables as the code has them."""

from deploy.pages.table import markdown_table
from shared.reading.lifecycle import CRITICAL, READING, Lifecycle, Transition

_HEAD = """# The life of a case

The table in `shared/reading/lifecycle/table.py`. Only `workflow.apply` writes a state, and only as the table says:
row lock, table, role, conditions, version + 1, history row and event in one transaction.

"""


_CRITICAL = """
# The critical-result loop (危急值)

The table in `shared/reading/lifecycle/critical.py`, for results of every centre, over the same machinery: only
`workflow.criticals.apply` writes a state. A case may have several; each stays open until it is closed, also when its
case is canceled or its report void. `notified` says that the result was sent to the clinic; the clock that counts
(CL-15, ten minutes) ends with `acknowledged`: the clinic has it and has read it back. A clinic in which nobody has an
account stays at `verified`, counted as not reached: it is told by telephone. The patient's copy of the report is held
in `verified` and `notified`. Who is pressed when: `CriticalPolicy` in the site's policy (docs/events.md).

"""


def lifecycle_page() -> str:
    return _HEAD + _table(READING) + _CRITICAL + _table(CRITICAL)


def _table(lifecycle: Lifecycle) -> str:
    rows = [_row(step) for step in lifecycle.transitions]
    return markdown_table(("from", "action", "to", "by", "event", "only if"), rows)


def _row(step: Transition) -> tuple[str, ...]:
    return (
        str(step.source) if step.source else "–",
        step.action,
        "same" if step.source == step.target else str(step.target),
        " · ".join(sorted(step.by)),
        step.event or "–",
        ", ".join(guard.__name__.replace("_", " ") for guard in step.guards),
    )

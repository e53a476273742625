"""docs/lifecycle.md: the tables as the code has them."""

from deploy.pages.table import markdown_table
from shared.reading.lifecycle import CRITICAL, LAB, READING, Lifecycle, Transition

_HEAD = """# The life of a case

The table in `shared/reading/lifecycle/table.py`. Only `workflow.apply` writes a state, and only as the table says:
row lock, table, role, conditions, version + 1, history row and event in one transaction.

"""

_LAB = """
# The life of a laboratory's case

The table in `shared/reading/lifecycle/laboratory.py`, over the same step: `lifecycle_of(center)` says which one holds.
A case is one report group of one specimen. It has its reading site from the beginning, so that the laboratory's people
see what is on its way. `resulted`: every result passed its rules; `held`: a rule kept some. Where the table names
both, the case goes back to whichever it is by then: results that come while somebody holds it may change that. An
overdue case is not offered to another site: the specimen is where it is.

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
    return _HEAD + _table(READING) + _LAB + _table(LAB) + _CRITICAL + _table(CRITICAL)


def _table(lifecycle: Lifecycle) -> str:
    rows = [_row(step) for step in lifecycle.transitions]
    return markdown_table(("from", "action", "to", "by", "event", "only if"), rows)


def _row(step: Transition) -> tuple[str, ...]:
    return (
        str(step.source) if step.source else "–",
        step.action,
        "same" if step.source == step.target else " or ".join(sorted({str(step.target), *step.returns_to})),
        " · ".join(sorted(step.by)),
        step.event or "–",
        ", ".join(guard.__name__.replace("_", " ") for guard in step.guards),
    )

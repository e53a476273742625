"""docs/lifecycle.md: the reading table as the code has it."""

from deploy.pages.table import markdown_table
from shared.reading.lifecycle import READING, Transition

_HEAD = """# The life of a case

The table in `shared/reading/lifecycle/table.py`. Only `workflow.apply` writes a state, and only as the table says:
row lock, table, role, conditions, version + 1, history row and event in one transaction.

"""


def lifecycle_page() -> str:
    rows = [_row(step) for step in READING.transitions]
    return _HEAD + markdown_table(("from", "action", "to", "by", "event", "only if"), rows)


def _row(step: Transition) -> tuple[str, ...]:
    return (
        str(step.source) if step.source else "–",
        step.action,
        "same" if step.source == step.target else str(step.target),
        " · ".join(sorted(step.by)),
        step.event or "–",
        ", ".join(guard.__name__.replace("_", " ") for guard in step.guards),
    )

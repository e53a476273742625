"""How soon a report is promised. The clock starts at the first byte of the upload."""

from datetime import datetime, timedelta

from shared.events.directory import SitePolicy

PRIORITIES = ("stat", "urgent", "routine")
TARGETS = {"stat": timedelta(minutes=10), "urgent": timedelta(minutes=30), "routine": timedelta(minutes=120)}


def rank_of(priority: str) -> int:
    """0 is read first."""
    return PRIORITIES.index(priority)


def due_at(received_at: datetime, priority: str, policy: SitePolicy | None = None) -> datetime:
    """``policy``: the reading site's, whose own targets override the region's."""
    for name, seconds in (policy.target_s if policy else {}).items():
        if name == priority:
            return received_at + timedelta(seconds=seconds)
    return received_at + TARGETS[priority]

"""Time: stored in UTC, shown in Asia/Shanghai. Deadlines are compared by the database's own clock, not by this one."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    return datetime.now(UTC)


def to_shanghai(moment: datetime) -> datetime:
    """The same instant on a Chinese wall clock. A naive time would be read as the machine's zone: refused."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be shown")
    return moment.astimezone(SHANGHAI)


def show(moment: datetime) -> str:
    """``2026-11-21 10:20`` in Asia/Shanghai, as sheets and worklists print it."""
    return to_shanghai(moment).strftime("%Y-%m-%d %H:%M")

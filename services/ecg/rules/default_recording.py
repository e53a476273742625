"""Which of a case's ECGs is meant where nobody has named one: the same on the screen and on the sheet."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def default_recording(
    recordings: Sequence[T], *, made_at: Callable[[T], datetime | None], is_usable: Callable[[T], bool]
) -> T | None:
    """The latest usable one, or the latest where none is usable; of equal times the last, and those without a time
    before all others. None where there is no recording."""
    candidates = [each for each in recordings if is_usable(each)] or recordings
    latest: T | None = None
    for each in candidates:
        if latest is None or (made_at(each) or _BEFORE_ALL) >= (made_at(latest) or _BEFORE_ALL):
            latest = each
    return latest

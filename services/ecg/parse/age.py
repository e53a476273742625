"""Ages as numbers of years."""

from datetime import date, datetime

from shared.clock import to_shanghai, utc_now

_DAYS_A_YEAR = 365.25
_PER_YEAR = {"Y": 1.0, "M": 12.0, "W": _DAYS_A_YEAR / 7, "D": _DAYS_A_YEAR}


def years_of(age: str | None) -> float | None:
    """Of ``65Y``, ``8M``, ``3W``, ``12D``; None for anything else."""
    if not age or age[-1] not in _PER_YEAR or not age[:-1].isdigit():
        return None
    return int(age[:-1]) / _PER_YEAR[age[-1]]


def years_between(birth_date: date | None, at: datetime | None) -> float | None:
    """At the recording, or now where its time is unknown. None without a birth date, or one that lies later."""
    if birth_date is None:
        return None
    days = (to_shanghai(at or utc_now()).date() - birth_date).days
    return days / _DAYS_A_YEAR if days >= 0 else None

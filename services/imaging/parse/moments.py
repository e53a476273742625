"""Dates, times and ages as devices write them (PS3.5 6.2: DA, TM, AS)."""

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo

from shared.clock import SHANGHAI

_EARLIEST_YEAR = 1850
_LATEST_YEAR = 2200
_DATE = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")
_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6})\d*)?)?)?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")
_AGE = re.compile(r"0*(\d{1,3})([DWMY])")


def parse_date(text: str) -> date | None:
    """``20261121``, and ``2026.11.21`` of old writers."""
    match = _DATE.fullmatch(text.strip())
    try:
        day = date(*map(int, match.groups())) if match else None
    except ValueError:
        return None
    # 0001-01-01 and 9999-12-31 stand for "not known", and no time zone can move them.
    return day if day and _EARLIEST_YEAR <= day.year <= _LATEST_YEAR else None


def parse_time(text: str) -> time | None:
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    hour, minute, second, fraction = match.groups()
    # 60 is a leap second in TM; datetime knows none.
    seconds = min(int(second or 0), 59)
    try:
        return time(int(hour), int(minute or 0), seconds, int((fraction or "0").ljust(6, "0")))
    except ValueError:
        return None


def parse_zone(text: str) -> tzinfo:
    """Timezone Offset From UTC (0008,0201), ``+0800``; a Chinese wall clock where there is none."""
    match = _OFFSET.fullmatch(text.strip())
    if not match:
        return SHANGHAI
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset > timedelta(hours=14):
        return SHANGHAI
    return timezone(offset if sign == "+" else -offset)


def moment(day: date | None, clock: time | None, zone: tzinfo) -> datetime | None:
    """An aware time; None unless day and time are both known."""
    if day is None or clock is None:
        return None
    return datetime.combine(day, clock, tzinfo=zone)


def parse_age(text: str) -> str | None:
    """``065Y`` → ``65Y``, the form of an order; None for anything else."""
    match = _AGE.fullmatch(text.strip().upper())
    return f"{match[1]}{match[2]}" if match else None

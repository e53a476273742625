"""Times as HL7 and ASTM write them: ``YYYYMMDD[HHMM[SS[.f]]][+ZZZZ]``, and with ``/ - :`` as some analyzers do."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from shared.clock import SHANGHAI

WITHOUT_ZONE = "time_without_zone"
_FORM = re.compile(
    r"(\d{4})[-/]?(\d{2})[-/]?(\d{2})[ T]?(?:(\d{2}):?(\d{2})?:?(\d{2})?(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?\Z"
)


@lru_cache(maxsize=4096)
def read_time(text: str) -> datetime | None:
    """UTC. Without a zone it is Asia/Shanghai's; None for what is shorter than a day or no time at all."""
    found = _FORM.match(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        naive = datetime(  # noqa: DTZ001 - the zone follows
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )  # fmt: skip
        return naive.replace(tzinfo=_zone(zone) if zone else SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_date(text: str) -> date | None:
    found = _FORM.match(text.strip())
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def has_zone(text: str) -> bool:
    """Of a time that ``read_time`` reads."""
    found = _FORM.match(text.strip())
    return bool(found and found[8])


def write_time(moment: datetime) -> str:
    """With the offset of Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S%z")


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)

"""The clinic's waiting orders, fetched: ``GET /v1/cases?state=ordered`` of the last days."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from clinic.region.client import RegionClient
from clinic.region.outcomes import RegionAway
from clinic.spool.worklist import Entry
from shared.clock import to_shanghai

_PAGE = 200
_CENTERS = ("imaging", "ecg")


def waiting_orders(client: RegionClient, days: int) -> list[Entry]:
    """Raises Refused, RegionAway."""
    today = to_shanghai(client.now()).date()
    found: list[Entry] = []
    for back in range(days):
        day = (today - timedelta(days=back)).isoformat()
        found += [entry_of(item) for item in _day(client, day) if item.get("center") in _CENTERS]
    return found


def _day(client: RegionClient, day: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        query = {"date": day, "state": "ordered", "limit": str(_PAGE), **({"cursor": cursor} if cursor else {})}
        page = client.ask("GET", "/v1/cases", params=query)
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise RegionAway("not_the_region")
        yield from page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return


def entry_of(item: dict[str, Any]) -> Entry:
    """Raises RegionAway for what is no case."""
    try:
        patient, exam = item["patient"], item["exam"]
        return Entry(
            case_id=item["case_id"],
            center=item["center"],
            accession_number=item["accession_number"],
            priority=item["priority"],
            ordered_at=item["opened_at"],
            patient_id=patient.get("id") or "",
            patient_name=patient.get("name") or "",
            sex=patient.get("sex") or "",
            birth_date=patient.get("birth_date") or "",
            age=patient.get("age") or "",
            exam_code=exam.get("code") or "",
            exam_name=exam.get("name") or "",
            modality=exam.get("modality") or "",
            laterality=exam.get("laterality") or "",
        )
    except (KeyError, AttributeError, TypeError):
        raise RegionAway("not_the_region") from None

"""Without a name the screen shows the ECG that a report would be on."""

from datetime import UTC, datetime, timedelta

import pytest

from services.ecg.api.look import chosen
from services.ecg.models import Recording
from shared.errors import NotFound

AT = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


def row(name: str, minutes: int | None, verdict: str = "ok") -> Recording:
    made_at = None if minutes is None else AT + timedelta(minutes=minutes)
    return Recording(recording_id=name, recorded_at=made_at, quality={"verdict": verdict})


ROWS = [row("first", 0), row("second", 10), row("spoiled", 20, "unusable"), row("undated", None)]


def test_the_latest_usable_one_is_shown() -> None:
    assert chosen(ROWS, None).recording_id == "second"


def test_where_none_is_usable_the_latest_is_shown() -> None:
    assert chosen([row("early", 0, "unusable"), row("late", 10, "unusable")], None).recording_id == "late"


def test_another_may_be_named_but_nobodys() -> None:
    assert chosen(ROWS, "spoiled").recording_id == "spoiled"
    for rows, name in ((ROWS, "elsewhere"), ([], None)):
        with pytest.raises(NotFound):
            chosen(rows, name)

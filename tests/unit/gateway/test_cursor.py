import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.api import cursor
from services.gateway.api.shapes import iso
from shared.errors import Invalid


def test_a_cursor_comes_back_as_it_was() -> None:
    due = datetime(2026, 11, 21, 2, 20, 0, 123456, tzinfo=UTC)
    assert cursor.decode_queue(cursor.encode(1, iso(due), "case_01")) == (1, due, "case_01")


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused_plainly(text: str) -> None:
    for decode in (cursor.decode_queue, cursor.decode_day):
        try:
            decode(text)
        except Invalid as refused:
            assert refused.code == "bad_cursor"


@pytest.mark.parametrize(
    "parts",
    [
        [1, "2026-11-21T00:00:00", "case"],
        [1, "0001-01-01T00:00:00+14:00", "case"],
        [1, "9999-12-31T23:59:59-14:00", "case"],
        [True, "2026-11-21T00:00:00+00:00", "case"],
        [-1, "2026-11-21T00:00:00+00:00", "case"],
        [1, "2026-11-21T00:00:00+00:00", "a\u0000"],
        [1, "2026-11-21T00:00:00+00:00"],
        {"1": 2},
    ],
)
def test_parts_that_a_database_could_not_take_are_refused(parts: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    with pytest.raises(Invalid):
        cursor.decode_queue(text)

"""A clinic's order: what its software writes for a time it does not know must not break the report hours later."""

from datetime import UTC, datetime

import pytest

from shared.reading.schemas.order import Order

FIRST, LAST = "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"


@pytest.mark.parametrize("unknown", [FIRST, LAST, "0001-01-01T00:00:00Z", "1753-01-01T00:00:00+08:00"])
def test_the_ends_of_time_stand_for_not_known(unknown: str) -> None:
    order = Order.model_validate({"performed_at": unknown, "exam": {"performed_at": unknown}})

    assert order.performed_at is None
    assert order.exam.performed_at is None


def test_a_time_that_can_be_is_kept() -> None:
    taken_at = "2026-11-21T10:20:00+08:00"

    order = Order.model_validate({"performed_at": taken_at, "exam": {"performed_at": taken_at}})

    assert order.performed_at == order.exam.performed_at == datetime(2026, 11, 21, 2, 20, tzinfo=UTC)

"""What becomes of a message whose handler failed."""

import logging
from datetime import UTC, datetime

import pytest

from shared.bus import Delivery, Retry, RetryLater
from shared.bus.retry import Again, Dead, Done, Judge
from shared.errors import Invalid, Unavailable
from shared.telemetry import JsonFormatter

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _delivery(attempt: int, sequence: int = 1) -> Delivery:
    return Delivery("imaging.case.received.v1", "测试甲".encode(), "evt_1", sequence, NOW, attempt=attempt)


def _judge(error: Exception | None, retry: Retry) -> Judge:
    async def handler(_: Delivery) -> None:
        if error is not None:
            raise error

    return Judge("q", handler, retry)


async def test_a_handler_that_returns_is_done() -> None:
    assert await _judge(None, Retry()).handle(_delivery(1)) == Done()


async def test_pauses_grow_and_the_last_one_is_repeated() -> None:
    judge = _judge(ValueError(), Retry(attempts=None, delays_s=(1, 5)))
    assert [await judge.handle(_delivery(attempt)) for attempt in (1, 2, 3, 40)] == [
        Again(1),
        Again(5),
        Again(5),
        Again(5),
    ]


async def test_the_last_attempt_is_the_end() -> None:
    error = ValueError()
    judge = _judge(error, Retry(attempts=3, delays_s=(1,)))
    assert [await judge.handle(_delivery(attempt)) for attempt in (1, 2, 3)] == [Again(1), Again(1), Dead(error)]


@pytest.mark.parametrize(
    ("error", "delay_s"), [(RetryLater(7), 7), (Unavailable(retry_after_s=9), 9), (Unavailable(), 1)]
)
async def test_what_is_only_put_off_never_ends(error: Exception, delay_s: float) -> None:
    judge = _judge(error, Retry(attempts=1, delays_s=(1,)))
    for attempt in range(1, 50):
        assert await judge.handle(_delivery(attempt)) == Again(delay_s)


async def test_a_log_line_holds_neither_the_payload_nor_the_errors_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await _judge(Invalid("测试甲", code="bad_age"), Retry(attempts=1)).handle(_delivery(1))
    (record,) = caplog.records
    line = JsonFormatter("imaging").format(record)
    assert "bad_age" in line
    assert "测试甲" not in line
    assert "测试甲" not in repr(_delivery(1))

from datetime import UTC, datetime, time

import pytest

from clinic.config import Hours, Sending
from clinic.sending.schedule import Backoff, choose, is_within
from clinic.spool.batches import Batch

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
NIGHT = Hours(since=time(18), until=time(7))


def batch(batch_id: str, priority: str) -> Batch:
    return Batch(batch_id, "imaging", priority, None, None, None, 0)


def never_rests(_: str) -> float:
    return 0.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("hour", "expected"), [(17, False), (18, True), (23, True), (0, True), (6, True), (7, False), (12, False)]
)
def test_hours_may_go_over_midnight_on_a_chinese_clock(hour: int, expected: bool) -> None:
    assert is_within(NIGHT, datetime(2026, 11, 21, (hour - 8) % 24, tzinfo=UTC)) is expected


def test_without_hours_it_is_always_time() -> None:
    assert is_within(None, NOON)


def test_what_may_not_go_now_lets_the_next_one_pass() -> None:
    waiting = [batch("a", "urgent"), batch("b", "routine")]
    config = Sending(hours={"urgent": NIGHT})
    assert choose(waiting, config, NOON, never_rests) == waiting[1]


def test_what_rests_after_a_failure_lets_the_next_one_pass() -> None:
    waiting = [batch("a", "stat"), batch("b", "routine")]
    chosen = choose(waiting, Sending(), NOON, lambda batch_id: 5.0 if batch_id == "a" else 0.0)
    assert chosen == waiting[1]


def test_pauses_double_up_to_a_limit_and_end_with_a_success() -> None:
    clock = Clock()
    rest = Backoff(2, 300, clock, jitter=lambda: 1.0)
    assert [rest.failed("line") for _ in range(10)] == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    clock.now = 100
    assert rest.left_s("line") == 200
    assert rest.next_s() == 200
    rest.worked("line")
    assert rest.left_s("line") == 0
    assert rest.next_s() is None
    assert rest.failed("line") == 2


def test_pauses_differ_between_clinics() -> None:
    assert Backoff(10, 300, jitter=lambda: 0.0).failed("line") == 5
    assert Backoff(10, 300, jitter=lambda: 0.5).failed("line") == 7.5


def test_the_regions_retry_after_is_kept_within_reason() -> None:
    rest = Backoff(2, 300, jitter=lambda: 1.0)
    assert rest.failed("line", 30) == 30
    assert rest.failed("line", 86400) == 300

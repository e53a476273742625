import threading

from clinic.region.bandwidth import Bandwidth


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_seconds_worth_goes_at_once_and_the_rest_waits() -> None:
    clock = Clock()
    bucket = Bandwidth(1000, threading.Event(), clock)
    assert bucket.delay_for(1000) == 0
    assert bucket.delay_for(500) == 0.5
    clock.now = 0.5
    assert bucket.delay_for(100) == 0.1


def test_idle_time_saves_no_more_than_a_second() -> None:
    clock = Clock()
    bucket = Bandwidth(1000, threading.Event(), clock)
    clock.now = 3600
    assert bucket.delay_for(2000) == 1


def test_zero_is_no_limit() -> None:
    assert Bandwidth(0, threading.Event()).delay_for(10**12) == 0


def test_a_program_that_stops_does_not_wait() -> None:
    stop = threading.Event()
    stop.set()
    Bandwidth(1, stop).spend(10**6)

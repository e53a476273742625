import asyncio

import pytest

from services.gateway.accounts.throttle import LONGEST_DELAY_S, PER_ADDRESS, Attempts, attempt_key, delay_s


def test_some_failures_cost_nothing_then_the_delay_doubles_up_to_a_minute() -> None:
    assert [delay_s(failures) for failures in range(1, 5)] == [0, 0, 0, 0]
    assert [delay_s(failures) for failures in range(5, 13)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert delay_s(1_000_000) == LONGEST_DELAY_S


@pytest.mark.parametrize(
    "other",
    [
        ("login", "192.0.2.2", "reader1"),
        ("login", "192.0.2.1", "reader2"),
        ("pin", "192.0.2.1", "reader1"),
        ("login", "192.0.2.1reader1"),
    ],
)
def test_a_key_is_of_one_kind_one_address_and_one_name(other: tuple[str, ...]) -> None:
    key = attempt_key("login", "192.0.2.1", "reader1")
    assert attempt_key(*other) != key
    assert "reader1" not in key


async def test_attempts_of_one_key_wait_for_each_other_and_those_of_another_do_not() -> None:
    attempts = Attempts()
    order: list[str] = []
    held = asyncio.Event()

    async def attempt(key: str, name: str) -> None:
        async with attempts.one_at_a_time(key):
            order.append(name)
            if name == "first":
                await held.wait()

    first = asyncio.create_task(attempt("a", "first"))
    second = asyncio.create_task(attempt("a", "second"))
    await asyncio.create_task(attempt("b", "other key"))
    assert order == ["first", "other key"]
    held.set()
    await asyncio.gather(first, second)
    assert order == ["first", "other key", "second"]


async def test_one_address_never_takes_every_turn() -> None:
    attempts = Attempts()
    inside: list[str] = []
    leave = asyncio.Event()

    async def attempt(address: str) -> None:
        async with attempts.few_at_a_time(address):
            inside.append(address)
            await leave.wait()

    flood = [asyncio.create_task(attempt("192.0.2.1")) for _ in range(20)]
    reader = asyncio.create_task(attempt("192.0.2.2"))
    while "192.0.2.2" not in inside:
        await asyncio.sleep(0)
    assert inside.count("192.0.2.1") == PER_ADDRESS
    leave.set()
    await asyncio.gather(reader, *flood)
    assert inside.count("192.0.2.1") == 20

"""Tries at the signing PIN: one at a time, counted before they are answered, and no connection held meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from shared.errors import GongzhenError, TooManyRequests, Unauthenticated
from shared.reading.workflow.desk import Desk
from shared.reading.workflow.unlocking import unlock
from tests.integration.reading.centre import PIN, READER, Centre

T = TypeVar("T")


class WatchedDesk(Desk):
    """Notes how many connections of the pool are out when costly work begins."""

    def __init__(self, centre: Centre) -> None:
        own = centre.desk
        super().__init__(own.db, own.blobs, own.center_blobs, own.grants, own.form, own.public_url)
        self.connections_held: list[int] = []

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        pool = self.db.engine.pool
        assert isinstance(pool, QueuePool)
        self.connections_held.append(pool.checkedout())
        return await super().run(work, *arguments)


class DyingDesk(WatchedDesk):
    """Its process ends while the key is unwrapped."""

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        raise asyncio.CancelledError


async def outcome(centre: Centre, pin: str) -> str:
    try:
        await unlock(centre.desk, READER, pin)
    except GongzhenError as error:
        return error.code
    return "ok"


async def age_tries(centre: Centre, seconds: float) -> None:
    statement = text("UPDATE core.audit_entry SET at = at - make_interval(secs => :by)")
    async with centre.db.transaction() as session:
        await session.execute(statement, {"by": seconds})


async def test_parallel_guesses_are_one_try(centre: Centre) -> None:
    answers = Counter(await asyncio.gather(*(outcome(centre, "000000") for _ in range(8))))
    assert answers == {"wrong_pin": 1, "pin_slowed": 7}


async def test_no_connection_is_held_while_the_key_is_unwrapped(centre: Centre) -> None:
    desk = WatchedDesk(centre)
    await unlock(desk, READER, PIN)
    assert desk.connections_held == [0]


async def test_a_try_that_nobody_heard_the_end_of_counts_as_a_wrong_one(centre: Centre) -> None:
    for _ in range(3):
        with pytest.raises(asyncio.CancelledError):
            await unlock(DyingDesk(centre), READER, PIN)
        with pytest.raises(TooManyRequests):
            await unlock(centre.desk, READER, PIN)
        await age_tries(centre, 10.5)
    await age_tries(centre, -10.5)
    assert await outcome(centre, PIN) == "pin_slowed"
    await age_tries(centre, 10.5)
    assert [await outcome(centre, PIN), await outcome(centre, PIN)] == ["ok", "ok"]


async def test_the_right_pin_forgives_the_wrong_ones(centre: Centre) -> None:
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await unlock(centre.desk, READER, "000000")
    assert [await outcome(centre, pin) for pin in (PIN, "000000", "000000", PIN)] == [
        "ok",
        "wrong_pin",
        "wrong_pin",
        "ok",
    ]

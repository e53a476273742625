import asyncio

import httpx
from sqlalchemy import text

from shared.db import Database
from tests.integration.gateway.accounts.desk import PASSWORD, Desk

HERE = {"X-Forwarded-For": "192.0.2.1"}
ELSEWHERE = {"X-Forwarded-For": "192.0.2.2"}


async def _log_in(http: httpx.AsyncClient, password: str, headers: dict[str, str]) -> httpx.Response:
    form = {"grant_type": "password", "username": "reader1", "password": password}
    return await http.post("/v1/auth/token", data=form, headers=headers)


async def test_failures_from_one_address_slow_it_and_no_other(http: httpx.AsyncClient) -> None:
    statuses = [(await _log_in(http, "wrong", HERE)).status_code for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 401, 429]

    slowed = await _log_in(http, PASSWORD, HERE)
    assert (slowed.status_code, slowed.json()["code"]) == (429, "too_many_attempts")
    assert int(slowed.headers["retry-after"]) >= 1
    assert (await _log_in(http, PASSWORD, ELSEWHERE)).status_code == 200


async def test_the_right_password_is_heard_once_the_wait_is_over_and_clears_the_count(
    http: httpx.AsyncClient, db: Database
) -> None:
    for _ in range(5):
        await _log_in(http, "wrong", HERE)
    async with db.transaction() as session:
        await session.execute(text("UPDATE gateway.login_failure SET blocked_until = clock_timestamp()"))
    assert (await _log_in(http, PASSWORD, HERE)).status_code == 200
    assert [(await _log_in(http, "wrong", HERE)).status_code for _ in range(5)] == [401] * 5


async def test_guesses_sent_at_once_are_counted_one_by_one(desk: Desk) -> None:
    answers = await asyncio.gather(*(_log_in(desk.http, f"guess {n}", HERE) for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_many_right_logins_at_once_all_pass(desk: Desk) -> None:
    answers = await asyncio.gather(*(_log_in(desk.http, PASSWORD, HERE) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}


async def test_typed_names_are_not_kept(http: httpx.AsyncClient, db: Database) -> None:
    form = {"grant_type": "password", "username": "my-password-by-mistake", "password": "x"}
    await http.post("/v1/auth/token", data=form)
    async with db.transaction() as session:
        rows = (await session.execute(text("SELECT attempt_key FROM gateway.login_failure"))).scalars().all()
        entries = (await session.execute(text("SELECT entry::text FROM core.audit_entry AS entry"))).scalars().all()
    assert len(rows) == 1
    assert not any("mistake" in str(row) for row in (*rows, *entries))

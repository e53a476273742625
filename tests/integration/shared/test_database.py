"""A database that has no room is an answer to come again, never an internal error."""

from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import event, func, select

from shared import db
from shared.db import Database
from shared.errors import Unavailable
from tests.support.servers import MakeDatabase, RunningPostgres


async def test_a_pool_without_a_free_connection_is_unavailable(make_database: MakeDatabase) -> None:
    database = Database(await make_database("pool"), pool_size=1, max_overflow=0, pool_timeout_s=0.1)
    try:
        async with database.connection():
            with pytest.raises(Unavailable) as refused:
                await database.check()
        assert refused.value.retry_after_s
        await database.check()
    finally:
        await database.close()


async def test_a_server_without_a_free_connection_is_unavailable(
    postgres_server: RunningPostgres, make_database: MakeDatabase
) -> None:
    parts = urlsplit(await make_database("room"))
    admin = await asyncpg.connect(postgres_server.admin_url)
    await admin.execute("CREATE ROLE narrow LOGIN PASSWORD 'narrow' CONNECTION LIMIT 0")
    database = Database(parts._replace(netloc=f"narrow:narrow@{parts.hostname}:{parts.port}").geturl())
    try:
        with pytest.raises(Unavailable):
            await database.check()
        await admin.execute("ALTER ROLE narrow CONNECTION LIMIT 1")
        await database.check()
    finally:
        await database.close()
        await admin.execute("DROP ROLE narrow")
        await admin.close()


async def test_idle_connections_that_died_are_replaced_unseen(
    postgres_server: RunningPostgres, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_PING_AFTER_S", 0.0)  # every connection counts as idle
    database = Database(await make_database("idle"))
    try:
        async with database.connection(), database.connection(), database.connection():
            await database.check()
        await postgres_server.kill()
        await postgres_server.start()
        await database.check()
    finally:
        await database.close()


async def test_a_connection_that_dies_in_use_makes_one_request_come_again(
    postgres_server: RunningPostgres, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_PING_AFTER_S", 3600.0)  # every connection counts as in use
    database = Database(await make_database("used"))
    try:
        async with database.connection(), database.connection():
            await database.check()
        await postgres_server.kill()
        await postgres_server.start()
        with pytest.raises(Unavailable):
            await database.check()
        await database.check()
    finally:
        await database.close()


async def test_a_limit_is_written_into_the_statement(make_database: MakeDatabase) -> None:
    database, sent = Database(await make_database("limit")), list[str]()
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *seen: sent.append(seen[2]))
    try:
        async with database.look_up() as session:
            numbers = select(func.generate_series(1, 9).label("n")).limit(db.at_most(3))
            assert len((await session.execute(numbers)).all()) == 3
    finally:
        await database.close()
    assert sent[-1].rstrip().endswith("LIMIT 3")

"""A database that has no room is an answer to come again, never an internal error."""

from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import Text, cast, column, event, func, literal, select, text, values

from shared import db
from shared.db import Database, Prepared, asked, at_most, plan_each
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


async def test_a_prepared_statement_takes_its_arguments_and_keeps_its_own_values(make_database: MakeDatabase) -> None:
    items = values(column("n", Text), column("kind", Text), name="items").data(
        [("1", "a"), ("2", "b"), ("3", "c"), ("1", "d")]
    )
    statement = select(items.c.n, items.c.kind, cast(literal(7), Text)).where(
        items.c.kind.in_(["a", "b", "d"]), items.c.n == asked("n")
    )
    prepared = Prepared(statement.order_by(items.c.kind.desc()).limit(at_most(1)))
    database = Database(await make_database("prepared"))
    try:
        for begin in (database.look_up, database.transaction):
            async with begin() as session:
                assert [tuple(row) for row in await prepared.rows(session, n="1")] == [("1", "d", "7")]
                assert [tuple(row) for row in await prepared.rows(session, n="2")] == [("2", "b", "7")]
                assert await prepared.rows(session, n="3") == []
                with pytest.raises(KeyError):
                    await prepared.rows(session)
    finally:
        await database.close()


async def test_a_prepared_statement_of_a_server_that_is_gone_is_unavailable(
    postgres_server: RunningPostgres, make_database: MakeDatabase
) -> None:
    prepared = Prepared(select(cast(literal(1), Text)))
    database = Database(await make_database("gone"), pool_size=1)
    try:
        with pytest.raises(Unavailable):
            async with database.look_up() as session:
                await prepared.rows(session)
                await postgres_server.kill()
                await prepared.rows(session)
    finally:
        await postgres_server.start()
        await database.close()


async def test_planning_for_each_value_ends_with_the_transaction(make_database: MakeDatabase) -> None:
    mode = text("SHOW plan_cache_mode")
    database = Database(await make_database("plans"), pool_size=1, max_overflow=0)
    try:
        async with database.transaction() as session:
            await plan_each(session)
            assert (await session.execute(mode)).scalar_one() == "force_custom_plan"
        async with database.transaction() as session:
            assert (await session.execute(mode)).scalar_one() == "auto"
    finally:
        await database.close()

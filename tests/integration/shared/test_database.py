"""A database that has no room is an answer to come again, never an internal error."""

from urllib.parse import urlsplit

import asyncpg
import pytest

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

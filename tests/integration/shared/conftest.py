"""A migrated database and a bus in memory for the tests of the common ground."""

from collections.abc import AsyncIterator

import pytest

from shared.db import Database
from shared.migrate import migrate
from tests.support.servers import MakeDatabase, RunningPostgres


@pytest.fixture
async def db(postgres_server: RunningPostgres, make_database: MakeDatabase) -> AsyncIterator[Database]:
    await postgres_server.build_template("core", lambda url: migrate(url, "ecg"))
    database = Database(await make_database("core", template="core"))
    yield database
    await database.close()

"""One database a test, one set of keys a session."""

from collections.abc import AsyncIterator

import pytest

from shared.db import Database
from shared.migrate import migrate
from tests.integration.reading.centre import Centre, Keys
from tests.support.servers import MakeDatabase, RunningPostgres


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys.make()


@pytest.fixture
async def db(postgres_server: RunningPostgres, make_database: MakeDatabase) -> AsyncIterator[Database]:
    await postgres_server.build_template("imaging", lambda url: migrate(url, "imaging"))
    database = Database(await make_database("reading", template="imaging"), pool_size=20, max_overflow=20)
    yield database
    await database.close()


@pytest.fixture
async def centre(db: Database, keys: Keys) -> Centre:
    return await Centre.open(db, keys)

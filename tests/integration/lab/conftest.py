"""One database and one running centre a test, one set of keys a session."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.db import Database
from shared.migrate import migrate
from tests.integration.lab.centre import Centre, open_centre
from tests.integration.reading.centre import Keys
from tests.support.servers import MakeDatabase, RunningPostgres


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys.make()


@pytest.fixture
async def lab_db(postgres_server: RunningPostgres, make_database: MakeDatabase) -> AsyncIterator[Database]:
    await postgres_server.build_template("lab", lambda url: migrate(url, "lab"))
    database = Database(await make_database("lab", template="lab"), pool_size=10, max_overflow=10)
    yield database
    await database.close()


@pytest.fixture
async def centre(lab_db: Database, keys: Keys, tmp_path: Path) -> AsyncIterator[Centre]:
    async with open_centre(lab_db, keys, tmp_path) as opened:
        yield opened

"""A gateway of accounts alone on a real database: empty, or with the demo region."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.gateway.accounts import bootstrap
from services.gateway.accounts.config import AccountSettings
from shared.db import Database
from shared.migrate import migrate
from shared.settings import Settings
from tests.integration.gateway.accounts.desk import Desk, open_desk, settings_for
from tests.support.servers import MakeDatabase, RunningPostgres


@pytest.fixture
async def empty_url(postgres_server: RunningPostgres, make_database: MakeDatabase) -> str:
    await postgres_server.build_template("gateway", lambda url: migrate(url, "gateway"))
    return await make_database("gateway", template="gateway")


@pytest.fixture
async def demo_url(postgres_server: RunningPostgres, make_database: MakeDatabase, tmp_path: Path) -> str:
    async def build(url: str) -> None:
        await migrate(url, "gateway")
        db = Database(url)
        try:
            await bootstrap.start(db, settings_for(url, tmp_path, demo=True), AccountSettings())
        finally:
            await db.close()

    await postgres_server.build_template("gateway_demo", build)
    return await make_database("gateway", template="gateway_demo")


@pytest.fixture
def demo_settings(demo_url: str, tmp_path: Path) -> Settings:
    return settings_for(demo_url, tmp_path, demo=True)


@pytest.fixture
async def desk(demo_settings: Settings) -> AsyncIterator[Desk]:
    """The demo region's gateway."""
    async with open_desk(demo_settings) as opened:
        yield opened


@pytest.fixture
async def http(desk: Desk) -> httpx.AsyncClient:
    return desk.http


@pytest.fixture
async def db(desk: Desk) -> Database:
    return desk.resources.db

"""The gateway with its projections: over a bus in memory, and over real NATS."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bus import MemoryBus, connect
from shared.migrate import migrate
from tests.integration.gateway.region import Region, Signers, open_region
from tests.support.servers import MakeDatabase, RunningNats, RunningPostgres


@pytest.fixture(scope="session")
def signers() -> Signers:
    return Signers()


@pytest.fixture
async def gateway_url(postgres_server: RunningPostgres, make_database: MakeDatabase) -> str:
    await postgres_server.build_template("gateway", lambda url: migrate(url, "gateway"))
    return await make_database("gateway", template="gateway")


@pytest.fixture
async def region(gateway_url: str, tmp_path: Path, signers: Signers) -> AsyncIterator[Region]:
    async with open_region(gateway_url, tmp_path, MemoryBus("gateway"), signers) as opened:
        yield opened


@pytest.fixture
async def nats_region(
    gateway_url: str, nats_server: RunningNats, nats_url: str, tmp_path: Path, signers: Signers
) -> AsyncIterator[Region]:
    await nats_server.make_streams()
    bus = await connect(nats_url, service="gateway")
    try:
        async with open_region(gateway_url, tmp_path, bus, signers) as opened:
            yield opened
    finally:
        await bus.close()

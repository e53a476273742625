"""Real servers for the tests, started once a test process, each in a temporary folder, ended by id.

``postgres_server`` and ``make_database``, ``nats_server`` and ``nats_url``, ``seaweed_server``.
All of them listen on free ports of 127.0.0.1 only.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import nats
import pytest
from minio import Minio

from deploy.local.nats import NatsServer, plan_nats
from deploy.local.ports import choose_free_port
from deploy.local.postgres import TEST_SETTINGS, PostgresServer, plan_postgres
from deploy.local.seaweed import SeaweedServer, plan_seaweed
from deploy.local.secrets import ADMIN, Secrets
from shared.bus import connect
from tests.support.processes import RunningServer

SERVICES = ("imaging", "ecg", "lab", "gateway")

MakeDatabase = Callable[..., Awaitable[str]]
R = TypeVar("R", bound=RunningServer[Any])


class RunningPostgres(RunningServer[PostgresServer]):
    """One server; every test takes a database of its own. The templates are built once a session."""

    def __init__(self, server: PostgresServer) -> None:
        super().__init__(server, server.folder.with_name("postgres.log"))
        self._templates: dict[str, str] = {}

    @property
    def admin_url(self) -> str:
        return self.server.admin_url

    async def create_database(self, name: str = "test", template: str | None = None) -> str:
        """A new database, a copy of ``template`` when given. Returns its ``postgresql+asyncpg://`` URL."""
        database = f"{name}_{secrets.token_hex(5)}"
        copied = f' TEMPLATE "{self._templates[template]}"' if template else ""
        await self._execute(f'CREATE DATABASE "{database}"{copied}')
        return self._sqlalchemy_url(database)

    async def build_template(self, name: str, build: Callable[[str], Awaitable[None]]) -> None:
        """Let ``build(url)`` migrate a database once; ``create_database(template=name)`` then copies it in ~30 ms.

        ``build`` must have closed its connections when it returns: PostgreSQL copies only what nobody uses.
        """
        if name in self._templates:
            return
        database = f"template_{name}_{secrets.token_hex(5)}"
        await self._execute(f'CREATE DATABASE "{database}"')
        await build(self._sqlalchemy_url(database))
        self._templates[name] = database

    async def drop_database(self, url: str) -> None:
        """Drop it even when a test left a connection open."""
        await self._execute(f'DROP DATABASE IF EXISTS "{url.rsplit("/", 1)[1]}" WITH (FORCE)')

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _sqlalchemy_url(self, database: str) -> str:
        return self.server.url(ADMIN, self.server.admin_password, database, driver="postgresql+asyncpg")


class RunningNats(RunningServer[NatsServer]):
    """``url`` may do everything; ``url_for("imaging")`` only what that service may."""

    def __init__(self, server: NatsServer) -> None:
        super().__init__(server, server.folder.with_name("nats.log"))

    @property
    def url(self) -> str:
        return self.server.admin_url

    def url_for(self, service: str) -> str:
        return self.server.url(service)

    async def make_streams(self) -> None:
        """The whole region's, as each service makes its own."""
        for service in SERVICES:
            bus = await connect(self.url_for(service), service=service)
            await bus.ensure_streams()
            await bus.close()

    async def wipe(self) -> None:
        """Delete every stream with its consumers and messages."""
        client = await nats.connect(self.url)
        try:
            stream_manager = client.jetstream()
            for stream in await stream_manager.streams_info():
                await stream_manager.delete_stream(str(stream.config.name))
        finally:
            await client.close()


class RunningSeaweed(RunningServer[SeaweedServer]):
    """``endpoint`` is ``host:port`` without TLS. ``bucket`` exists; ``make_bucket()`` gives a fresh one."""

    def __init__(self, server: SeaweedServer) -> None:
        super().__init__(server, server.folder.with_name("seaweed.log"))
        self.bucket = "gongzhen-test"

    @property
    def endpoint(self) -> str:
        return self.server.endpoint

    @property
    def access_key(self) -> str:
        return self.server.access_key

    @property
    def secret_key(self) -> str:
        return self.server.secret_key

    async def stop(self) -> None:
        await super().stop()
        self.server.remove_sockets()

    def make_bucket(self, name: str | None = None) -> str:
        name = name or f"test-{secrets.token_hex(6)}"
        client = Minio(self.endpoint, self.access_key, self.secret_key, secure=False)
        client.make_bucket(name)
        return name


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Ours and passable, unlike pytest's own 0700 one: as root, PostgreSQL's account has to get to its data."""
    folder = Path(tempfile.mkdtemp(prefix="gongzhen-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[RunningPostgres]:
    server = plan_postgres(server_folder, choose_free_port(), secrets.token_hex(16), TEST_SETTINGS)
    server.prepare()
    yield from _running(RunningPostgres(server))
    shutil.rmtree(server.folder)


@pytest.fixture(scope="session")
def nats_server(server_folder: Path) -> Iterator[RunningNats]:
    made = Secrets.generate(SERVICES)
    server = plan_nats(server_folder, choose_free_port(), made.nats, made.nats_encryption_key)
    server.prepare()
    yield from _running(RunningNats(server))


@pytest.fixture(scope="session")
def seaweed_server(server_folder: Path) -> Iterator[RunningSeaweed]:
    server = plan_seaweed(server_folder, "gongzhen", secrets.token_hex(16))
    server.prepare()
    running = RunningSeaweed(server)
    for started in _running(running):
        started.make_bucket(started.bucket)
        yield started


@pytest.fixture
async def make_database(postgres_server: RunningPostgres) -> AsyncIterator[MakeDatabase]:
    """``await make_database("imaging")`` or ``make_database("imaging", template="imaging")``; dropped afterwards."""
    made: list[str] = []

    async def make(name: str = "test", template: str | None = None) -> str:
        made.append(await postgres_server.create_database(name, template))
        return made[-1]

    yield make
    for url in made:
        await postgres_server.drop_database(url)


@pytest.fixture
async def nats_url(nats_server: RunningNats) -> str:
    """The server's address, with every stream of earlier tests gone."""
    await nats_server.start()
    await nats_server.wipe()
    return nats_server.url


def _running(running: R) -> Iterator[R]:
    asyncio.run(running.start())
    try:
        yield running
    finally:
        asyncio.run(running.stop())

"""Schema migrations: three independent Alembic histories, applied in order under one advisory lock.

core (outbox, inbox, audit, directory), reading (the workflow; centres only), and the service's own. Each has its
schema and its version table. Expand and contract only: the old code must run on the new schema.
``python -m shared.migrate imaging`` migrates the database of GONGZHEN_DATABASE_URL.
"""

import asyncio
import os
import sys
from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.db import Database
from shared.errors import Unavailable

CENTERS = ("imaging", "ecg", "lab")
SERVICES = (*CENTERS, "gateway")
_LOCK = 0x67_7A_02


def histories(service: str) -> list[tuple[str, Path]]:
    """(schema, folder of versions) in the order they are applied."""
    packages = [("core", "shared"), (service, f"services.{service}")]
    if service in CENTERS:
        packages.insert(1, ("reading", "shared.reading"))
    found = [(schema, Path(str(resources.files(package))) / "migrations" / "versions") for schema, package in packages]
    return [(schema, folder) for schema, folder in found if folder.is_dir()]


def alembic_config(schema: str, versions: Path, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(resources.files("shared"))) / "migrations"))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    config.attributes["schema"] = schema
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, service: str) -> None:
    for schema, versions in histories(service):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        command.upgrade(alembic_config(schema, versions, connection), "head")


async def migrate(url: str, service: str) -> None:
    """Bring the database of ``service`` to the newest schema; a second process waits for the first."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()


def _missing(connection: Connection, service: str) -> list[str]:
    missing = []
    for schema, versions in histories(service):
        context = MigrationContext.configure(connection, opts={"version_table_schema": schema})
        head = ScriptDirectory.from_config(alembic_config(schema, versions)).get_current_head()
        known = {r.revision for r in ScriptDirectory.from_config(alembic_config(schema, versions)).walk_revisions()}
        current = context.get_current_revision()
        # A newer database (unknown revision) is fine: schemas only expand under running code.
        if current != head and (current is None or current in known):
            missing.append(schema)
    return missing


async def require_schema(db: Database, service: str) -> None:
    """Raises Unavailable when the database is older than this code needs."""
    async with db.connection() as connection:
        missing = await connection.run_sync(_missing, service)
    if missing:
        raise Unavailable(f"数据库结构过旧: {', '.join(missing)}; 请先运行 gongzhen migrate", code="schema_outdated")


def main() -> int:
    service = sys.argv[1] if len(sys.argv) == 2 else ""
    if service not in SERVICES:
        sys.stderr.write(f"usage: python -m shared.migrate {{{'|'.join(SERVICES)}}}\n")
        return 2
    asyncio.run(migrate(os.environ["GONGZHEN_DATABASE_URL"], service))
    return 0


if __name__ == "__main__":
    sys.exit(main())

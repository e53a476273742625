"""The tables as the migration makes them are the tables as the models name them."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from shared.db import Base, Database
from shared.reading import models


def _differences(connection: Connection) -> list[object]:
    def of_reading(item: object, _name: object, kind: str, _reflected: object, _other: object) -> bool:
        """PostgreSQL names the unnamed unique constraints of the migration itself: only their names would differ."""
        schema = getattr(item, "schema", None) if kind == "table" else "reading"
        return kind != "unique_constraint" and schema == "reading" and getattr(item, "name", "") != "alembic_version"

    options = {"include_schemas": True, "include_object": of_reading, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


async def test_models_equal_migrations(db: Database) -> None:
    assert all(f"reading.{getattr(models, name).__tablename__}" in Base.metadata.tables for name in models.__all__)
    async with db.connection() as connection:
        assert await connection.run_sync(_differences) == []

"""The tables as the migrations make them are the tables as the models name them."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.lab import models
from shared.db import Base, Database


def _differences(connection: Connection) -> list[object]:
    def of_lab(item: object, _name: object, kind: str, _reflected: object, _other: object) -> bool:
        schema = getattr(item, "schema", None) if kind == "table" else "lab"
        return schema == "lab" and getattr(item, "name", "") != "alembic_version"

    options = {"include_schemas": True, "include_object": of_lab, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


async def test_models_equal_migrations(lab_db: Database) -> None:
    tables = [getattr(getattr(models, name), "__tablename__", None) for name in models.__all__]
    assert {f"lab.{name}" for name in tables if name} <= set(Base.metadata.tables)
    async with lab_db.connection() as connection:
        assert await connection.run_sync(_differences) == []

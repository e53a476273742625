"""The tables as the migrations make them are the tables as the models name them."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.gateway.models import accounts, cases, criticals, feed, reports, trust
from shared.db import Base, Database

_MODELS = (accounts, cases, criticals, feed, reports, trust)


def _differences(connection: Connection) -> list[object]:
    def of_gateway(item: object, _name: object, kind: str, _reflected: object, _other: object) -> bool:
        """PostgreSQL names a unique constraint that a migration leaves unnamed: the names would only seem to differ."""
        schema = getattr(item, "schema", None) if kind == "table" else "gateway"
        return kind != "unique_constraint" and schema == "gateway" and getattr(item, "name", "") != "alembic_version"

    options = {"include_schemas": True, "include_object": of_gateway, "compare_type": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


async def test_models_equal_migrations(gateway_url: str) -> None:
    assert all(module.__name__ for module in _MODELS)
    db = Database(gateway_url)
    try:
        async with db.connection() as connection:
            assert await connection.run_sync(_differences) == []
    finally:
        await db.close()

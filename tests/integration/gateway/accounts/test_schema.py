from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.gateway.models import accounts, trust
from shared.db import Base, Database

TABLES = {
    model.__table__.fullname  # type: ignore[attr-defined]
    for model in (
        accounts.RegionFact,
        accounts.Login,
        accounts.LoginFailure,
        accounts.LoginSession,
        accounts.RefreshToken,
        accounts.OneTimeLink,
        trust.TokenKey,
        trust.AuthorityKey,
        trust.Certificate,
    )
}


async def test_the_models_are_what_the_migrations_make(empty_url: str) -> None:
    db = Database(empty_url)
    async with db.connection() as connection:
        differences = await connection.run_sync(_differences)
    await db.close()
    assert differences == []


def _differences(connection: Connection) -> list[object]:
    def is_ours(_: object, name: str | None, kind: str, __: bool, ___: object) -> bool:
        return kind != "table" or f"gateway.{name}" in TABLES

    context = MigrationContext.configure(
        connection,
        opts={"include_schemas": True, "include_object": is_ours, "compare_server_default": True},
    )
    return list(compare_metadata(context, Base.metadata))

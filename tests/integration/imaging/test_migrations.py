"""What a region already keeps is kept when its schema moves on."""

from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.migrate import alembic_config, histories, migrate
from tests.support.servers import MakeDatabase

REFUSED = """
INSERT INTO imaging.quarantine
    (id, clinic_id, account_id, code, detail, file_name, size_bytes, sha256, correlation_id, received_at,
     blob_store, blob_key, blob_offset, blob_length)
VALUES ('qua_1', 'org_c1', 'acc_1', 'not_dicom', 'd', 'a.txt', 5, 's', 'cor_1', '2026-11-01T00:00:00Z',
     'imaging', 'blob_1', 3, 5), ('qua_2', 'org_c2', 'acc_2', 'too_large', 'd', 'b.txt', 6, 't', 'cor_2',
     '2026-11-02T00:00:00Z', NULL, NULL, NULL, NULL)
"""


def _to_first_imaging(connection: Connection) -> None:
    for schema, versions in histories("imaging"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        command.upgrade(alembic_config(schema, versions, connection), "imaging_0001" if schema == "imaging" else "head")


async def test_refused_files_move_to_the_quarantine_of_every_centre(make_database: MakeDatabase) -> None:
    url = await make_database("moved")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_to_first_imaging)
        before = "SELECT * FROM imaging.quarantine ORDER BY id"
        await connection.execute(text(REFUSED))
        kept = [dict(row) for row in (await connection.execute(text(before))).mappings()]
    await migrate(url, "imaging")
    async with engine.begin() as connection:
        moved = await connection.execute(text("SELECT * FROM reading.quarantine ORDER BY id"))
        assert [dict(row) for row in moved.mappings()] == kept
        assert (await connection.execute(text("SELECT to_regclass('imaging.quarantine')"))).scalar_one() is None
    await engine.dispose()
    assert len(kept) == 2

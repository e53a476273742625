"""The schema is what the models say, and the sweep drops only what no row names."""

import os
import time

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.imaging.models import Instance
from services.imaging.queries.instances import keys_in_use
from services.imaging.settings import settings_of
from shared.db import Base, Database
from shared.reading.workflow.orphans import drop_orphans
from tests.integration.imaging.conftest import ORDER, Centre
from tests.support.dicom import dicom
from tests.support.multipart import upload


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_name": lambda name, kind, parents: kind != "schema" or name == "imaging",
            "include_object": lambda thing, name, kind, reflected, other: (
                kind != "table" or (thing.schema == "imaging" and name != "alembic_version")
            ),
            "compare_server_default": False,
        },
    )
    return list(compare_metadata(context, Base.metadata))


async def test_models_and_migrations_agree(imaging_db: Database) -> None:
    assert Instance.metadata is Base.metadata
    async with imaging_db.connection() as connection:
        assert await connection.run_sync(_differences) == []


async def test_only_old_objects_without_a_row_are_swept(centre: Centre) -> None:
    hours = settings_of(centre.resources).orphan_hours
    await centre.upload(dicom("i1"))
    await centre.send(upload(ORDER, [("a.txt", b"refused")]))
    kept = centre.objects()
    orphan = await centre.resources.blobs.put(b"nobody names me")
    assert await drop_orphans(centre.resources, hours, keys_in_use) == 0
    long_ago = time.time() - 25 * 3600
    for path in centre.objects():
        os.utime(path, (long_ago, long_ago))
    young = await centre.resources.blobs.put(b"a pack whose transaction is open")
    assert await drop_orphans(centre.resources, hours, keys_in_use) == 1
    left = centre.objects()
    assert set(left) - set(kept) == {centre.store / young.key}
    assert centre.store / orphan.key not in left

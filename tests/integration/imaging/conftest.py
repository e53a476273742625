"""The imaging centre on a real database and a real folder of bytes, spoken to over ASGI by people of three clinics."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import text

from services.imaging.app import create_app
from services.imaging.settings import ImagingSettings
from shared import directory
from shared.auth import Actor, Role, TokenVerifier
from shared.blobs import FileBlobStore
from shared.bus import MemoryBus
from shared.db import Database
from shared.errors import Unauthenticated
from shared.events.directory import Organization, OrgKind
from shared.migrate import migrate
from shared.resources import Resources
from tests.support.multipart import CONTENT_TYPE, upload
from tests.support.servers import MakeDatabase, RunningPostgres

ROLES = {
    "clinic1": ("org_c1", Role.clinic),
    "clinic2": ("org_c2", Role.clinic),
    "reader1": ("org_a", Role.reader),
    "reader2": ("org_b", Role.reader),
    "admin1": ("region", Role.admin),
}
ORDER: dict[str, Any] = {
    "accession_number": "A1",
    "priority": "urgent",
    "exam": {"code": "DX-CHEST-PA", "name": "胸部正位"},
    "patient": {"id": "P001", "name": "测试甲", "sex": "M", "birth_date": "1960-01-31"},
    "clinical_info": "咳嗽三天",
}


def actor_named(username: str) -> Actor:
    org_id, role = ROLES[username]
    return Actor(f"acct_{username}", username, username, org_id, frozenset({role}))


class NamesAreTokens:
    """Stands in for the token verifier: the bearer token is the username."""

    async def verify(self, token: str) -> Actor:
        if token not in ROLES:
            raise Unauthenticated(code="bad_token")
        return actor_named(token)


@dataclass(slots=True)
class Centre:
    resources: Resources
    http: httpx.AsyncClient
    store: Path

    async def send(
        self, body: bytes, username: str = "clinic1", content_type: str = CONTENT_TYPE, **headers: str
    ) -> httpx.Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return await self.http.post(
            "/imaging/v1/cases",
            content=body,
            headers={"Authorization": f"Bearer {username}", "Content-Type": content_type, **named},
        )

    async def upload(
        self, *files: bytes, order: dict[str, Any] | None = None, username: str = "clinic1", **headers: str
    ) -> httpx.Response:
        body = upload(ORDER if order is None else order, [(f"{n}.dcm", data) for n, data in enumerate(files, 1)])
        return await self.send(body, username, **headers)

    async def get(self, path: str, username: str = "clinic1") -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {username}"})

    async def post(self, path: str, username: str = "clinic1", **options: Any) -> httpx.Response:
        return await self.http.post(path, headers={"Authorization": f"Bearer {username}"}, **options)

    def objects(self) -> list[Path]:
        """What lies in the store, finished or not."""
        return sorted(path for path in self.store.rglob("blob_*") if path.is_file())

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.resources.db.transaction() as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def count(self, table: str) -> int:
        ((number,),) = await self.rows(f"SELECT count(*) FROM {table}")
        return int(number)

    async def assign(self, case_id: str, reading_site: str) -> None:
        await self.rows(
            f"UPDATE reading.case SET reading_site_id = '{reading_site}' WHERE case_id = '{case_id}' RETURNING case_id"
        )


@pytest.fixture
async def imaging_db(postgres_server: RunningPostgres, make_database: MakeDatabase) -> AsyncIterator[Database]:
    await postgres_server.build_template("imaging", lambda url: migrate(url, "imaging"))
    database = Database(await make_database("imaging", template="imaging"), pool_size=10, max_overflow=10)
    yield database
    await database.close()


@pytest.fixture
async def centre(imaging_db: Database, tmp_path: Path) -> AsyncIterator[Centre]:
    store, spool = tmp_path / "store", tmp_path / "spool"
    spool.mkdir()
    settings = ImagingSettings(
        database_url="postgresql+asyncpg://unused",
        blobs=store.as_uri(),
        region_blobs=store.as_uri(),
        spool_dir=spool,
        upload_max_bytes=8 << 20,
        upload_max_files=20,
    )
    blobs = FileBlobStore(store, "imaging")
    resources = Resources(
        settings, imaging_db, MemoryBus("imaging"), blobs, blobs, cast(TokenVerifier, NamesAreTokens())
    )
    async with imaging_db.transaction() as session:
        for org_id, charset in (("org_c1", "GB18030"), ("org_c2", None)):
            clinic = Organization(
                org_id=org_id, name=f"测试卫生院{org_id}", org_kind=OrgKind.clinic, default_character_set=charset
            )
            await directory.apply(session, directory.event_of(clinic, 1))
    app = create_app(settings, resources)
    app.state.resources = resources
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://imaging") as http:
        yield Centre(resources, http, store)
    assert list(spool.iterdir()) == []

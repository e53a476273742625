"""The ECG centre on a real database, a folder of bytes and a real sandbox, spoken to over ASGI."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from sqlalchemy import text

from services.ecg.app import create_app
from services.ecg.intake.take_in import Judge
from services.ecg.settings import EcgSettings
from shared import directory
from shared.auth import Actor, Role, TokenVerifier
from shared.blobs import FileBlobStore
from shared.bus import MemoryBus
from shared.db import Database
from shared.errors import Unauthenticated
from shared.events.directory import Organization, OrgKind, SitePolicy
from shared.ids import new_id
from shared.reading.workflow.assign import queue
from shared.resources import Resources
from tests.integration.reading.centre import PEOPLE, PIN, Keys
from tests.support.ecg_carts import FORM, Files, order, table
from tests.support.multipart import CONTENT_TYPE, upload

ADMIN = Actor("acc_admin1", "admin1", "测试管理员", "region", frozenset({Role.admin}))
ORDER: dict[str, Any] = order(accession_number="A1")


class NamesAreTokens:
    """Stands in for the token verifier: the bearer token is the username."""

    async def verify(self, token: str) -> Actor:
        known = {**PEOPLE, "admin1": ADMIN}
        if token not in known:
            raise Unauthenticated(code="bad_token")
        return known[token]


@dataclass(slots=True)
class Centre:
    resources: Resources
    http: httpx.AsyncClient
    store: Path
    judge: Judge
    _grants: dict[str, str] = field(default_factory=dict)

    async def call(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        more = {} if body is None else {"json": body}
        return await self.http.request(method, path, headers={"Authorization": f"Bearer {who}", **named}, **more)

    async def get(self, path: str, who: str = "clinic1", **headers: str) -> httpx.Response:
        return await self.call(who, "GET", path, **headers)

    async def post(self, path: str, who: str = "reader1", body: Any = None, **headers: str) -> httpx.Response:
        return await self.call(who, "POST", path, body, **headers)

    async def send(
        self, files: Files, order: dict[str, Any] | None = None, who: str = "clinic1", **headers: str
    ) -> httpx.Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return await self.http.post(
            "/ecg/v1/cases",
            content=upload(ORDER if order is None else order, files),
            headers={"Authorization": f"Bearer {who}", "Content-Type": CONTENT_TYPE, **named},
        )

    async def taken(
        self, files: Files | None = None, order: dict[str, Any] | None = None, who: str = "clinic1"
    ) -> dict[str, Any]:
        """The answer of an upload that is accepted; by default one normal ECG."""
        answer = await self.send([("ecg.csv", table())] if files is None else files, order, who)
        assert answer.status_code == 202, answer.text
        return cast(dict[str, Any], answer.json())

    async def new_case(self, files: Files | None = None, who: str = "clinic1", **more: object) -> dict[str, Any]:
        """Under an accession number of its own."""
        return await self.taken(files, order(**{"accession_number": new_id("acc"), **more}), who)  # type: ignore[arg-type]

    async def queued(self, case_id: str) -> str:
        """As the worker does it: given to a reading site."""
        async with self.resources.db.transaction() as session:
            assert await queue(session, case_id)
        return f"/ecg/v1/cases/{case_id}"

    async def claim(self, case_id: str, who: str = "reader1", kind: str = "claim") -> dict[str, str]:
        """The header that the holder shows."""
        answer = await self.post(f"/ecg/v1/cases/{case_id}/{kind}", who)
        assert answer.status_code == 200, answer.text
        return {"Claim_Token": str(answer.json()["claim_token"])}

    async def grant(self, who: str) -> dict[str, str]:
        if who not in self._grants:
            answer = await self.post("/ecg/v1/signing/unlock", who, {"pin": PIN})
            assert answer.status_code == 200, answer.text
            self._grants[who] = str(answer.json()["signing_grant"])
        return {"Signing_Grant": self._grants[who]}

    async def submit(self, case_id: str, **form: object) -> httpx.Response:
        """Queued, claimed, written and sent by reader1."""
        await self.queued(case_id)
        held = await self.claim(case_id)
        saved = await self.call("reader1", "PUT", f"/ecg/v1/cases/{case_id}/report", {**FORM, **form}, **held)
        assert saved.status_code == 200, saved.text
        return await self.post(f"/ecg/v1/cases/{case_id}/submit", "reader1", **held, **await self.grant("reader1"))

    async def signed(self, case_id: str, **form: object) -> str:
        """The report's id."""
        submitted = await self.submit(case_id, **form)
        assert submitted.status_code == 200, submitted.text
        held = await self.claim(case_id, "reviewer1", "review-claim")
        signed = await self.post(f"/ecg/v1/cases/{case_id}/sign", "reviewer1", **held, **await self.grant("reviewer1"))
        assert signed.status_code == 200, signed.text
        return str(signed.json()["report_id"])

    def objects(self) -> list[Path]:
        """What lies in the store, finished or not."""
        return sorted(path for path in self.store.rglob("blob_*") if path.is_file())

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.resources.db.transaction() as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def count(self, table: str) -> int:
        ((number,),) = await self.rows(f"SELECT count(*) FROM {table}")
        return int(number)

    async def written(self) -> tuple[int, ...]:
        """How much there is of all that an upload can write."""
        tables = ("reading.case", "reading.case_content", "ecg.recording", "core.outbox", "core.audit_entry")
        return (len(self.objects()), *[await self.count(table) for table in tables])


@asynccontextmanager
async def open_centre(db: Database, keys: Keys, folder: Path, **settings: object) -> AsyncIterator[Centre]:
    """The app between its start and its stop. ``settings`` beside those every test has."""
    store, spool = folder / "store", folder / "spool"
    spool.mkdir()
    known = EcgSettings.model_validate(
        {
            "database_url": "postgresql+asyncpg://unused",
            "blobs": store.as_uri(),
            "region_blobs": store.as_uri(),
            "spool_dir": spool,
            "upload_max_files": 20,
            "ecg_judges": 1,
            **settings,
        }
    )
    blobs = FileBlobStore(store, "ecg")
    resources = Resources(known, db, MemoryBus("ecg"), blobs, blobs, cast(TokenVerifier, NamesAreTokens()))
    await _tell(db, keys)
    app = create_app(known, resources)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://ecg") as http,
    ):
        yield Centre(resources, http, store, app.state.judge)
    assert list(spool.iterdir()) == []


async def _tell(db: Database, keys: Keys) -> None:
    kinds = (("org_c1", OrgKind.clinic), ("org_c2", OrgKind.clinic), ("org_a", OrgKind.hospital))
    records = [
        *keys.records(),
        *(Organization(org_id=org_id, name=f"示例机构{org_id}", org_kind=kind) for org_id, kind in kinds),
        SitePolicy(reading_site_id="org_a", center="ecg"),
    ]
    async with db.transaction() as session:
        for record in records:
            await directory.apply(session, directory.event_of(record, 1))

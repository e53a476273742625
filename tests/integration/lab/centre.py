"""The laboratory centre on a real database, spoken to over ASGI by a clinic and two technologists."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
from sqlalchemy import text

from services.lab.app import create_app
from services.lab.settings import LabSettings
from shared import directory
from shared.auth import Actor, Role, TokenVerifier
from shared.blobs import FileBlobStore
from shared.bus import MemoryBus
from shared.db import Database
from shared.errors import Unauthenticated
from shared.events.directory import Account, Organization, OrgKind, SitePolicy
from shared.resources import Resources
from tests.integration.reading.centre import PEOPLE, PIN, Keys
from tests.integration.reading.laboratory import LAB_PEOPLE
from tests.support.lab_oru import Value, oru
from tests.support.multipart import CONTENT_TYPE, upload

ANALYZER = Actor("acc_lis1", "lis1", "测试仪器网关", "org_a", frozenset({Role.integration}))
ADMIN = Actor("acc_admin1", "admin1", "测试管理员", "region", frozenset({Role.admin}))
EVERYBODY = {**PEOPLE, **LAB_PEOPLE, "lis1": ANALYZER, "admin1": ADMIN}
RULES = "county@2026.1"
PATIENT = {"id": "P001", "name": "测试甲", "sex": "M", "birth_date": "1960-01-31"}
HL7 = "x-application/hl7-v2+er7"


def order(**more: Any) -> dict[str, Any]:
    return {"patient": PATIENT, "encounter": {"type": "outpatient", "department": "全科"}, **more}


class NamesAreTokens:
    """Stands in for the token verifier: the bearer token is the username."""

    async def verify(self, token: str) -> Actor:
        if token not in EVERYBODY:
            raise Unauthenticated(code="bad_token")
        return EVERYBODY[token]


@dataclass(frozen=True, slots=True)
class Ordered:
    case_id: str
    number: str
    order: dict[str, Any]


@dataclass(slots=True)
class Centre:
    resources: Resources
    http: httpx.AsyncClient
    _grants: dict[str, str] = field(default_factory=dict)
    _sent: int = 0

    async def call(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        more = {} if body is None else {"json": body}
        return await self.http.request(method, path, headers={"Authorization": f"Bearer {who}", **named}, **more)

    async def get(self, path: str, who: str = "lab1", **headers: str) -> httpx.Response:
        return await self.call(who, "GET", path, **headers)

    async def post(self, path: str, who: str = "lab1", body: Any = None, **headers: str) -> httpx.Response:
        return await self.call(who, "POST", path, body, **headers)

    async def done(self, path: str, who: str = "lab1", body: Any = None, **headers: str) -> Any:
        """The JSON of a POST that is accepted."""
        answer = await self.post(path, who, body, **headers)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    async def shown(self, path: str, who: str = "lab1") -> Any:
        answer = await self.get(path, who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, message: bytes, who: str = "lis1", kind: str = HL7) -> httpx.Response:
        headers = {"Authorization": f"Bearer {who}", "Content-Type": kind}
        return await self.http.post("/lab/v1/messages", content=message, headers=headers)

    async def measured(self, number: str, values: Sequence[Value], **more: str) -> httpx.Response:
        """An ORU under a control id of its own."""
        self._sent += 1
        return await self.send(oru(number, values, **{"control_id": f"C{self._sent}", **more}))

    async def upload(
        self, files: Sequence[tuple[str, bytes]], order: dict[str, Any], who: str = "clinic1"
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {who}", "Content-Type": CONTENT_TYPE}
        return await self.http.post("/lab/v1/cases", content=upload(order, files), headers=headers)

    async def ordered(self, *items: str, received: bool = True, **more: Any) -> Ordered:
        """One case of the items, its tube at the laboratory."""
        placed = await self.done("/lab/v1/orders", "clinic1", order(items=list(items), **more))
        (case,) = placed["cases"]
        number = case["specimens"][0]["number"]
        if received:
            await self.done(f"/lab/v1/specimens/{number}/received")
        return Ordered(case["case_id"], number, placed)

    async def case(self, case_id: str, who: str = "lab1") -> Any:
        return await self.shown(f"/lab/v1/cases/{case_id}", who)

    async def state(self, case_id: str) -> str:
        return str((await self.case(case_id))["state"])

    async def results(self, case_id: str, who: str = "lab1") -> dict[str, Any]:
        """Current values by item."""
        found = await self.shown(f"/lab/v1/cases/{case_id}/results", who)
        return {each["item"]: each for each in found["results"]}

    async def rules_on(self) -> None:
        await self.done(f"/lab/v1/rule-sets/{RULES}/switch-on", "reviewer1")

    async def claim(self, case_id: str, who: str, kind: str = "claim") -> dict[str, str]:
        claimed = await self.done(f"/lab/v1/cases/{case_id}/{kind}", who)
        return {"Claim_Token": str(claimed["claim_token"])}

    async def grant(self, who: str) -> dict[str, str]:
        if who not in self._grants:
            unlocked = await self.done("/lab/v1/signing/unlock", who, {"pin": PIN})
            self._grants[who] = str(unlocked["signing_grant"])
        return {"Signing_Grant": self._grants[who]}

    async def submit(self, case_id: str, **form: Any) -> httpx.Response:
        """Looked at, claimed, written and signed by lab1."""
        held = await self.claim(case_id, "lab1")
        await self.results(case_id)
        saved = await self.call("lab1", "PUT", f"/lab/v1/cases/{case_id}/report", form, **held)
        assert saved.status_code == 200, saved.text
        return await self.post(f"/lab/v1/cases/{case_id}/submit", "lab1", **held, **await self.grant("lab1"))

    async def released(self, case_id: str, **form: Any) -> str:
        """The report's id, signed by lab2 as well."""
        submitted = await self.submit(case_id, **form)
        assert submitted.status_code == 200, submitted.text
        held = await self.claim(case_id, "lab2", "review-claim")
        signed = await self.done(f"/lab/v1/cases/{case_id}/sign", "lab2", **held, **await self.grant("lab2"))
        return str(signed["report_id"])

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.resources.db.transaction() as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def count(self, table: str) -> int:
        ((number,),) = await self.rows(f"SELECT count(*) FROM {table}")
        return int(number)


@asynccontextmanager
async def open_centre(db: Database, keys: Keys, folder: Path) -> AsyncIterator[Centre]:
    store, spool = folder / "store", folder / "spool"
    spool.mkdir()
    settings = LabSettings(
        database_url="postgresql+asyncpg://unused",
        blobs=store.as_uri(),
        region_blobs=store.as_uri(),
        spool_dir=spool,
        upload_max_files=20,
    )
    blobs = FileBlobStore(store, "lab")
    resources = Resources(settings, db, MemoryBus("lab"), blobs, blobs, cast(TokenVerifier, NamesAreTokens()))
    await _tell(db, keys)
    app = create_app(settings, resources)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://lab", timeout=60) as http,
    ):
        yield Centre(resources, http)
    assert list(spool.iterdir()) == []


async def _tell(db: Database, keys: Keys) -> None:
    kinds = (("org_c1", OrgKind.clinic), ("org_c2", OrgKind.clinic), ("org_a", OrgKind.hospital))
    records = [
        *keys.records(),
        *(
            Account(
                account_id=person.account_id,
                username=person.username,
                name=person.name,
                org_id=person.org_id,
                roles=[str(role) for role in person.roles],
            )
            for person in LAB_PEOPLE.values()
        ),
        *(keys.credential(person) for person in LAB_PEOPLE.values()),
        *(Organization(org_id=org_id, name=f"示例机构{org_id}", org_kind=kind) for org_id, kind in kinds),
        SitePolicy(reading_site_id="org_a", center="lab"),
    ]
    async with db.transaction() as session:
        for record in records:
            await directory.apply(session, directory.event_of(record, 1))

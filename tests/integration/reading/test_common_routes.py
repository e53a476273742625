"""What every centre mounts besides its own parser, here as a centre that is not imaging: orders and refused files."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import APIRouter

from shared.auth import Actor, Role, TokenVerifier
from shared.blobs import MemoryBlobStore
from shared.bus import MemoryBus
from shared.clock import utc_now
from shared.errors import Unauthenticated
from shared.reading.consumers import storage_loops
from shared.reading.routes.intake import order_route
from shared.reading.routes.quarantine import quarantine_router
from shared.reading.schemas.sent_order import SentOrder
from shared.reading.workflow.orphans import drop_orphans
from shared.reading.workflow.quarantine import keep_refused
from shared.reading.workflow.refusals import Refusal
from shared.resources import Resources
from shared.settings import CenterSettings
from shared.web import build_app
from shared.web.upload import ReceivedFile, Spool
from tests.integration.reading.centre import CLINIC, PEOPLE, Centre

ADMIN = Actor("acc_admin1", "admin1", "测试管理员", "region", frozenset({Role.admin}))
ORDER = {"accession_number": "E1", "exam": {"name": "十二导联心电图"}, "patient": {"id": "P1", "name": "测试甲"}}


class NamesAreTokens:
    async def verify(self, token: str) -> Actor:
        known = {**PEOPLE, "admin1": ADMIN}
        if token not in known:
            raise Unauthenticated(code="bad_token")
        return known[token]


@dataclass(slots=True)
class Ecg:
    resources: Resources
    http: httpx.AsyncClient
    spool: Path

    async def order(self, body: dict[str, Any], who: str = "clinic1", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/ecg/v1/orders", json=body, headers={"Authorization": f"Bearer {who}", **named})

    async def get(self, path: str, who: str = "admin1") -> httpx.Response:
        return await self.http.get(f"/ecg/v1/quarantine{path}", headers={"Authorization": f"Bearer {who}"})

    async def refuse(self, data: bytes) -> None:
        spool = Spool(self.spool)
        spool.append(data)
        file = ReceivedFile(1, "a.xml", 0, len(data), hashlib.sha256(data).hexdigest())
        await keep_refused(self.resources, CLINIC, [file], [Refusal(1, "a.xml", "not_ecg", "不是心电文件")], spool)
        spool.close()


@pytest.fixture
async def ecg(centre: Centre, tmp_path: Path) -> AsyncIterator[Ecg]:
    settings = CenterSettings(
        service="ecg",
        database_url="postgresql+asyncpg://unused",
        blobs="file:///unused",
        region_blobs="file:///unused",
        spool_dir=tmp_path,
    )
    own, region = MemoryBlobStore("ecg"), MemoryBlobStore("region")
    resources = Resources(settings, centre.db, MemoryBus("ecg"), own, region, cast(TokenVerifier, NamesAreTokens()))
    orders = APIRouter(prefix="/ecg/v1")
    order_route(orders, "ecg", SentOrder, contents="recordings")
    app = build_app("ecg", "测试中心", settings, [orders, quarantine_router("ecg")], resources=resources)
    app.state.resources = resources
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ecg") as http:
        yield Ecg(resources, http, tmp_path)


async def test_an_order_before_its_bytes_is_a_case_of_the_centre_it_was_sent_to(ecg: Ecg) -> None:
    first, again = await ecg.order(ORDER), await ecg.order(ORDER)
    assert (first.status_code, again.status_code) == (202, 200), first.text
    told = first.json()
    own = f"/ecg/v1/cases/{told['case_id']}"
    assert told["links"] == {"self": own, "recordings": f"{own}/recordings", "report": f"{own}/report"}
    assert (told["state"], told["due_at"], again.json()["case_id"]) == ("ordered", None, told["case_id"])


async def test_a_key_that_came_with_another_order_is_refused(ecg: Ecg) -> None:
    assert (await ecg.order(ORDER, Idempotency_Key="k1")).status_code == 202
    other = await ecg.order({**ORDER, "accession_number": "E2"}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_only_a_clinic_orders(ecg: Ecg) -> None:
    assert [(await ecg.order(ORDER, who)).status_code for who in ("reader1", "nobody")] == [403, 401]


async def test_refused_files_are_shown_to_administrators_under_the_centres_own_name(ecg: Ecg) -> None:
    await ecg.refuse(b"<html/>")
    (file,) = (await ecg.get("?center=ecg")).json()["files"]
    assert (file["code"], file["clinic_id"], file["has_content"]) == ("not_ecg", CLINIC.org_id, True)
    content = await ecg.get(f"/{file['quarantine_id']}/content")
    assert content.content == b"<html/>"
    assert (await ecg.get("", "clinic1")).status_code == 403
    assert [(await ecg.get(f"?center={other}")).status_code for other in ("imaging", "xecg", "")] == [422] * 3


async def test_the_sweep_spares_what_the_quarantine_or_the_centre_names(ecg: Ecg) -> None:
    await ecg.refuse(b"<html/>")
    named, forgotten = await ecg.resources.blobs.put(b"a recording"), await ecg.resources.blobs.put(b"an orphan")

    async def in_use(_session: object, keys: list[str]) -> set[str]:
        return {named.key} & set(keys)

    assert await drop_orphans(ecg.resources, 0, in_use) == 1
    left = {stored.key async for stored in ecg.resources.blobs.list_keys(utc_now())}
    assert named.key in left
    assert forgotten.key not in left
    assert len(left) == 2
    assert [loop.name for loop in storage_loops(ecg.resources, in_use)] == [
        "quarantine-sweep",
        "quarantine-quota",
        "orphan-sweep",
        "region-sweep",
    ]

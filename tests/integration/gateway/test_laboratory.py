"""A laboratory's case from the order to the region's report, its people over HTTP, the gateway by its own events."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest

from shared import directory
from shared.auth import Actor, TokenVerifier
from shared.bus import MemoryBus
from shared.db import Database
from shared.errors import Unauthenticated
from shared.migrate import migrate
from shared.outbox import relay_once
from shared.reading.routes import ReadingMetrics, reading_router
from shared.resources import Resources
from shared.settings import Settings
from shared.web import build_app
from tests.integration.gateway.region import HOSPITAL, TECHNOLOGIST, Region
from tests.integration.reading.centre import PEOPLE, PIN, Centre, Keys
from tests.integration.reading.laboratory import LAB_PEOPLE, TEXT, Laboratory
from tests.support.servers import MakeDatabase, RunningPostgres


class NamesAreTokens:
    """Stands in for the token verifier: the bearer token is the username."""

    async def verify(self, token: str) -> Actor:
        known = PEOPLE | LAB_PEOPLE
        if token not in known:
            raise Unauthenticated(code="bad_token")
        return known[token]


@dataclass(slots=True)
class Door:
    laboratory: Laboratory
    http: httpx.AsyncClient

    async def call(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more = {} if body is None else {"json": body}
        return await self.http.request(
            method, f"/lab/v1{path}", headers={"Authorization": f"Bearer {who}", **named}, **more
        )

    async def unlock(self, who: str) -> str:
        return str((await self.call(who, "POST", "/signing/unlock", {"pin": PIN})).json()["signing_grant"])


@pytest.fixture
async def door(region: Region, postgres_server: RunningPostgres, make_database: MakeDatabase) -> AsyncIterator[Door]:
    """The reading tables alone: a centre's own are not asked for here."""
    await postgres_server.build_template("imaging", lambda url: migrate(url, "imaging"))
    db = Database(await make_database("reading", template="imaging"))
    laboratory = await Laboratory.open(await Centre.open(db, Keys.make()))
    desk = laboratory.centre.desk
    region.resources.region_blobs = desk.blobs
    async with region.db.transaction() as session:
        for record in laboratory.centre.keys.records():
            await directory.apply(session, directory.event_of(record, 2))
    settings = Settings.model_validate(
        {"database_url": "unused", "blobs": "file:///unused", "region_blobs": "file:///unused", "spool_dir": "unused"}
    )
    verifier = cast(TokenVerifier, NamesAreTokens())
    resources = Resources(settings, db, MemoryBus("lab"), desk.blobs, desk.blobs, verifier)
    metrics = ReadingMetrics("lab")
    routers = [reading_router("lab", laboratory.form, metrics)]
    app = build_app("lab", "lab", settings, routers, resources=resources, metric_refreshers=metrics.register)
    app.state.resources = resources
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://lab") as http:
        yield Door(laboratory, http)
    await db.close()


async def relay(door: Door, region: Region) -> None:
    while await relay_once(door.laboratory.centre.db, region.resources.bus):
        pass
    await region.settled()


async def test_from_the_order_to_the_regions_report(region: Region, door: Door) -> None:
    laboratory = door.laboratory
    case_id = await laboratory.ordered()
    await relay(door, region)
    (item,) = (await region.get(TECHNOLOGIST, "/v1/worklist", state="ordered")).json()["items"]
    assert item["case_id"] == case_id

    await laboratory.receive(case_id)
    await laboratory.put(case_id, "HGB=70", is_held=True)
    metrics = (await door.http.get("/metrics")).text
    assert 'gongzhen_cases{center="lab",state="held"} 1.0' in metrics
    assert 'state="queued"' not in metrics

    claimed = await door.call("lab1", "POST", "/claims/next", {"stage": "report"})
    assert (claimed.status_code, claimed.json()["case_id"], claimed.json()["state"]) == (200, case_id, "claimed")
    token = claimed.json()["claim_token"]
    saved = await door.call("lab1", "PUT", f"/cases/{case_id}/report", TEXT, Claim_Token=token)
    assert saved.status_code == 200, saved.text
    await laboratory.put(case_id, "HGB=71", is_held=True)
    grant = await door.unlock("lab1")
    unseen = await door.call("lab1", "POST", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=grant)
    assert (unseen.status_code, unseen.json()["code"]) == (409, "content_unseen")
    assert (await door.call("lab1", "GET", f"/cases/{case_id}")).json()["content_count"] == 2
    sent = await door.call("lab1", "POST", f"/cases/{case_id}/submit", Claim_Token=token, Signing_Grant=grant)
    assert (sent.status_code, sent.json()["state"]) == (200, "verified"), sent.text

    same = await door.call("lab1", "POST", f"/cases/{case_id}/sign", Signing_Grant=sent.headers["signing-grant"])
    assert (same.status_code, same.json()["code"]) == (409, "same_person")
    assert (await door.call("lab2", "GET", f"/cases/{case_id}/report")).json()["conclusion"] == TEXT["conclusion"]
    reviewed = await door.call("lab2", "POST", "/claims/next", {"stage": "review"})
    review_token, grant = reviewed.json()["claim_token"], await door.unlock("lab2")
    signed = await door.call("lab2", "POST", f"/cases/{case_id}/sign", Claim_Token=review_token, Signing_Grant=grant)
    assert (signed.status_code, signed.json()["state"]) == (200, "released"), signed.text

    await relay(door, region)
    (line,) = (await region.get(HOSPITAL, "/v1/reports", center="lab")).json()["reports"]
    assert (line["report_id"], line["kind"]) == (signed.json()["report_id"], "signed")
    report = (await region.get(HOSPITAL, line["links"]["self"])).json()
    assert (report["author"]["name"], report["reviewer"]["name"]) == ("测试检验师甲", "测试检验师乙")
    pdf = (await region.get(HOSPITAL, line["links"]["pdf"])).content
    async with region.client() as client:
        verdict = (await client.post("/v1/reports/verify", content=pdf)).json()
    assert (verdict["valid"], verdict["registered"], verdict["problems"]) == (True, True, [])
    assert (await region.get(TECHNOLOGIST, "/v1/worklist")).json()["items"] == []


async def test_a_specimen_is_refused_over_http_without_a_claim(region: Region, door: Door) -> None:
    case_id = await door.laboratory.ordered()
    body = {"reason": "clotted", "comment": "请重采"}
    far = await door.call("lab3", "POST", f"/cases/{case_id}/reject", body)
    assert far.status_code == 404
    refused = await door.call("lab1", "POST", f"/cases/{case_id}/reject", body)
    assert (refused.status_code, refused.json()["state"]) == (200, "rejected"), refused.text
    shown = (await door.call("clinic1", "GET", f"/cases/{case_id}")).json()
    assert (shown["state"], shown["reason"], shown["comment"]) == ("rejected", "clotted", "请重采")

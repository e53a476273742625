"""A gateway as it runs: real database, projections consuming, HTTP on a free port; centres are played by the test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from deploy.local.ports import choose_free_port
from services.gateway.api.pulse import Pulse
from services.gateway.app import create_app
from services.gateway.projections.consumers import CENTERS, follow_cases, follow_reports
from services.gateway.settings import GatewaySettings
from shared import directory
from shared.auth import Actor, Role, TokenVerifier
from shared.blobs import BlobRef, MemoryBlobStore
from shared.bus import Bus
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Unauthenticated
from shared.events.case import CaseEvent, CaseSnapshot
from shared.events.directory import DirectoryRecord, Organization, OrgKind, TrustAnchor
from shared.events.envelope import Envelope, wrap
from shared.events.report import ReportEvent, ReportFacts, StoredFile
from shared.ids import new_id
from shared.resources import Resources
from shared.signing.authority import Authority, create_development_authority
from shared.signing.document import ReportDocument, SignerRole
from shared.signing.jws import add_signature, dump_jws, sign_author
from shared.signing.signatory import Signatory
from tests.unit.signing.people import physician, statement

CLINIC = Actor("acc_clinic", "clinic1", "测试卫生院", "org_clinic1", frozenset({Role.clinic}))
OTHER_CLINIC = Actor("acc_other", "clinic2", "测试卫生院二", "org_clinic2", frozenset({Role.clinic}))
_READER, _REVIEWER, _FILMS = frozenset({Role.reader}), frozenset({Role.reviewer}), frozenset({"imaging"})
READER = Actor("acc_reader", "reader1", "测试医师甲", "org_a", _READER, frozenset({"imaging", "ecg"}))
SECOND_READER = Actor("acc_reader2", "reader2", "测试医师丙", "org_a", _READER, _FILMS)
REVIEWER = Actor("acc_reviewer", "reviewer1", "测试医师乙", "org_a", _REVIEWER, _FILMS)
FOREIGN_READER = Actor("acc_reader3", "reader3", "测试医师丁", "org_b", _READER, _FILMS)
TECHNOLOGIST = Actor("acc_lab", "lab1", "测试检验师", "org_a", frozenset({Role.technologist}), frozenset({"lab"}))
_REGION = frozenset({"reports:region"})
HOSPITAL = Actor("acc_hospital", "hospital1", "测试系统", "org_a", frozenset({Role.integration}), scopes=_REGION)
AUDITOR = Actor("acc_auditor", "auditor1", "测试审计", "org_a", frozenset({Role.auditor}))
ACTORS = (CLINIC, OTHER_CLINIC, READER, SECOND_READER, REVIEWER, FOREIGN_READER, TECHNOLOGIST, HOSPITAL, AUDITOR)
ORGANIZATIONS = [
    Organization(org_id="org_clinic1", name="示例甲镇卫生院", org_kind=OrgKind.clinic),
    Organization(org_id="org_clinic2", name="示例乙镇卫生院", org_kind=OrgKind.clinic),
    Organization(org_id="org_a", name="示例县人民医院", org_kind=OrgKind.hospital),
    Organization(org_id="org_b", name="示例县中医院", org_kind=OrgKind.hospital),
]


class KnownTokens(TokenVerifier):
    """The token of an actor is his username."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9/")
        self._actors = {actor.username: actor for actor in ACTORS}

    async def verify(self, token: str) -> Actor:
        if token not in self._actors:
            raise Unauthenticated(code="bad_token")
        return self._actors[token]


def bearer(actor: Actor) -> dict[str, str]:
    return {"Authorization": f"Bearer {actor.username}"}


@dataclass
class Signers:
    authority: Authority = field(default_factory=lambda: create_development_authority("示例县"))

    def __post_init__(self) -> None:
        self.author: Signatory = physician(self.authority, READER.account_id, READER.name)
        self.reviewer: Signatory = physician(self.authority, REVIEWER.account_id, REVIEWER.name)


@dataclass
class Region:
    resources: Resources
    signers: Signers
    base_url: str
    pulse: Pulse

    @property
    def db(self) -> Database:
        return self.resources.db

    def client(self, actor: Actor | None = None) -> httpx.AsyncClient:
        headers = bearer(actor) if actor else {}
        return httpx.AsyncClient(base_url=self.base_url, headers=headers, trust_env=False, timeout=40)

    async def get(self, actor: Actor | None, path: str, **query: Any) -> httpx.Response:
        async with self.client(actor) as client:
            return await client.get(path, params=query)

    async def publish(self, event: Envelope, suffix: str = "") -> None:
        await self.resources.bus.publish(event.type + suffix, event.to_bytes(), message_id=event.id)

    async def tell(self, kind: str, snapshot: CaseSnapshot) -> Envelope:
        """A case.* event of the snapshot's centre."""
        event = case_event(kind, snapshot)
        await self.publish(event)
        return event

    async def release(self, document: ReportDocument, *, kind: str | None = None, **changes: Any) -> Envelope:
        """Sign, store in the region's store, publish report.signed (or amended)."""
        event = await self.released_event(document, kind=kind, **changes)
        await self.publish(event)
        return event

    async def released_event(
        self, document: ReportDocument, *, kind: str | None = None, pdf: bytes | None = None, **changes: Any
    ) -> Envelope:
        jws = self.sign(document)
        facts = ReportFacts(
            report_id=document.report_id,
            version=document.version,
            payload_sha256=document.sha256(),
            jws=stored(await self.resources.region_blobs.put(jws)),
            pdf=stored(await self.resources.region_blobs.put(pdf)) if pdf is not None else None,
            signed_at=utc_now(),
            turnaround_s=540,
        ).model_copy(update=changes)
        return report_event(kind or ("signed" if document.version == 1 else "amended"), document, facts)

    def sign(self, document: ReportDocument) -> bytes:
        now = utc_now().replace(microsecond=0)
        jws = sign_author(document.canonical(), self.signers.author, now)
        return dump_jws(add_signature(jws, self.signers.reviewer, SignerRole.REVIEWER, now))

    async def settled(self) -> None:
        """Until every consumer has taken everything that was published."""
        async with asyncio.timeout(20):
            while True:
                lags = [
                    await self.resources.bus.pending(center.upper(), f"gateway_{what}_{center}")
                    for center in CENTERS
                    for what in ("cases", "reports")
                ]
                if all(lag.waiting == lag.unsettled == 0 for lag in lags):
                    return
                await asyncio.sleep(0.02)


def stored(ref: BlobRef) -> StoredFile:
    return StoredFile.model_validate(ref.to_dict())


def snapshot(case_id: str | None = None, **changes: Any) -> CaseSnapshot:
    """A queued film of clinic 1 at hospital A."""
    now = utc_now()
    values: dict[str, Any] = {
        "case_id": case_id or new_id("case"),
        "case_version": 2,
        "center": "imaging",
        "accession_number": "A20261121000123",
        "state": "queued",
        "priority": "routine",
        "clinic_id": "org_clinic1",
        "reading_site_id": "org_a",
        "received_at": now,
        "due_at": now + timedelta(hours=2),
        "card": {
            "patient": {"id": "P1", "name": "测试甲", "sex": "M"},
            "exam": {"code": "DX-CHEST-PA", "name": "胸部正位", "modality": "DX"},
        },
    }
    return CaseSnapshot.model_validate(values | changes)


def with_patient(case: CaseSnapshot, **patient: Any) -> CaseSnapshot:
    card = case.card.model_copy(update={"patient": case.card.patient.model_copy(update=patient)})
    return case.model_copy(update={"card": card})


def held_by(actor: Actor, stage: str = "report", minutes: int = 2) -> dict[str, Any]:
    until = utc_now() + timedelta(minutes=minutes)
    return {"holder": {"account_id": actor.account_id, "name": actor.name, "stage": stage, "until": until}}


def case_event(kind: str, case: CaseSnapshot) -> Envelope:
    return wrap(
        case.center,
        f"case.{kind}",
        CaseEvent(case=case),
        record_id=case.case_id,
        case_id=case.case_id,
        case_version=case.case_version,
    )


def report_event(kind: str, document: ReportDocument, facts: ReportFacts) -> Envelope:
    case = snapshot(
        document.case_id,
        center=document.center,
        state="voided" if kind == "voided" else "signed",
        case_version=10 + document.version + (1 if kind == "voided" else 0),
        accession_number=document.accession_number,
        clinic_id=document.clinic.id,
        reading_site_id=document.reading_site.id,
        report_id=document.report_id,
        report_version=document.version,
    )
    case = with_patient(case, id=document.patient.id, name=document.patient.name)
    return wrap(
        document.center,
        f"report.{kind}",
        ReportEvent(case=case, report=facts),
        record_id=document.report_id,
        case_id=case.case_id,
        case_version=case.case_version,
    )


def void_event(document: ReportDocument, reason: str = "误传图像") -> Envelope:
    facts = ReportFacts(report_id=document.report_id, version=document.version, reason=reason)
    return report_event("voided", document, facts)


def report(**changes: Any) -> ReportDocument:
    """A new signed film of clinic 1 at hospital A."""
    report_id = changes.pop("report_id", None) or new_id("rep")
    version = changes.get("version", 1)
    values = {
        "report_id": report_id,
        "case_id": new_id("case"),
        "clinic": {"id": "org_clinic1", "name": "示例甲镇卫生院"},
        "reading_site": {"id": "org_a", "name": "示例县人民医院"},
        "patient": {"id": "P1", "issuer": "org_clinic1", "name": "测试甲", "sex": "M", "birth_date": "1960-01-31"},
        "author": {"id": READER.account_id, "name": READER.name},
        "written_at": datetime.now(UTC),
        "received_at": datetime.now(UTC) - timedelta(minutes=9),
        "verification_url": f"https://region.example/verify/{report_id}?v={version}",
    }
    return statement(**(values | changes))


def amended(document: ReportDocument, text: str = "右肺结节。") -> ReportDocument:
    return report(
        report_id=document.report_id,
        case_id=document.case_id,
        version=document.version + 1,
        status="amended",
        content={**document.content, "impression": text},
        amends={"version": document.version, "sha256": document.sha256(), "reason": "补充所见"},
    )


@asynccontextmanager
async def open_region(url: str, folder: Path, bus: Bus, signers: Signers, **settings: Any) -> AsyncIterator[Region]:
    own = GatewaySettings(
        database_url=url, blobs=folder.as_uri(), region_blobs=folder.as_uri(), spool_dir=folder, **settings
    )
    resources = Resources(
        settings=own,
        db=Database(url, pool_size=5, max_overflow=5),
        bus=bus,
        blobs=MemoryBlobStore("gateway"),
        region_blobs=MemoryBlobStore("region"),
        verifier=KnownTokens(),
    )
    await bus.ensure_streams()
    anchor = TrustAnchor(anchor_id="anchor_test", pem=signers.authority.roots_pem, trust="development")
    records: list[DirectoryRecord] = [*ORGANIZATIONS, anchor]
    async with resources.db.transaction() as session:
        for record in records:
            await directory.apply(session, directory.event_of(record, 1))
    try:
        async with _consuming(resources), _serving(own, resources) as (base_url, app):
            yield Region(resources, signers, base_url, app.state.pulse)
    finally:
        await resources.db.close()


@asynccontextmanager
async def _consuming(resources: Resources) -> AsyncIterator[None]:
    stop = asyncio.Event()
    attached = [asyncio.Event() for _ in range(2 * len(CENTERS))]
    follow = [partial(each, resources, center) for center in CENTERS for each in (follow_cases, follow_reports)]
    tasks = [asyncio.create_task(run(stop, ready=ready)) for run, ready in zip(follow, attached, strict=True)]
    for ready in attached:
        await asyncio.wait_for(ready.wait(), 10)
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def _serving(settings: GatewaySettings, resources: Resources) -> AsyncIterator[tuple[str, FastAPI]]:
    port = choose_free_port()
    app = create_app(settings, resources)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:
            assert not task.done(), "the gateway does not start"
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}", app
    finally:
        server.should_exit = True
        await task


def sse_events(text: str) -> list[dict[str, Any]]:
    """The events of a part of a stream: id, event, data."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "event" in fields:
            found.append({"id": fields["id"], "event": fields["event"], "data": json.loads(fields["data"])})
    return found

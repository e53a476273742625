"""A centre with people who may sign, on a real database: what every test of the reading workflow stands on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select, text

from services.imaging.report_form.form import ImagingForm
from services.imaging.report_form.form import problems as imaging_problems
from services.imaging.report_form.sheet import render_sheet
from shared import directory
from shared.auth import SYSTEM, Actor, Role
from shared.blobs import MemoryBlobStore
from shared.clock import utc_now
from shared.db import Database, Session
from shared.errors import FieldProblem
from shared.events.directory import (
    Account,
    DirectoryRecord,
    Organization,
    OrgKind,
    SigningCredential,
    SitePolicy,
    TrustAnchor,
)
from shared.events.envelope import Envelope
from shared.ids import new_id
from shared.outbox import OutboxRow
from shared.paper.render import Sheet
from shared.reading.form import CaseFacts, Evidence
from shared.reading.models import Case, CaseHistory, Claim
from shared.reading.schemas.order import Order
from shared.reading.workflow import claims, drafts, signing
from shared.reading.workflow.arrival import Accepted, Arrival, Content
from shared.reading.workflow.assign import queue
from shared.reading.workflow.claims import Claimed
from shared.reading.workflow.desk import Desk
from shared.reading.workflow.intake import accept
from shared.reading.workflow.versions import Signed
from shared.signing.authority import Authority, create_development_authority, issue_physician_certificate
from shared.signing.document import ReportDocument
from shared.signing.grants import SigningGrants
from shared.signing.keys import SigningKey, WrappedKey, new_wrapped_key, unwrap
from shared.signing.trust import TrustRoots, serial_of

PIN = "135790"
FORM: dict[str, Any] = {
    "technique": "正位",
    "findings": "双肺纹理清晰。",
    "impression": "心肺膈未见异常。",
    "positive": False,
}
_READS = frozenset({Role.reader})
_REVIEWS = frozenset({Role.reader, Role.reviewer})
PEOPLE = {
    name: Actor(f"acc_{name}", name, shown, org, roles)
    for name, shown, org, roles in (
        ("clinic1", "测试卫生员甲", "org_c1", frozenset({Role.clinic})),
        ("clinic2", "测试卫生员乙", "org_c2", frozenset({Role.clinic})),
        ("reader1", "测试医师甲", "org_a", _READS),
        ("reader2", "测试医师乙", "org_a", _READS),
        ("reviewer1", "测试医师丙", "org_a", _REVIEWS),
        ("reviewer2", "测试医师丁", "org_a", _REVIEWS),
        ("reader3", "测试医师戊", "org_b", _READS),
        ("dispatcher1", "测试调度甲", "org_a", frozenset({Role.dispatcher})),
    )
}
CLINIC, STRANGER = PEOPLE["clinic1"], PEOPLE["clinic2"]
READER, OTHER_READER = PEOPLE["reader1"], PEOPLE["reader2"]
REVIEWER, OTHER_REVIEWER = PEOPLE["reviewer1"], PEOPLE["reviewer2"]
FAR_READER, DISPATCHER = PEOPLE["reader3"], PEOPLE["dispatcher1"]


class PlainForm:
    """The imaging form behind the port that every centre's form fills."""

    center = "imaging"
    model: type[BaseModel] = ImagingForm

    async def gather(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence:
        return Evidence()

    def problems(self, form: BaseModel, facts: CaseFacts, evidence: Evidence) -> list[FieldProblem]:
        return imaging_problems(
            ImagingForm.model_validate(form.model_dump()), laterality=facts.laterality, sex=facts.sex
        )

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        return form.model_dump(mode="json")

    def positive_of(self, form: BaseModel) -> bool | None:
        return ImagingForm.model_validate(form.model_dump()).positive

    def summary(self, form: BaseModel) -> str:
        return ImagingForm.model_validate(form.model_dump()).impression

    def render_sheet(self, document: ReportDocument, files: Mapping[str, bytes]) -> Sheet:
        return render_sheet(document)


@dataclass(frozen=True, slots=True)
class Keys:
    """A region's authority, and one wrapped key that all its physicians share: argon2id costs 0.2 s each."""

    authority: Authority
    wrapped: WrappedKey
    key: SigningKey

    @classmethod
    def make(cls) -> "Keys":
        wrapped = new_wrapped_key(PIN)
        return cls(create_development_authority("测试县"), wrapped, unwrap(wrapped.wrapped, PIN))

    @property
    def roots(self) -> TrustRoots:
        return TrustRoots(self.authority.chain)

    def records(self) -> list[DirectoryRecord]:
        found: list[DirectoryRecord] = [
            TrustAnchor(anchor_id="root", pem=self.authority.roots_pem, trust="development")
        ]
        for person in PEOPLE.values():
            roles = [str(role) for role in person.roles]
            found.append(
                Account(
                    account_id=person.account_id,
                    username=person.username,
                    name=person.name,
                    org_id=person.org_id,
                    roles=roles,
                )
            )
            if person.has(Role.reader):
                found.append(self.credential(person))
        return found

    def credential(self, person: Actor, **changes: Any) -> SigningCredential:
        pem = issue_physician_certificate(
            self.authority,
            self.wrapped.public_key_pem,
            account_id=person.account_id,
            name=person.name,
            org_name="示例县人民医院",
        )
        return SigningCredential(
            account_id=person.account_id,
            certificate_chain_pem=pem + self.authority.chain_pem,
            wrapped_key=self.wrapped.wrapped,
            serial=serial_of(self.authority.issuer),
            **changes,
        )


@dataclass(slots=True)
class Centre:
    db: Database
    keys: Keys
    desk: Desk
    revisions: int = 1
    _grants: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(cls, db: Database, keys: Keys) -> "Centre":
        region, own = MemoryBlobStore("region"), MemoryBlobStore("imaging")
        desk = Desk(db, region, own, SigningGrants(), PlainForm(), "https://region.example")
        centre = cls(db, keys, desk)
        organizations = [
            Organization(org_id=org_id, name=f"示例机构{org_id}", org_kind=kind)
            for org_id, kind in (
                ("org_c1", OrgKind.clinic),
                ("org_c2", OrgKind.clinic),
                ("org_a", OrgKind.hospital),
                ("org_b", OrgKind.hospital),
            )
        ]
        policies = [
            SitePolicy(reading_site_id="org_a", center="imaging", rank=1),
            SitePolicy(reading_site_id="org_b", center="imaging", rank=2),
        ]
        await centre.tell(*keys.records(), *organizations, *policies)
        return centre

    async def tell(self, *records: DirectoryRecord) -> None:
        """The directory's next revision."""
        self.revisions += 1
        async with self.db.transaction() as session:
            for record in records:
                await directory.apply(session, directory.event_of(record, self.revisions))

    def grant(self, actor: Actor) -> str:
        return self.desk.grants.unlock(actor.account_id, self.keys.key, "serial").token

    async def accept(self, actor: Actor = CLINIC, **what: Any) -> Accepted:
        async with self.db.transaction() as session:
            return await accept(session, actor, arrival(**what))

    async def queued(self, **what: Any) -> str:
        """A new case in the queue of hospital A."""
        accepted = await self.accept(**{"accession": new_id("acc"), "contents": (new_id("x"),), **what})
        async with self.db.transaction() as session:
            assert await queue(session, accepted.case.case_id)
        return accepted.case.case_id

    async def claimed(self, actor: Actor = READER, case_id: str | None = None) -> Claimed:
        case_id = case_id or await self.queued()
        async with self.db.transaction() as session:
            return await claims.claim(session, actor, case_id)

    async def written(self, actor: Actor = READER, form: dict[str, Any] | None = None) -> Claimed:
        held = await self.claimed(actor)
        await self.save(actor, held, form or FORM)
        return held

    async def save(self, actor: Actor, held: Claimed, form: dict[str, Any], **more: Any) -> drafts.Saved:
        return await drafts.save(self.db, actor, held.case.case_id, form, token=held.claim.token, **more)

    async def submitted(self, actor: Actor = READER) -> Signed:
        return await self.submit(actor, await self.written(actor))

    async def submit(self, actor: Actor, held: Claimed) -> Signed:
        return await signing.submit(
            self.desk, actor, held.case.case_id, token=held.claim.token, grant=self.grant(actor)
        )

    async def sign(self, actor: Actor, case_id: str, token: str | None = None) -> Signed:
        return await signing.sign(self.desk, actor, case_id, token=token, grant=self.grant(actor))

    async def signed(self) -> Signed:
        submitted = await self.submitted()
        return await self.sign(REVIEWER, submitted.case.case_id)

    async def review(self, actor: Actor, case_id: str) -> Claimed:
        async with self.db.transaction() as session:
            return await claims.claim_review(session, actor, case_id)

    async def case(self, case_id: str) -> Case:
        async with self.db.transaction() as session:
            return (await session.execute(select(Case).where(Case.case_id == case_id))).scalar_one()

    async def claims(self, case_id: str) -> list[Claim]:
        async with self.db.transaction() as session:
            found = await session.scalars(select(Claim).where(Claim.case_id == case_id).order_by(Claim.claimed_at))
            return list(found)

    async def history(self, case_id: str) -> list[CaseHistory]:
        async with self.db.transaction() as session:
            found = await session.scalars(
                select(CaseHistory).where(CaseHistory.case_id == case_id).order_by(CaseHistory.id)
            )
            return list(found)

    async def events(self, case_id: str) -> list[tuple[str, Envelope]]:
        """(subject, envelope) of the case, as written."""
        async with self.db.transaction() as session:
            rows = await session.execute(select(OutboxRow.subject, OutboxRow.payload).order_by(OutboxRow.id))
            found = [(row.subject, Envelope.from_bytes(row.payload.encode())) for row in rows]
        return [(subject, envelope) for subject, envelope in found if envelope.case_id == case_id]

    async def age(self, table: str, column: str, by: timedelta, case_id: str) -> None:
        """Let time pass: move a moment of the case's rows into the past."""
        statement = text(
            f"UPDATE reading.{table} SET {column} = {column} - make_interval(secs => :by) WHERE case_id = :case_id"
        )
        async with self.db.transaction() as session:
            await session.execute(statement, {"by": by.total_seconds(), "case_id": case_id})


def arrival(
    *,
    contents: tuple[str, ...] = ("a",),
    accession: str | None = "A1",
    patient: str | None = "P001",
    priority: str = "routine",
    order: dict[str, Any] | None = None,
    no_order: bool = False,
    ago: timedelta = timedelta(0),
    **more: Any,
) -> Arrival:
    """An upload; ``contents`` name its bytes."""
    given = {
        "accession_number": accession,
        "priority": priority,
        "exam": {"code": "DX-CHEST-PA", "name": "胸部正位"},
        "patient": {"id": patient, "name": "测试甲", "sex": "M", "birth_date": "1960-01-31"},
        "clinical_info": "咳嗽三天",
        **(order or {}),
    }
    return Arrival(
        center="imaging",
        order=None if no_order else Order.model_validate(given),
        contents=[Content(digest_of(name), f"ins_{name}", "instance") for name in contents],
        first_byte_at=utc_now() - ago,
        **{"modality": "DX", "study_uids": ["1.2.3"] if no_order else (), **more},
    )


def digest_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


__all__ = ["SYSTEM", "Centre", "Keys"]

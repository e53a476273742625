"""A laboratory of hospital A on the centre's database: its technologists, its policy, a small form over its results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shared.auth import Actor, Role
from shared.db import Session
from shared.errors import FieldProblem
from shared.events.case import CaseWarning
from shared.events.directory import Account, SitePolicy
from shared.ids import new_id
from shared.reading.form import CaseFacts, Evidence
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.schemas.order import Order
from shared.reading.workflow.arrival import Content
from shared.reading.workflow.intake import place_order
from shared.reading.workflow.results import put_results, receive_specimen
from tests.integration.reading.centre import CLINIC, Centre, PlainForm, digest_of

_LAB = frozenset({"lab"})
_WORKS = frozenset({Role.technologist})
LAB1, LAB2, LAB3 = (
    Actor(f"acc_{name}", name, shown, org, _WORKS, _LAB)
    for name, shown, org in (
        ("lab1", "测试检验师甲", "org_a"),
        ("lab2", "测试检验师乙", "org_a"),
        ("lab3", "测试检验师丙", "org_b"),
    )
)
LAB_PEOPLE = {person.username: person for person in (LAB1, LAB2, LAB3)}
TEXT = {"conclusion": "结果已复核。"}


class LabText(BaseModel):
    conclusion: str = ""


@dataclass
class SmallLabForm(PlainForm):
    """States what the case holds; printed on the imaging sheet, which has a place for it."""

    center = "lab"
    model = LabText
    is_diagnostic: bool = False

    async def gather(self, session: Session, facts: CaseFacts, form: BaseModel) -> Evidence:
        return Evidence([each.record_id for each in await cases.contents(session, facts.case_id)])

    def problems(self, form: BaseModel, facts: CaseFacts, evidence: Evidence) -> list[FieldProblem]:
        return [] if evidence.data else [FieldProblem("/results", "no_results", "没有结果")]

    def content_of(self, form: BaseModel, evidence: Evidence) -> dict[str, Any]:
        conclusion = LabText.model_validate(form.model_dump()).conclusion
        return {"findings": "；".join(evidence.data), "impression": conclusion, "positive": None}

    def positive_of(self, form: BaseModel) -> bool | None:
        return None

    def summary(self, form: BaseModel) -> str:
        return LabText.model_validate(form.model_dump()).conclusion

    def needs_physician(self, form: BaseModel, evidence: Evidence) -> bool:
        return self.is_diagnostic


@dataclass(slots=True)
class Laboratory:
    centre: Centre
    form: SmallLabForm

    @classmethod
    async def open(cls, centre: Centre) -> "Laboratory":
        form = SmallLabForm()
        centre.desk.form = form
        accounts = [
            Account(
                account_id=person.account_id,
                username=person.username,
                name=person.name,
                org_id=person.org_id,
                roles=[str(role) for role in person.roles],
            )
            for person in LAB_PEOPLE.values()
        ]
        credentials = [centre.keys.credential(person) for person in LAB_PEOPLE.values()]
        policy = SitePolicy(reading_site_id="org_a", center="lab", rank=1, target_s={"stat": 1200})
        await centre.tell(*accounts, *credentials, policy)
        return cls(centre, form)

    async def ordered(self, actor: Actor = CLINIC, **order: Any) -> str:
        given = {
            "accession_number": new_id("acc"),
            "exam": {"code": "CBC", "name": "血常规", "modality": "LAB"},
            "patient": {"id": "P001", "name": "测试甲", "sex": "M", "birth_date": "1960-01-31"},
            **order,
        }
        async with self.centre.db.transaction() as session:
            placed = await place_order(session, actor, "lab", Order.model_validate(given))
        return placed.case.case_id

    async def receive(self, case_id: str, actor: Actor = LAB1) -> Case:
        async with self.centre.db.transaction() as session:
            return await receive_specimen(session, actor, case_id)

    async def put(
        self,
        case_id: str,
        *names: str,
        is_held: bool = False,
        is_complete: bool = True,
        warnings: Sequence[CaseWarning] = (),
    ) -> Case:
        contents = [Content(digest_of(f"{case_id}/{name}"), name, "result") for name in names]
        async with self.centre.db.transaction() as session:
            return await put_results(
                session, case_id, contents, is_held=is_held, is_complete=is_complete, warnings=warnings
            )

    async def resulted(self, *, is_held: bool = False) -> str:
        case_id = await self.ordered()
        await self.receive(case_id)
        await self.put(case_id, "WBC=4.5", is_held=is_held)
        return case_id

    async def verified(self) -> str:
        case_id = await self.resulted()
        held = await self.centre.claimed(LAB1, case_id)
        await self.centre.save(LAB1, held, TEXT)
        await self.centre.submit(LAB1, held)
        return case_id

    async def released(self) -> str:
        case_id = await self.verified()
        await self.centre.sign(LAB2, case_id)
        return case_id

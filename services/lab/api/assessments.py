"""External assessment (室间质评, WS/T 644): results of rounds, and which items may be recognised (互认)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from services.lab.api.qc_shapes import Amount, Spread, Word
from services.lab.api.site import WORKS, laboratory_of
from services.lab.catalogue.catalogue import load_catalogue
from services.lab.models import EqaResult
from services.lab.queries import quality_control, recognition
from services.lab.rules.eqa import EqaVerdict, eqa_score, recognisable
from shared.db import database_now
from shared.errors import FieldProblem, Invalid
from shared.events.part import Part
from shared.ids import new_id
from shared.reading.routes.call import CurrentCall


class AssessmentBody(Part):
    """Either the organizer's ``verdict``, or ``value`` and ``target`` with one of ``sd`` and ``allowable`` (the allowed
    error), all in the item's unit: then it is worked out."""

    scheme: Word = Field(description="who organizes it")
    round: Word
    item: Word
    verdict: EqaVerdict | None = None
    value: Amount | None = None
    target: Amount | None = None
    sd: Spread | None = None
    allowable: Spread | None = None
    valid_from: AwareDatetime
    valid_to: AwareDatetime = Field(description="until when a pass counts; not itself")

    @model_validator(mode="after")
    def _decided(self) -> "AssessmentBody":
        if self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from")
        measured = self.value is not None and self.target is not None
        judged = (self.sd is None) != (self.allowable is None)
        if self.verdict is None and not (measured and judged):
            raise ValueError("a verdict, or value and target with one of sd and allowable")
        if self.verdict is not None and (self.sd is not None or self.allowable is not None):
            raise ValueError("sd and allowable go without a verdict")
        return self

    def judged(self) -> EqaVerdict:
        if self.verdict is not None or self.value is None or self.target is None:
            return self.verdict or EqaVerdict.failed
        return eqa_score(self.value, self.target, sd=self.sd, allowable=self.allowable).verdict


class ShownAssessment(BaseModel):
    eqa_id: str
    scheme: str
    round: str
    item: str
    value: Decimal | None
    target: Decimal | None
    verdict: EqaVerdict
    valid_from: datetime
    valid_to: datetime
    entered_by: str
    entered_at: datetime


class ShownAssessments(BaseModel):
    assessments: list[ShownAssessment]
    next_cursor: str | None


class ItemValidity(BaseModel):
    item: str
    is_assessed: bool = Field(description="the newest round of every scheme is passed and counts now")
    is_in_control: bool = Field(description="a fresh control on some analyzer was taken, and none lies rejected")
    is_recognised: bool = Field(description="both: the report may mark it 互认")
    valid_to: datetime | None = Field(description="when the pass that counts longest ends")


class ShownValidity(BaseModel):
    at: datetime
    items: list[ItemValidity]


def assessments_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/external-assessments", tags=["quality control"])

    @router.get("", summary="Results of external assessment, the newest first")
    async def list_assessments(
        call: CurrentCall,
        item: Annotated[str | None, Query(max_length=100)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
    ) -> ShownAssessments:
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            found = await quality_control.eqa_page(session, laboratory_id, item=item, limit=limit + 1, after=cursor)
        shown = [_shown(row) for row in found[:limit]]
        return ShownAssessments(assessments=shown, next_cursor=shown[-1].eqa_id if len(found) > limit else None)

    @router.post("", status_code=201, summary="One item of one round; the same round again replaces it")
    async def add(call: CurrentCall, body: AssessmentBody) -> ShownAssessment:
        laboratory_id = laboratory_of(call.actor, *WORKS)
        if load_catalogue().item(body.item) is None:
            raise Invalid("没有这个项目", errors=[FieldProblem("/item", "unknown_item", "没有这个项目")])
        values = {
            "eqa_id": new_id("eqa"),
            "laboratory_id": laboratory_id,
            **body.model_dump(include={"scheme", "round", "item", "value", "target", "valid_from", "valid_to"}),
            "verdict": str(body.judged()),
            "entered_by": call.actor.account_id,
        }
        async with call.resources.db.transaction() as session:
            await quality_control.put_eqa(session, values)
            row = await quality_control.eqa_round(session, laboratory_id, body.scheme, body.round, body.item)
            await call.audit(session, "assessment.enter", row.eqa_id, "assessment")
            return _shown(row)

    @router.get("/items", summary="Whether each item may be recognised by other hospitals now")
    async def list_items(call: CurrentCall) -> ShownValidity:
        """Items that were ever assessed."""
        laboratory_id = laboratory_of(call.actor)
        async with call.resources.db.transaction() as session:
            at = await database_now(session)
            rows = await quality_control.eqa_of(session, laboratory_id)
            controlled = {item for _, item in await recognition.in_control(session, laboratory_id, at)}
            blocked = {item for _, item in await quality_control.blocked(session, laboratory_id)}
            marked = await recognition.recognised(session, laboratory_id, at)
        known = recognition.assessed(rows)
        return ShownValidity(
            at=at,
            items=[
                ItemValidity(
                    item=item,
                    is_assessed=recognisable(item, known, at),
                    is_in_control=item in controlled - blocked,
                    is_recognised=item in marked,
                    valid_to=_ends(rows, item, at),
                )
                for item in sorted({row.item for row in rows})
            ],
        )

    return router


def _ends(rows: list[EqaResult], item: str, at: datetime) -> datetime | None:
    passes = [row.valid_to for row in rows if row.item == item and row.verdict == EqaVerdict.passed]
    return max((end for end in passes if end > at), default=None)


def _shown(row: EqaResult) -> ShownAssessment:
    return ShownAssessment(
        eqa_id=row.eqa_id,
        scheme=row.scheme,
        round=row.round,
        item=row.item,
        value=row.value,
        target=row.target,
        verdict=EqaVerdict(row.verdict),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
    )

"""The patient's values of an item over time: the cumulative view."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.lab.api.site import WORKS
from services.lab.catalogue.catalogue import load_catalogue
from services.lab.catalogue.items import Item
from services.lab.catalogue.values import Number, read_value
from services.lab.models import Result
from services.lab.queries import released, results
from services.lab.report_form.content import LabContent
from shared import audit
from shared.auth import Actor
from shared.db import Session, database_now
from shared.errors import FieldProblem, Invalid
from shared.reading.models import Case
from shared.reading.queries import cases, claims
from shared.reading.routes.call import CurrentCall
from shared.reading.workflow.step import is_live

_UNREPORTED = 50  # read beyond the limit: some may be kept back by their report


class TrendPoint(BaseModel):
    case_id: str
    result_id: str
    at: datetime
    value: str = Field(description="as the report prints it")
    number: Decimal | None
    comparator: str
    unit: str | None = Field(description="UCUM")
    interval: str
    flag: str
    is_released: bool = Field(description="false: known in the laboratory alone")
    laboratory_id: str


class Trend(BaseModel):
    case_id: str
    item: str
    name: str
    unit: str
    points: list[TrendPoint] = Field(description="the oldest first, this case's own included")


def trend_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/cases/{case_id}/trend", tags=["results"])

    @router.get("", summary="The patient's values of an item over time")
    async def read_trend(
        case_id: str,
        call: CurrentCall,
        item: Annotated[str, Query(min_length=1, max_length=100)],
        limit: Annotated[int, Query(ge=1, le=200)] = 20,
    ) -> Trend:
        """The last ones: of cases you may see anyhow, and of the others while you hold this case. What no report has
        released is shown in its own laboratory alone."""
        async with call.resources.db.transaction() as session:
            case = await cases.see(session, call.actor, case_id)
            known = load_catalogue().item(item)
            if known is None:
                raise Invalid("没有这个项目", errors=[FieldProblem("/item", "unknown_item", "没有这个项目")])
            points = (await _points(session, call.actor, case, known, limit + _UNREPORTED))[-limit:]
            if not await audit.seen_recently(session, call.actor, "priors.read", "case", case_id):
                await audit.record(
                    session, call.actor, "priors.read", "case", case_id, address=call.address,
                    detail={"cases": sorted({point.case_id for point in points})},
                )  # fmt: skip
        return Trend(case_id=case_id, item=known.code, name=known.name, unit=known.unit, points=points)

    return router


async def _points(session: Session, actor: Actor, case: Case, item: Item, limit: int) -> list[TrendPoint]:
    seen_by = None if await _holds(session, actor, case) else actor
    works_here = actor.has(*WORKS)
    found = await results.earlier_of_person(
        session, case, [item.code], limit=limit, seen_by=seen_by, released_only=not works_here
    )
    own = await results.current_item(session, case.case_id, item.code)
    found += [(own, case)] if own else []
    said = await released.contents_of(session, sorted({earlier.case_id for _, earlier in found}))
    points = []
    for row, earlier in found:
        content = said.get(earlier.case_id)
        if content is not None:
            points += _as_reported(row, content, item)
        elif works_here and row.laboratory_id == actor.org_id:
            points.append(_as_measured(row))
    return sorted(points, key=lambda point: (point.at, point.result_id))


async def _holds(session: Session, actor: Actor, case: Case) -> bool:
    claim = await claims.unended(session, case.case_id)
    return claim is not None and claim.account_id == actor.account_id and is_live(claim, await database_now(session))


def _as_reported(row: Result, content: LabContent, item: Item) -> list[TrendPoint]:
    """Empty where the report kept it back."""
    points = []
    for said in content.items:
        if said.item == row.item:
            read = read_value(said.value, item)
            number = read if isinstance(read, Number) else None
            points.append(
                TrendPoint(
                    case_id=row.case_id,
                    result_id=row.result_id,
                    at=said.measured_at or row.measured_at or row.received_at,
                    value=said.value,
                    number=number.value if number else None,
                    comparator=number.comparator if number else "",
                    unit=row.unit,
                    interval=said.interval,
                    flag=said.flag,
                    is_released=True,
                    laboratory_id=row.laboratory_id,
                )
            )
    return points


def _as_measured(row: Result) -> TrendPoint:
    judgement = results.judgement_of(row)
    interval = judgement.interval if judgement else None
    value = (row.text or row.value) if row.number is None else f"{row.comparator}{row.number:f}"
    return TrendPoint(
        case_id=row.case_id,
        result_id=row.result_id,
        at=row.measured_at or row.received_at,
        value=value,
        number=row.number,
        comparator=row.comparator,
        unit=row.unit,
        interval=interval.text if interval else "",
        flag=judgement.flag if judgement else "",
        is_released=False,
        laboratory_id=row.laboratory_id,
    )

"""The results of a case with what the rules said, for those who work on it: its clinic reads the released report."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.lab.api.look import look
from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.evidence import printed_unit, value_text
from services.lab.models import Result
from services.lab.queries import orders
from shared.reading.routes.call import CurrentCall


class ShownResult(BaseModel):
    result_id: str
    item: str
    name: str
    loinc: str
    value: str = Field(description="as it is printed")
    unit: str
    ucum: str | None
    sent: dict[str, str] = Field(description="code, name, value and unit as the sender wrote them")
    flag: str
    interval: str
    is_held: bool
    held_by: list[dict[str, Any]]
    critical: dict[str, Any] | None
    rule_set: str
    status: str
    run: int
    analyzer: str
    operator: str
    flags: list[str]
    comments: list[str]
    measured_at: datetime | None
    received_at: datetime
    superseded_by: str | None
    message_id: str = Field(description="the raw message it came in")


class ShownResults(BaseModel):
    case_id: str
    state: str
    content_version: int
    results: list[ShownResult] = Field(description="what a report prints now")
    earlier: list[ShownResult] = Field(description="superseded by a correction, a deletion or a re-run")
    missing: list[str] = Field(description="ordered items without a value")


def results_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/cases/{case_id}", tags=["results"])

    @router.get("/results", summary="The results of a case, judged")
    async def list_results(case_id: str, call: CurrentCall) -> ShownResults:
        """For the laboratory's people; whoever works on the case has thereby been shown results that came late."""
        async with call.resources.db.transaction() as session:
            case, rows = await look(session, call, case_id)
            ordered = [each.item for each in await orders.live_items(session, [case_id])]
        current = [row for row in rows if row.is_current]
        there = {row.item for row in current}
        return ShownResults(
            case_id=case_id,
            state=case.state,
            content_version=case.content_version,
            results=[show_result(row) for row in _in_order(current)],
            earlier=[show_result(row) for row in rows if not row.is_current],
            missing=[item for item in ordered if item not in there],
        )

    return router


def _in_order(rows: list[Result]) -> list[Result]:
    places = {item.code: place for place, item in enumerate(load_catalogue().items)}
    return sorted(rows, key=lambda row: (places.get(row.item, len(places)), row.item))


def show_result(row: Result) -> ShownResult:
    item = load_catalogue().item(row.item)
    judged = row.judgement
    interval = judged.get("interval")
    return ShownResult(
        result_id=row.result_id,
        item=row.item,
        name=item.name if item else row.item,
        loinc=item.loinc if item else "",
        value=value_text(row),
        unit=printed_unit(row.unit),
        ucum=row.unit,
        sent={"code": row.code, "name": row.name_sent, "value": row.value, "unit": row.unit_sent},
        flag=judged.get("flag", ""),
        interval=interval["text"] if interval else "",
        is_held=row.is_held,
        held_by=judged.get("held_by", []),
        critical=judged.get("critical"),
        rule_set=judged.get("rule_set", ""),
        status=row.status,
        run=row.run,
        analyzer=row.analyzer,
        operator=row.operator,
        flags=row.flags,
        comments=row.comments,
        measured_at=row.measured_at,
        received_at=row.received_at,
        superseded_by=row.superseded_by,
        message_id=row.message_id,
    )

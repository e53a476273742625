"""Specimens: where each is, what was done with it, its label."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, Field

from services.lab.api.labels import labels_of
from services.lab.api.shapes import ShownSpecimens, SpecimenAnswer, show_specimen, show_step
from services.lab.intake.specimen_steps import Refusal, Step
from services.lab.intake.specimens import StepTold, take_step
from services.lab.label.label import render_label
from services.lab.models import Specimen
from services.lab.queries import orders, specimens
from shared import audit
from shared.auth import Actor
from shared.db import Session
from shared.events.part import Part
from shared.reading.queries import cases
from shared.reading.routes.call import ClaimToken, CurrentCall
from shared.reading.schemas.order import Line, Short
from shared.reading.schemas.requests import Remark

State = Literal[
    "ordered", "collected", "packed", "received", "refused", "in_analysis", "resulted", "stored", "discarded"
]
_PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "50 × 30 mm, one page a tube"}
}


class StepBody(Part):
    at: AwareDatetime | None = Field(default=None, description="when it was done; now, where it is left out")
    place: Line | None = None
    box: Short | None = Field(default=None, description="the courier's box")
    temperature_c: float | None = Field(default=None, ge=-100, le=100, description="of box or shelf")
    comment: Remark | None = None


class RefusalBody(StepBody):
    reason: Refusal


def specimens_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/specimens", tags=["specimens"])

    @router.get("", summary="Specimens, the newest first")
    async def list_specimens(
        call: CurrentCall,
        state: State | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
    ) -> ShownSpecimens:
        async with call.resources.db.transaction() as session:
            found = await specimens.page(session, call.actor, state=state, limit=limit + 1, after=cursor)
            await call.audit(session, "specimen.list", "", "specimen")
        shown = [show_specimen(specimen, case) for specimen, case in found[:limit]]
        return ShownSpecimens(
            specimens=shown, next_cursor=found[limit - 1][0].specimen_id if len(found) > limit else None
        )

    @router.get("/{number}", summary="A specimen and every step it took")
    async def read_specimen(number: str, call: CurrentCall) -> SpecimenAnswer:
        async with call.resources.db.transaction() as session:
            specimen = await specimens.see(session, call.actor, number)
            await call.audit(session, "specimen.read", specimen.specimen_id, "specimen")
            return await _whole(session, call.actor, specimen)

    @router.get("/{number}/label.pdf", summary="The label of its tube", response_class=Response, responses=_PDF)
    async def read_label(number: str, call: CurrentCall) -> Response:
        async with call.resources.db.transaction() as session:
            specimen = await specimens.see(session, call.actor, number)
            labels = await labels_of(session, call.actor, [specimen])
            await call.audit(session, "specimen.label", specimen.specimen_id, "specimen")
        return Response(await asyncio.to_thread(render_label, labels), media_type="application/pdf")

    @router.post("/{number}/refused", summary="The specimen is not fit: its clinic is told, the case is rejected")
    async def refuse(number: str, body: RefusalBody, call: CurrentCall, token: ClaimToken = None) -> SpecimenAnswer:
        told = StepTold(body.at, body.place, body.box, body.temperature_c, body.reason, body.comment, token)
        return await _take(call, number, Step.refused, told)

    for step in Step:
        if step is not Step.refused:
            _step_route(router, step)
    return router


_SUMMARIES = {
    Step.collected: "Taken from the patient",
    Step.packed: "Packed for the courier",
    Step.received: "At the laboratory: the clock starts",
    Step.in_analysis: "On an analyzer",
    Step.stored: "Kept on a shelf",
    Step.discarded: "Thrown away",
}


def _step_route(router: APIRouter, step: Step) -> None:
    path = step.replace("_", "-")

    @router.post(f"/{{number}}/{path}", summary=_SUMMARIES[step], name=f"specimen_{step}")
    async def take(number: str, call: CurrentCall, body: StepBody | None = None) -> SpecimenAnswer:
        body = body or StepBody()
        return await _take(
            call, number, step,
            StepTold(body.at, body.place, body.box, body.temperature_c, comment=body.comment),
        )  # fmt: skip


async def _take(call: CurrentCall, number: str, step: Step, told: StepTold) -> SpecimenAnswer:
    async with call.resources.db.transaction() as session:
        specimen = await take_step(session, call.actor, number, step, told)
        await audit.record(
            session, call.actor, f"specimen.{step}", "specimen", specimen.specimen_id, address=call.address
        )
        return await _whole(session, call.actor, specimen)


async def _whole(session: Session, actor: Actor, specimen: Specimen) -> SpecimenAnswer:
    case = await cases.see(session, actor, specimen.case_id)
    items = await orders.live_items(session, [specimen.case_id])
    steps = await specimens.steps_of(session, specimen.specimen_id)
    return SpecimenAnswer(
        **show_specimen(specimen, case).model_dump(),
        items=[each.item for each in items],
        steps=[show_step(step) for step in steps],
    )

"""``POST /v1/claims/next`` over all centres: which centre to ask first. The claim itself is made there."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.gateway.queries import cases
from shared.auth import Role
from shared.events.directory import Center, Priority
from shared.events.part import Part
from shared.web import CurrentActor, CurrentResources

router = APIRouter(tags=["worklist"])


class NextClaim(Part):
    stage: Literal["report", "review"]
    priority: Priority | None = None
    modality: str | None = Field(default=None, max_length=64)


class CenterToAsk(BaseModel):
    """``waiting`` cases you could claim there; ``others`` are the centres to ask when another was faster."""

    center: Center
    url: str
    waiting: int
    others: list["CenterToAsk"] = []


@router.post("/v1/claims/next", response_model=CenterToAsk, responses={204: {"description": "没有待处理的病例"}})
async def ask_next(body: NextClaim, actor: CurrentActor, resources: CurrentResources) -> CenterToAsk | Response:
    """By priority and due_at, from the worklist as the gateway knows it now."""
    is_review = body.stage == "review"
    actor.require(Role.reviewer if is_review else Role.reader, Role.technologist)
    async with resources.db.transaction() as session:
        found = await cases.waiting_centers(
            session, actor, is_review=is_review, priority=body.priority, modality=body.modality
        )
    asked = [
        CenterToAsk.model_validate(
            {"center": each.center, "url": f"/{each.center}/v1/claims/next", "waiting": each.waiting}
        )
        for each in found
    ]
    if not asked:
        return Response(status_code=204)
    return asked[0].model_copy(update={"others": asked[1:]})

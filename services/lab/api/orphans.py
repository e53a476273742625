"""Results of no known specimen: a technologist finds theirs, or says that they are nobody's."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from services.lab.api.site import WORKS, laboratory_of
from services.lab.intake import waiting as desk
from services.lab.models import Orphan
from services.lab.queries import waiting
from shared.events.part import Part
from shared.reading.routes.call import CurrentCall
from shared.reading.schemas.requests import Reason


class ShownOrphan(BaseModel):
    orphan_id: str
    reason: str = Field(
        description="specimen_unknown, ambiguous, order_canceled, specimen_refused, report_released, control_unknown"
    )
    state: str
    specimen_number: str
    accession_number: str
    patient: dict[str, Any]
    lines: list[dict[str, Any]]
    case_id: str | None
    message_id: str
    created_at: datetime
    settled_at: datetime | None
    comment: str | None


class ShownOrphans(BaseModel):
    orphans: list[ShownOrphan]
    next_cursor: str | None


class Attachment(Part):
    specimen_number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class Dismissal(Part):
    reason: Reason


def orphans_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1", tags=["waiting"])

    @router.get("/orphans", summary="Results of no known specimen, the oldest first")
    async def list_orphans(
        call: CurrentCall,
        state: Literal["open", "attached", "dismissed"] = "open",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
    ) -> ShownOrphans:
        laboratory = laboratory_of(call.actor, *WORKS)
        async with call.transaction("orphan.list", "", "orphan") as session:
            found = await waiting.page_orphans(session, laboratory, state=state, limit=limit + 1, after=cursor)
        shown = [_show_orphan(each) for each in found[:limit]]
        return ShownOrphans(orphans=shown, next_cursor=shown[-1].orphan_id if len(found) > limit else None)

    @router.post("/orphans/{orphan_id}/attach", summary="They belong to this specimen")
    async def attach(orphan_id: str, body: Attachment, call: CurrentCall) -> ShownOrphan:
        laboratory = laboratory_of(call.actor, *WORKS)
        async with call.transaction("orphan.attach", orphan_id, "orphan") as session:
            orphan = await desk.attach(session, call.actor, laboratory, orphan_id, body.specimen_number)
        await desk.apply_again(call.resources.db, [orphan.message_id])
        return _show_orphan(orphan)

    @router.post("/orphans/{orphan_id}/dismiss", summary="They are nobody's")
    async def dismiss(orphan_id: str, body: Dismissal, call: CurrentCall) -> ShownOrphan:
        laboratory = laboratory_of(call.actor, *WORKS)
        async with call.transaction("orphan.dismiss", orphan_id, "orphan") as session:
            return _show_orphan(await desk.dismiss(session, call.actor, laboratory, orphan_id, body.reason))

    return router


def _show_orphan(row: Orphan) -> ShownOrphan:
    return ShownOrphan.model_validate(row, from_attributes=True)

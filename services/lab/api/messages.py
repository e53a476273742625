"""Messages as they came, and their bytes."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.lab.api.site import WORKS, laboratory_of
from services.lab.intake.apply import apply_message
from services.lab.models import ReceivedMessage
from services.lab.queries import messages
from shared.auth import Role
from shared.errors import NotFound
from shared.reading.routes.call import CurrentCall

Limit = Annotated[int, Query(ge=1, le=200)]


class ShownMessage(BaseModel):
    message_id: str
    sequence: int
    sender: str
    control_id: str
    protocol: str
    kind: str
    charset: str
    remarks: list[str]
    size_bytes: int
    sha256: str
    state: str
    error_code: str | None
    error_detail: str | None
    received_at: datetime
    applied_at: datetime | None


class ShownMessages(BaseModel):
    messages: list[ShownMessage]
    next_cursor: int | None


def message_log_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1", tags=["waiting"])

    @router.get("/messages", summary="Messages as they came, the newest first")
    async def list_messages(
        call: CurrentCall,
        state: Literal["received", "applied", "waiting", "rejected"] | None = None,
        limit: Limit = 50,
        cursor: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    ) -> ShownMessages:
        laboratory = laboratory_of(call.actor, *WORKS, Role.integration)
        async with call.transaction("message.list", "", "message") as session:
            found = await messages.page(session, laboratory, state=state, limit=limit + 1, before=cursor)
        shown = [_show_message(each) for each in found[:limit]]
        return ShownMessages(messages=shown, next_cursor=shown[-1].sequence if len(found) > limit else None)

    @router.get("/messages/{message_id}", summary="One message")
    async def read_message(message_id: str, call: CurrentCall) -> ShownMessage:
        laboratory = laboratory_of(call.actor, *WORKS, Role.integration)
        async with call.transaction("message.read", message_id, "message") as session:
            row = await messages.get(session, laboratory, message_id)
            if row is None:
                raise NotFound
        return _show_message(row)

    @router.post("/messages/{message_id}/apply", summary="Try again what could not be applied")
    async def apply_again(message_id: str, call: CurrentCall) -> ShownMessage:
        """Doing it again changes nothing of what was applied."""
        laboratory = laboratory_of(call.actor, Role.technologist)
        async with call.transaction("message.apply", message_id, "message") as session:
            if await messages.get(session, laboratory, message_id) is None:
                raise NotFound
            await messages.go_on(session, [message_id])
        await apply_message(call.resources.db, message_id)
        return await read_message(message_id, call)

    @router.get("/messages/{message_id}/raw", summary="Its bytes", response_class=Response)
    async def read_raw(message_id: str, call: CurrentCall) -> Response:
        laboratory = laboratory_of(call.actor, *WORKS)
        async with call.transaction("message.read_raw", message_id, "message") as session:
            row = await messages.get(session, laboratory, message_id, raw=True)
            if row is None:
                raise NotFound
        headers = {
            "Content-Disposition": f'attachment; filename="{message_id}.txt"',
            "Cache-Control": "private, no-store",
        }
        return Response(row.raw, media_type="application/octet-stream", headers=headers)

    return router


def _show_message(row: ReceivedMessage) -> ShownMessage:
    return ShownMessage.model_validate(row, from_attributes=True)

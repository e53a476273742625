"""Refused files, for administrators: what came, from whom, why it was not taken, and the bytes."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from shared import audit
from shared.auth import Actor, Role
from shared.db import Session
from shared.errors import NotFound
from shared.reading.models import QuarantinedFile
from shared.reading.queries import quarantine
from shared.reading.workflow.arrival import Center
from shared.resources import center_settings
from shared.web import CurrentActor, CurrentResources, client_address
from shared.web.bytes import answer_bytes


class ShownFile(BaseModel):
    quarantine_id: str
    clinic_id: str
    account_id: str
    code: str
    detail: str
    file_name: str = Field(description="as the clinic sent it; may hold a patient's name")
    size_bytes: int
    sha256: str
    received_at: datetime
    kept_until: datetime
    has_content: bool = Field(description="false: too large to be kept, or beyond the clinic's quota")
    correlation_id: str


class ShownFiles(BaseModel):
    files: list[ShownFile]
    next_cursor: str | None


def quarantine_router(center: Center) -> APIRouter:
    """``center`` as a query parameter is how the front door's /v1/admin/quarantine chooses among the centres; one that
    ends up here by mistake is told so instead of being shown another centre's files."""

    def named(
        asked_for: Annotated[str, Query(alias="center", pattern=f"^{center}$", description="this centre")] = center,
    ) -> None:
        del asked_for

    router = APIRouter(prefix=f"/{center}/v1/quarantine", tags=["administration"], dependencies=[Depends(named)])

    @router.get("", summary="Refused files, the newest first")
    async def list_files(
        request: Request,
        actor: CurrentActor,
        resources: CurrentResources,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
    ) -> ShownFiles:
        actor.require(Role.admin)
        days = center_settings(resources).quarantine_days
        async with resources.db.transaction() as session:
            found = await quarantine.page(session, limit=limit + 1, after=cursor)
            await audit.record(session, actor, "quarantine.list", "quarantine", "", address=client_address(request))
        files = [_show(file, days) for file in found[:limit]]
        return ShownFiles(files=files, next_cursor=files[-1].quarantine_id if len(found) > limit else None)

    @router.get("/{quarantine_id}", summary="One refused file")
    async def show_file(
        quarantine_id: str, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> ShownFile:
        async with resources.db.transaction() as session:
            file = await _open(session, actor, quarantine_id, client_address(request))
        return _show(file, center_settings(resources).quarantine_days)

    @router.get("/{quarantine_id}/content", summary="Its bytes", response_class=StreamingResponse)
    async def read_content(
        quarantine_id: str, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> StreamingResponse:
        async with resources.db.transaction() as session:
            file = await _open(session, actor, quarantine_id, client_address(request))
        ref = quarantine.blob_of(file)
        if ref is None:
            raise NotFound
        return await answer_bytes(
            resources.blobs,
            ref,
            media_type="application/octet-stream",
            file_name=f"{quarantine_id}.bin",
            etag=file.sha256,
        )

    return router


async def _open(session: Session, actor: Actor, quarantine_id: str, address: str) -> QuarantinedFile:
    actor.require(Role.admin)
    file = await quarantine.get(session, quarantine_id)
    if file is None:
        raise NotFound
    await audit.record(session, actor, "quarantine.read", "quarantine", quarantine_id, address=address)
    return file


def _show(file: QuarantinedFile, days: int) -> ShownFile:
    return ShownFile(
        quarantine_id=file.id,
        clinic_id=file.clinic_id,
        account_id=file.account_id,
        code=file.code,
        detail=file.detail,
        file_name=file.file_name,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        received_at=file.received_at,
        kept_until=file.received_at + timedelta(days=days),
        has_content=file.blob_key is not None,
        correlation_id=file.correlation_id,
    )

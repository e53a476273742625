"""The instances of a case, as a list and as the bytes that were sent."""

from dataclasses import asdict

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from services.imaging.models import CONTENT_KIND
from services.imaging.queries import instances
from shared import audit
from shared.auth import Actor, Role
from shared.db import Session
from shared.errors import NotFound
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.web import CurrentActor, CurrentResources, client_address
from shared.web.bytes import answer_bytes


class ShownInstance(BaseModel):
    instance_id: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    number: int | None
    rows: int | None
    columns: int | None
    number_of_frames: int
    size_bytes: int
    file_sha256: str = Field(description="of the file as it was sent")
    series_uid: str
    series_number: int | None
    series_description: str
    modality: str
    study_uid: str
    link: str


class ShownInstances(BaseModel):
    case_id: str
    content_version: int
    instances: list[ShownInstance]


def instances_router() -> APIRouter:
    router = APIRouter(prefix="/imaging/v1/cases/{case_id}/instances", tags=["imaging"])

    @router.get("", summary="The images of a case")
    async def list_instances(
        case_id: str, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> ShownInstances:
        """In viewing order. Whoever holds the case has thereby been shown images that came late."""
        async with resources.db.transaction() as session:
            case = await cases.see(session, actor, case_id)
            contents = await cases.contents(session, case_id)
            ids = [content.record_id for content in contents if content.kind == CONTENT_KIND]
            if actor.has(Role.reader, Role.reviewer):
                await cases.mark_seen(session, case_id, actor.account_id, case.content_version)
            await _record_read(session, actor, case, client_address(request))
            found = await instances.shown(session, ids)
        shown = [
            ShownInstance(**asdict(each), link=f"/imaging/v1/cases/{case_id}/instances/{each.sop_instance_uid}")
            for each in found
        ]
        return ShownInstances(case_id=case_id, content_version=case.content_version, instances=shown)

    @router.get("/{sop_instance_uid}", summary="One image as it was sent", response_class=StreamingResponse)
    async def read_instance(
        case_id: str, sop_instance_uid: str, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> StreamingResponse:
        """An old image of an open page is no look at those that came since: only the list shows them all."""
        async with resources.db.transaction() as session:
            case = await cases.see(session, actor, case_id)
            ref = await instances.blob_of(session, case, sop_instance_uid)
            if ref is None:
                raise NotFound
            await _record_read(session, actor, case, client_address(request))
        return await answer_bytes(
            resources.blobs,
            ref,
            media_type="application/dicom",
            file_name=f"{sop_instance_uid}.dcm",
            etag=ref.sha256,
        )

    return router


async def _record_read(session: Session, actor: Actor, case: Case, address: str) -> None:
    """One audit row for an actor, a case and five minutes: a study is thousands of reads."""
    if not await audit.seen_recently(session, actor, "instances.read", "case", case.case_id):
        await audit.record(session, actor, "instances.read", "case", case.case_id, address=address)

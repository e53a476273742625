"""``/imaging/v1/uploads``: tus 1.0, and what became of an upload."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.imaging.models import Upload
from services.imaging.queries import uploads
from services.imaging.settings import settings_of
from services.imaging.uploads import protocol
from services.imaging.uploads.append import append
from services.imaging.uploads.create import read_upload
from services.imaging.uploads.files import remove
from services.imaging.uploads.finish import Answer, Finisher, is_ready
from services.imaging.uploads.writers import Writers
from shared import audit
from shared.auth import Actor, Role
from shared.errors import MethodNotAllowed, NotFound, TooLarge
from shared.reading.routes.intake import ANSWERS, AcceptedCase, CurrentSender, Sender
from shared.resources import Resources
from shared.web import CurrentActor, CurrentResources, client_address
from shared.web.problems import MEDIA_TYPE

_SORTERS = 2
_BODY: dict[str, Any] = {
    "requestBody": {"content": {protocol.OFFSET_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}


class ShownUpload(BaseModel):
    upload_id: str
    state: Literal["receiving", "received", "accepted", "refused"]
    offset_bytes: int
    length_bytes: int
    case_group: str | None
    expires_at: datetime
    case: AcceptedCase | None
    problem: dict[str, Any] | None


def uploads_router() -> APIRouter:
    router = APIRouter(prefix="/imaging/v1/uploads", tags=["uploads"])
    sorters = ThreadPoolExecutor(_SORTERS, thread_name_prefix="sort")
    writers = Writers()

    @router.options("", summary="What of tus this server speaks")
    @router.options("/{upload_id}", include_in_schema=False)
    async def options(resources: CurrentResources) -> Response:
        headers = {
            "Tus-Version": protocol.VERSION,
            "Tus-Extension": protocol.EXTENSIONS,
            "Tus-Max-Size": str(settings_of(resources).upload_max_bytes),
            "Tus-Checksum-Algorithm": protocol.ALGORITHMS,
        }
        return _answer(204, headers)

    @router.post("", status_code=201, summary="Begin a resumable upload", openapi_extra=_BODY)
    async def create(sender: CurrentSender, request: Request, resources: CurrentResources) -> Response:
        """`Upload-Length`; `Upload-Metadata` with `filename`, `order` (the JSON of POST /cases), and for several files
        of one case `case-group`, with `case-files` (how many) or `…/finish` at the end. May carry the first bytes."""
        protocol.require_version(request.headers)
        sender.actor.require(Role.clinic, Role.integration)
        settings = settings_of(resources)
        upload = read_upload(sender.actor, request.headers, settings.upload_max_bytes)
        has_bytes = request.headers.get("content-type", "").startswith(protocol.OFFSET_TYPE)
        checksum = protocol.checksum_of(request.headers) if has_bytes else None
        lives = timedelta(hours=settings.upload_hours)
        async with resources.db.transaction() as session:
            if not await uploads.reserve(session, upload, settings.upload_clinic_bytes, lives):
                limit = settings.upload_clinic_bytes
                raise TooLarge("本机构未完成的上传过多", code="upload_quota", extra={"limit_bytes": limit})
            await audit.record(
                session, sender.actor, "upload.create", "upload", upload.upload_id, address=sender.address
            )
        if has_bytes or upload.length_bytes == 0:
            upload = await append(resources, writers, sender.actor, upload.upload_id, request, 0, checksum)
            await _finish_if_ready(Finisher(resources, writers, sorters), sender, upload)
        return _answer(201, {**_place(upload), "Location": f"/imaging/v1/uploads/{upload.upload_id}"})

    @router.head("/{upload_id}", summary="How far it is")
    async def look(upload_id: str, request: Request, actor: CurrentActor, resources: CurrentResources) -> Response:
        """Whatever another connection was still sending is durable first: the offset is final."""
        protocol.require_version(request.headers)
        async with writers.turn(upload_id):
            upload = await _own(resources, actor, upload_id)
        headers = {**_place(upload), "Upload-Length": str(upload.length_bytes), "Cache-Control": "no-store"}
        return _answer(200, headers | ({"Upload-Metadata": upload.metadata_text} if upload.metadata_text else {}))

    @router.patch("/{upload_id}", status_code=204, summary="Send more of it", openapi_extra=_BODY)
    async def send(upload_id: str, sender: CurrentSender, request: Request, resources: CurrentResources) -> Response:
        """Durable when answered. With the last byte the upload is finished: what POST /cases would refuse is refused
        here with its status, and `GET` tells it again."""
        protocol.require_version(request.headers)
        protocol.require_offset_type(request.headers)
        offset = protocol.number(request.headers, "upload-offset")
        checksum = protocol.checksum_of(request.headers)
        upload = await append(resources, writers, sender.actor, upload_id, request, offset, checksum)
        answer = await _finish_if_ready(Finisher(resources, writers, sorters), sender, upload)
        if answer is not None and answer.status >= 400:
            return JSONResponse(answer.body, answer.status, media_type=MEDIA_TYPE, headers=_tus(_place(upload)))
        return _answer(204, _place(upload))

    @router.delete("/{upload_id}", status_code=204, summary="Give it up")
    async def give_up(upload_id: str, request: Request, actor: CurrentActor, resources: CurrentResources) -> Response:
        protocol.require_version(request.headers)
        async with writers.turn(upload_id):
            async with resources.db.transaction() as session:
                if not await uploads.drop(session, actor, upload_id):
                    raise NotFound
                await audit.record(session, actor, "upload.drop", "upload", upload_id, address=client_address(request))
            remove(settings_of(resources).spool_dir, [upload_id])
        return _answer(204, {})

    @router.post("/{upload_id}", include_in_schema=False)
    async def overridden(
        upload_id: str, sender: CurrentSender, request: Request, resources: CurrentResources
    ) -> Response:
        """X-HTTP-Method-Override, for whoever sits behind a proxy that lets only GET and POST pass."""
        method = request.headers.get("x-http-method-override", "").upper()
        if method == "PATCH":
            return await send(upload_id, sender, request, resources)
        if method == "DELETE":
            return await give_up(upload_id, request, sender.actor, resources)
        raise MethodNotAllowed

    @router.post("/{upload_id}/finish", summary="Make a case of it and its group", responses=ANSWERS)
    async def finish(upload_id: str, sender: CurrentSender, resources: CurrentResources) -> Response:
        """The answer of POST /cases; asked again, the same."""
        answer = await Finisher(resources, writers, sorters).finish(sender.actor, upload_id, sender.address)
        return JSONResponse(
            answer.body, answer.status, media_type=MEDIA_TYPE if answer.status >= 400 else "application/json"
        )

    @router.get("/{upload_id}", summary="What became of it")
    async def show(upload_id: str, actor: CurrentActor, resources: CurrentResources) -> ShownUpload:
        """For whoever lost the answer. Kept until it expires."""
        return _shown(await _own(resources, actor, upload_id))

    return router


async def _own(resources: Resources, actor: Actor, upload_id: str) -> Upload:
    async with resources.db.look_up() as session:
        upload = await uploads.own(session, actor, upload_id)
    if upload is None:
        raise NotFound
    return upload


async def _finish_if_ready(finisher: Finisher, sender: Sender, upload: Upload) -> Answer | None:
    if upload.offset_bytes < upload.length_bytes:
        return None
    async with finisher.resources.db.look_up() as session:
        members = await uploads.group(session, upload)
    if not is_ready(upload, members):
        return None
    return await finisher.finish(sender.actor, upload.upload_id, sender.address)


def _shown(upload: Upload) -> ShownUpload:
    status, body = upload.answer_status, upload.answer
    state: Literal["receiving", "received", "accepted", "refused"]
    if status is None:
        state = "received" if upload.offset_bytes == upload.length_bytes else "receiving"
    else:
        state = "accepted" if status < 400 else "refused"
    return ShownUpload(
        upload_id=upload.upload_id,
        state=state,
        offset_bytes=upload.offset_bytes,
        length_bytes=upload.length_bytes,
        case_group=upload.case_group,
        expires_at=upload.expires_at,
        case=AcceptedCase.model_validate(body) if state == "accepted" else None,
        problem=body if state == "refused" else None,
    )


def _place(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset_bytes), "Upload-Expires": protocol.expires(upload.expires_at)}


def _tus(headers: Mapping[str, str]) -> dict[str, str]:
    return {"Tus-Resumable": protocol.VERSION, **headers}


def _answer(status: int, headers: Mapping[str, str]) -> Response:
    return Response(status_code=status, headers=_tus(headers))

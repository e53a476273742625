"""STOW-RS (PS3.18 10.5): images from machines and workstations, judged one by one, never one for the others.

One request is one pack, one fsync and one transaction; each of its studies is a case, or joins one.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request, Response

from services.imaging.dicomweb.links import Links
from services.imaging.dicomweb.media_types import DICOM, accepted, first_of
from services.imaging.dicomweb.store.answer import JSON, XML, StoreAnswer
from services.imaging.dicomweb.store.keep import keep_parts
from services.imaging.dicomweb.store.known import known_parts
from services.imaging.dicomweb.store.sort import sort_parts
from services.imaging.intake.arriving import Arriving
from services.imaging.intake.early_pack import Place, early_pack
from services.imaging.settings import settings_of
from shared import directory
from shared.auth import Role
from shared.reading.routes.intake import CurrentSender, Sender
from shared.resources import Resources
from shared.web import CurrentResources
from shared.web.related import ReceivedPart, receive_parts
from shared.web.upload import Limits, Spool

_CHARSET_S = 10.0
_SORTERS = 2  # as for POST /cases: parsing holds the interpreter
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {f'multipart/related; type="{DICOM}"': _BINARY, DICOM: _BINARY}}
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Every instance is stored and durable", "content": {JSON: {}, XML: {}}},
    202: {"description": "Some are not, or with a warning: (0008,1198), (0008,1196)", "content": {JSON: {}, XML: {}}},
    409: {"description": "None is stored: the reasons are in (0008,1198)", "content": {JSON: {}, XML: {}}},
}


@dataclass(frozen=True, slots=True)
class _Storing:
    """What the requests of one process share."""

    sorters: ThreadPoolExecutor
    arriving: Arriving
    charsets: dict[str, tuple[str | None, float]] = field(default_factory=dict)

    async def charset_of(self, resources: Resources, clinic_id: str) -> str | None:
        """The clinic's default character set, asked for once in ten seconds."""
        charset, asked_at = self.charsets.get(clinic_id, (None, float("-inf")))
        if time.monotonic() - asked_at > _CHARSET_S:
            async with resources.db.look_up() as session:
                clinic = await directory.organization(session, clinic_id)
            charset = clinic.default_character_set if clinic else None
            self.charsets[clinic_id] = charset, time.monotonic()
        return charset


def store_router() -> APIRouter:
    router = APIRouter(prefix="/dicomweb", tags=["dicomweb"])
    storing = _Storing(ThreadPoolExecutor(_SORTERS, thread_name_prefix="store"), Arriving())

    @router.post("/studies", summary="Store instances", responses=_ANSWERS, openapi_extra=_BODY)
    async def store(sender: CurrentSender, request: Request, resources: CurrentResources) -> Response:
        """Sent again they are answered as stored. A study whose accession number or UID names an order or a case joins
        it, any other opens a case."""
        return await _store(sender, request, resources, storing, None)

    @router.post(
        "/studies/{study_uid}", summary="Store instances of one study", responses=_ANSWERS, openapi_extra=_BODY
    )
    async def store_in_study(
        study_uid: str, sender: CurrentSender, request: Request, resources: CurrentResources
    ) -> Response:
        """Those of another study fail with (0008,1197) A901."""
        return await _store(sender, request, resources, storing, study_uid)

    return router


async def _store(
    sender: Sender, request: Request, resources: Resources, storing: _Storing, study_uid: str | None
) -> Response:
    sender.actor.require(Role.clinic, Role.integration)
    media_type = first_of(accepted(request), (JSON, "application/json", XML))
    settings = settings_of(resources)
    limits = Limits(settings.upload_max_bytes, settings.upload_max_files, settings.spool_dir)
    async with receive_parts(request, limits, DICOM) as (parts, spool):
        answer = await _take(sender, resources, storing, parts, spool, study_uid)
    return answer.response(Links.of(request, settings.public_url), media_type)


async def _take(
    sender: Sender,
    resources: Resources,
    storing: _Storing,
    parts: Sequence[ReceivedPart],
    spool: Spool,
    study_uid: str | None,
) -> StoreAnswer:
    org_id = sender.actor.org_id
    known = await known_parts(resources, org_id, parts, spool, storing.sorters, study_uid)
    if not known.others:
        return StoreAnswer(known.stored, ())
    places = [Place(part.number, part.offset, part.length) for part in known.others]
    async with early_pack(resources.blobs, spool, places) as pack:
        charset = await storing.charset_of(resources, org_id)
        found = await sort_parts(known.others, spool, storing.sorters, charset, study_uid)
        return await keep_parts(resources, sender, storing.arriving, known, found, spool, pack)

"""A clinic says of which files the ones that it compressed were made, so that the manifest can name both.

Apart from the order: a CT's thousand digests have no room in the head of a resumable upload.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from services.imaging.dicomweb.access import CurrentCall
from services.imaging.parse.identity import USABLE_UID
from services.imaging.queries import originals
from services.imaging.queries.originals import Original
from shared import audit
from shared.auth import Role
from shared.events.part import Part
from shared.web import client_address

_MOST = 5000
SopInstanceUid = Annotated[str, StringConstraints(pattern=USABLE_UID)]
TransferSyntaxUid = Annotated[str, StringConstraints(pattern=r"^[0-9.]{1,64}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class OriginalFile(Part):
    sop_instance_uid: SopInstanceUid
    sent_sha256: Sha256 = Field(description="of the file as it was sent: the manifest's sha256")
    sha256: Sha256 = Field(description="of the file as the machine made it")
    transfer_syntax_uid: TransferSyntaxUid = Field(description="of the file as the machine made it")


class OriginalFiles(Part):
    originals: Annotated[list[OriginalFile], Field(min_length=1, max_length=_MOST)]


class NotedOriginals(BaseModel):
    noted: int
    unknown: list[str] = Field(description="SOP Instance UIDs that this clinic did not send in these bytes")


def originals_router() -> APIRouter:
    router = APIRouter(prefix="/imaging/v1/originals", tags=["clinic"])

    @router.post("", summary="Say what compressed images were made of")
    async def note_originals(body: OriginalFiles, call: CurrentCall) -> NotedOriginals:
        """After the upload; may be said again. The study's manifest shows it as `original`."""
        call.actor.require(Role.clinic, Role.integration)
        said = [Original(**each.model_dump()) for each in body.originals]
        async with call.resources.db.transaction() as session:
            noted = await originals.note(session, call.actor.org_id, said)
            address = client_address(call.request)
            await audit.record(
                session, call.actor, "originals.note", "instances", "", address=address, detail={"noted": len(noted)}
            )
        return NotedOriginals(
            noted=len(noted), unknown=[each.sop_instance_uid for each in said if each.sop_instance_uid not in noted]
        )

    return router

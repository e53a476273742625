"""What of a study lies safely here, so that a workstation knows what it may delete."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.imaging.dicomweb.access import CurrentCall
from services.imaging.queries import studies
from services.imaging.queries.originals import originals_of


class OriginalOfInstance(BaseModel):
    """The file that the clinic compressed without loss, as the clinic says."""

    sha256: str
    transfer_syntax_uid: str


class HeldInstance(BaseModel):
    sop_instance_uid: str
    series_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    size_bytes: int
    sha256: str = Field(description="of the file as it was sent")
    durable_at: datetime = Field(description="since when it is on disk and in the database")
    original: OriginalOfInstance | None = Field(description="what it was made of, where the clinic compressed it")


class StudyManifest(BaseModel):
    study_uid: str
    count: int
    size_bytes: int
    instances: list[HeldInstance]


def manifest_router() -> APIRouter:
    router = APIRouter(prefix="/imaging/v1/studies", tags=["clinic"])

    @router.get("/{study_uid}/manifest", summary="The images of a study that are durable here")
    async def study_manifest(study_uid: str, call: CurrentCall) -> StudyManifest:
        """What stands here was synced to disk before its upload was answered. Compare `sha256` with your own file,
        then you may delete it; of one that you compressed before sending, `original.sha256`."""
        async with call.resources.db.transaction() as session:
            study = await call.see(session, study_uid, "study.manifest")
            found = await studies.stored(session, study)
            originals = await originals_of(session, study)
        held = [
            HeldInstance(
                sop_instance_uid=each.sop_instance_uid,
                series_uid=each.series_uid,
                sop_class_uid=each.sop_class_uid,
                transfer_syntax_uid=each.transfer_syntax_uid,
                size_bytes=each.size_bytes,
                sha256=each.file_sha256,
                durable_at=each.received_at,
                original=_original(originals.get((each.series_uid, each.sop_instance_uid))),
            )
            for each in found
        ]
        size_bytes = sum(each.size_bytes for each in held)
        return StudyManifest(study_uid=study_uid, count=len(held), size_bytes=size_bytes, instances=held)

    return router


def _original(found: tuple[str, str] | None) -> OriginalOfInstance | None:
    return None if found is None else OriginalOfInstance(sha256=found[0], transfer_syntax_uid=found[1])

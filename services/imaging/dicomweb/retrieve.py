"""WADO-RS of whole instances (PS3.18 10.4): a study, a series, one instance, as stored or in Explicit VR."""

from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Response

from services.imaging.dicomweb.access import Call, CurrentCall
from services.imaging.dicomweb.media_types import (
    AS_STORED,
    DICOM,
    EXPLICIT_LITTLE,
    MediaRange,
    accepted,
    not_acceptable,
)
from services.imaging.dicomweb.multipart import LatePart, Part, multipart_answer, part_of, ready, single_answer
from services.imaging.dicomweb.pixels.job import RewriteFile, Undecodable
from services.imaging.dicomweb.syntaxes import is_decodable
from services.imaging.queries import studies
from services.imaging.queries.studies import SeenStudy, StoredInstance
from shared.sandbox import SandboxFailed

_MOST_REWRITTEN_BYTES = 256 << 20


def retrieve_router() -> APIRouter:
    router = APIRouter(prefix="/studies/{study_uid}", tags=["dicomweb"])

    @router.get("", summary="Retrieve a study")
    async def retrieve_study(study_uid: str, call: CurrentCall) -> Response:
        return await _retrieve(call, study_uid, None, None)

    @router.get("/series/{series_uid}", summary="Retrieve a series")
    async def retrieve_series(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        return await _retrieve(call, study_uid, series_uid, None)

    @router.get("/series/{series_uid}/instances/{sop_instance_uid}", summary="Retrieve an instance")
    async def retrieve_instance(study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall) -> Response:
        return await _retrieve(call, study_uid, series_uid, sop_instance_uid)

    return router


async def _retrieve(call: Call, study_uid: str, series_uid: str | None, sop_instance_uid: str | None) -> Response:
    ranges = [each for each in accepted(call.request) if each.takes(DICOM)]
    if not ranges:
        raise not_acceptable([f'multipart/related; type="{DICOM}"'])
    async with call.resources.db.transaction() as session:
        study = await call.see(session, study_uid, "study.retrieve")
        found = await studies.stored(session, study, series_uid, sop_instance_uid)
    parts = [part for each in found if (part := _part(call, study, each, ranges, alone=len(found) == 1))]
    if not parts:
        raise not_acceptable(sorted({f"{DICOM}; transfer-syntax={each.transfer_syntax_uid}" for each in found}))
    if sop_instance_uid is not None and ranges[0].kind == DICOM:
        return await single_answer(await ready(parts[0]))
    return await multipart_answer(parts, DICOM, status=200 if len(parts) == len(found) else 206)


def _part(
    call: Call, study: SeenStudy, instance: StoredInstance, ranges: Sequence[MediaRange], *, alone: bool
) -> Part | LatePart | None:
    """In the first transfer syntax that the client takes; None when it takes none there is.

    Whoever names none means Explicit VR Little Endian (PS3.18 8.7.3.1), and gets what is stored where there is no way
    to that: a film in an unexpected syntax is of more use than none.
    """
    location = call.links.instance(study.study_uid, instance.series_uid, instance.sop_instance_uid)
    for syntax in (each.transfer_syntax for each in ranges):
        if syntax in (AS_STORED, instance.transfer_syntax_uid) or (
            instance.transfer_syntax_uid == EXPLICIT_LITTLE and syntax is None
        ):
            return _as_stored(call, instance, location)
        if syntax in (None, EXPLICIT_LITTLE) and _is_rewritable(instance):
            return _rewritten(call, instance, location, may_differ=syntax is None or not alone)
        if syntax is None:
            return _as_stored(call, instance, location)
    return None


def _is_rewritable(instance: StoredInstance) -> bool:
    return is_decodable(instance.transfer_syntax_uid) and instance.size_bytes <= _MOST_REWRITTEN_BYTES


def _as_stored(call: Call, instance: StoredInstance, location: str) -> Part:
    def chunks() -> AsyncIterator[bytes]:
        return call.resources.blobs.stream(instance.ref)

    return Part(_type(instance.transfer_syntax_uid), location, chunks, instance.ref.length)


def _rewritten(call: Call, instance: StoredInstance, location: str, *, may_differ: bool) -> LatePart:
    """Decoded when its turn comes, one at a time; one that proves damaged is sent as it is where it ``may_differ``."""

    async def rewrite() -> Part:
        data = await call.resources.blobs.read(instance.ref)
        try:
            explicit = await call.desk.pixels(RewriteFile(data))
        except (SandboxFailed, Undecodable):
            if may_differ:
                return _as_stored(call, instance, location)
            raise not_acceptable([_type(instance.transfer_syntax_uid)]) from None
        return part_of(_type(EXPLICIT_LITTLE), location, explicit)

    return rewrite


def _type(transfer_syntax_uid: str) -> str:
    return f"{DICOM}; transfer-syntax={transfer_syntax_uid}"

"""Rendered images and thumbnails (PS3.18 10.4.1.1.3, 10.4.1.1.4, 8.3.5) of a study, a series, an instance, frames."""

from dataclasses import replace

from fastapi import APIRouter, Response

from services.imaging.dicomweb.access import Call, CurrentCall
from services.imaging.dicomweb.media_types import accepted, first_of, not_acceptable
from services.imaging.dicomweb.multipart import NO_STORE, LatePart, Part, multipart_answer, part_of
from services.imaging.dicomweb.pixels.job import RenderFrame, Undecodable
from services.imaging.dicomweb.pixels.view import View
from services.imaging.dicomweb.retrieve.frames import frame_numbers
from services.imaging.dicomweb.retrieve.image import StoredImage, image_of
from services.imaging.dicomweb.retrieve.rendering import read_view
from services.imaging.queries import studies
from shared.errors import Unreadable
from shared.sandbox import SandboxFailed

_KINDS = ("image/jpeg", "image/png")
_PDF, _PDF_CLASS, _PDF_VALUE = "application/pdf", "1.2.840.10008.5.1.4.1.1.104.1", "00420011"
_MOST_PICTURES = 100
_IN_STUDY = "/studies/{study_uid}"
_IN_SERIES = _IN_STUDY + "/series/{series_uid}"
_IN_INSTANCE = _IN_SERIES + "/instances/{sop_instance_uid}"


def rendered_router() -> APIRouter:
    router = APIRouter(tags=["dicomweb"])

    @router.get(_IN_STUDY + "/rendered", summary="A study as one picture, of its middle image")
    async def study_rendered(study_uid: str, call: CurrentCall) -> Response:
        return await _picture(await _middle(call, study_uid, None), [1])

    @router.get(_IN_STUDY + "/thumbnail", summary="The same, small")
    async def study_thumbnail(study_uid: str, call: CurrentCall) -> Response:
        return await _picture(await _middle(call, study_uid, None), [1], small=True)

    @router.get(_IN_SERIES + "/rendered", summary="A series as one picture, of its middle image")
    async def series_rendered(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        return await _picture(await _middle(call, study_uid, series_uid), [1])

    @router.get(_IN_SERIES + "/thumbnail", summary="The same, small")
    async def series_thumbnail(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        return await _picture(await _middle(call, study_uid, series_uid), [1], small=True)

    @router.get(_IN_INSTANCE + "/rendered", summary="An instance as a picture: its first frame; a document as PDF")
    async def instance_rendered(study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall) -> Response:
        image = await image_of(call, study_uid, series_uid, sop_instance_uid)
        return await (_document(image) if image.stored.sop_class_uid == _PDF_CLASS else _picture(image, [1]))

    @router.get(_IN_INSTANCE + "/thumbnail", summary="The first frame, small")
    async def instance_thumbnail(study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall) -> Response:
        return await _picture(await image_of(call, study_uid, series_uid, sop_instance_uid), [1], small=True)

    @router.get(_IN_INSTANCE + "/frames/{frame_list}/rendered", summary="Frames as pictures")
    async def frames_rendered(
        study_uid: str, series_uid: str, sop_instance_uid: str, frame_list: str, call: CurrentCall
    ) -> Response:
        numbers = frame_numbers(frame_list)
        return await _picture(await image_of(call, study_uid, series_uid, sop_instance_uid), numbers)

    @router.get(_IN_INSTANCE + "/frames/{frame_list}/thumbnail", summary="Frames as small pictures")
    async def frames_thumbnail(
        study_uid: str, series_uid: str, sop_instance_uid: str, frame_list: str, call: CurrentCall
    ) -> Response:
        numbers = frame_numbers(frame_list)
        return await _picture(await image_of(call, study_uid, series_uid, sop_instance_uid), numbers, small=True)

    return router


async def _picture(image: StoredImage, numbers: list[int], *, small: bool = False) -> Response:
    if len(numbers) > _MOST_PICTURES:
        raise Unreadable(f"一次最多 {_MOST_PICTURES} 帧", code="bad_parameter")
    kind = first_of(accepted(image.call.request), _KINDS)
    view = replace(read_view(image.call.request.query_params, small=small), kind=kind)
    if len(numbers) == 1:
        return Response(await _rendered(image, numbers[0], view), media_type=kind, headers={"Cache-Control": NO_STORE})
    parts = [_late(image, number, view) for number in numbers]
    return await multipart_answer(parts, kind)


def _late(image: StoredImage, number: int, view: View) -> LatePart:
    async def render() -> Part:
        return part_of(view.kind, f"{image.location}/frames/{number}/rendered", await _rendered(image, number, view))

    return render


async def _rendered(image: StoredImage, number: int, view: View) -> bytes:
    job = RenderFrame(await image.frame(number), await image.grey_levels(number), view)
    try:
        return await image.call.desk.pixels(job)
    except (SandboxFailed, Undecodable):
        raise not_acceptable([f"application/dicom; transfer-syntax={image.transfer_syntax_uid}"]) from None


async def _document(image: StoredImage) -> Response:
    first_of(accepted(image.call.request), [_PDF])
    document = await image.value(_PDF_VALUE) or image.inline(_PDF_VALUE)
    return Response(document.rstrip(b"\0"), media_type=_PDF, headers={"Cache-Control": NO_STORE})


async def _middle(call: Call, study_uid: str, series_uid: str | None) -> StoredImage:
    """The middle image of those that have pixels: the first slices of a CT show air. Raises NotFound."""
    async with call.resources.db.transaction() as session:
        study = await call.see(session, study_uid, "study.pixels")
        found = await studies.middle_image(session, study, series_uid)
        return StoredImage(call, await studies.pixels_of(session, study, found.series_uid, found.sop_instance_uid))

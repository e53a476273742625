"""Every bulk value, or all pixel data, of a study, a series, an instance (PS3.18 Table 10.4.1-1): one part a value,
one part a frame where pixels are compressed, one instance at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from services.imaging.dicomweb.access import Call, CurrentCall
from services.imaging.dicomweb.media_types import OCTETS, MediaRange, accepted, not_acceptable
from services.imaging.dicomweb.multipart import LatePart, Part, multipart_stream
from services.imaging.dicomweb.retrieve.bulkdata import value_part
from services.imaging.dicomweb.retrieve.frames import Chosen, choose, frame_part
from services.imaging.dicomweb.retrieve.image import PIXELS, StoredImage
from services.imaging.queries import studies
from services.imaging.queries.studies import SeenStudy, StoredInstance
from shared.errors import NotFound

_STUDY = "/studies/{study_uid}"
_SERIES = _STUDY + "/series/{series_uid}"
_INSTANCE = _SERIES + "/instances/{sop_instance_uid}"


def bulkdata_all_router() -> APIRouter:
    router = APIRouter(tags=["dicomweb"])

    @router.get(_STUDY + "/bulkdata", summary="All bulk values of a study")
    async def study_bulk_values(study_uid: str, call: CurrentCall) -> Response:
        """Multipart; each part's Content-Location is the value's BulkDataURI, or the frame's URL where the pixels are
        compressed. 206: of some the transfer syntax asked for cannot be made."""
        return await _answer(call, study_uid, None, None)

    @router.get(_SERIES + "/bulkdata", summary="All bulk values of a series")
    async def series_bulk_values(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        return await _answer(call, study_uid, series_uid, None)

    @router.get(_INSTANCE + "/bulkdata", summary="All bulk values of an instance")
    async def instance_bulk_values(
        study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall
    ) -> Response:
        return await _answer(call, study_uid, series_uid, sop_instance_uid)

    @router.get(_STUDY + "/pixeldata", summary="The pixel data of a study")
    async def study_pixel_data(study_uid: str, call: CurrentCall) -> Response:
        return await _answer(call, study_uid, None, None, only_pixels=True)

    @router.get(_SERIES + "/pixeldata", summary="The pixel data of a series")
    async def series_pixel_data(study_uid: str, series_uid: str, call: CurrentCall) -> Response:
        return await _answer(call, study_uid, series_uid, None, only_pixels=True)

    return router


async def _answer(
    call: Call, study_uid: str, series_uid: str | None, sop_instance_uid: str | None, *, only_pixels: bool = False
) -> Response:
    ranges = [each for each in accepted(call.request) if each.is_multipart or each.kind == "*/*"]
    async with call.resources.db.transaction() as session:
        study = await call.see(session, study_uid, "study.pixels")
        found = await studies.stored(session, study, series_uid, sop_instance_uid)
    chosen = [(each, choose(ranges, each.transfer_syntax_uid)) for each in found]
    served = [(each, choice) for each, choice in chosen if choice is not None]
    if not served:
        raise not_acceptable([f'multipart/related; type="{OCTETS}"'])
    values = _Values(call, study, takes_octets=_takes_octets(ranges), only_pixels=only_pixels)
    status = 200 if len(served) == len(found) else 206
    parts = values.of_all(served)
    first = await anext(parts, None)
    if first is None:
        raise NotFound("没有大数据值")
    return await multipart_stream(_with(first, parts), OCTETS, status=status)


async def _with(first: Part | LatePart, rest: AsyncIterator[Part | LatePart]) -> AsyncIterator[Part | LatePart]:
    yield first
    async for each in rest:
        yield each


def _takes_octets(ranges: Sequence[MediaRange]) -> bool:
    return any(each.takes(OCTETS) for each in ranges)


@dataclass(frozen=True, slots=True)
class _Values:
    call: Call
    study: SeenStudy
    takes_octets: bool
    only_pixels: bool

    async def of_all(self, instances: Sequence[tuple[StoredInstance, Chosen]]) -> AsyncIterator[Part | LatePart]:
        for stored, chosen in instances:
            async with self.call.resources.db.look_up() as session:
                row = await studies.pixels_of(session, self.study, stored.series_uid, stored.sop_instance_uid)
            image = StoredImage(self.call, row)
            async for part in self._pixels(image, chosen):
                yield part
            for value in row.bulk if self.takes_octets and not self.only_pixels else ():
                yield await value_part(image, value["path"])

    async def _pixels(self, image: StoredImage, chosen: Chosen) -> AsyncIterator[Part | LatePart]:
        if image.is_native:
            try:
                yield await value_part(image, PIXELS)
            except NotFound:  # a document, a waveform
                return
        else:
            for number in range(1, image.layout.frames + 1):
                yield await frame_part(image, number, chosen)

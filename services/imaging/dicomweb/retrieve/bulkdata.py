"""Long values that the metadata leave out (PS3.18 10.4.1.1.5), by the BulkDataURI that names them."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Response

from services.imaging.dicomweb.access import CurrentCall
from services.imaging.dicomweb.media_types import OCTETS, accepted, not_acceptable
from services.imaging.dicomweb.multipart import Part, multipart_answer, part_of, single_answer
from services.imaging.dicomweb.pixels.places import swapped
from services.imaging.dicomweb.retrieve.frames import answer_frames
from services.imaging.dicomweb.retrieve.image import PIXELS, StoredImage, image_of
from services.imaging.parse.encoding import EXPLICIT_BIG, is_deflated
from shared.errors import NotFound

_WORDS = {"OW": 2, "US": 2, "SS": 2, "OL": 4, "OF": 4, "FL": 4, "UL": 4, "SL": 4, "OD": 8, "OV": 8, "FD": 8}


def bulkdata_router() -> APIRouter:
    router = APIRouter(
        prefix="/studies/{study_uid}/series/{series_uid}/instances/{sop_instance_uid}", tags=["dicomweb"]
    )

    @router.get("/bulkdata/{path:path}", summary="Retrieve one bulk value")
    async def retrieve_bulk_value(
        study_uid: str, series_uid: str, sop_instance_uid: str, path: str, call: CurrentCall
    ) -> Response:
        """Multipart, or with `Accept: application/octet-stream` the value alone."""
        image = await image_of(call, study_uid, series_uid, sop_instance_uid)
        path = path.upper()
        if path == PIXELS and not image.is_native:
            return await answer_frames(image, range(1, image.layout.frames + 1))
        asked = next((each for each in accepted(call.request) if each.takes(OCTETS)), None)
        if asked is None:
            raise not_acceptable([OCTETS])
        part = await value_part(image, path)
        return await (multipart_answer([part], OCTETS) if asked.is_multipart else single_answer(part))

    return router


async def value_part(image: StoredImage, path: str) -> Part:
    """Raises NotFound for a path that is no bulk value of the instance. Little endian, as octets are (PS3.18 8.7.3)."""
    location = f"{image.location}/bulkdata/{path}"
    place = _place(image, path)
    word = _WORDS.get(place["vr"], 1) if image.transfer_syntax_uid == EXPLICIT_BIG else 1
    if is_deflated(image.transfer_syntax_uid):
        return part_of(OCTETS, location, await image.inflated(path))

    async def chunks() -> AsyncIterator[bytes]:
        stream = image.call.resources.blobs.stream(image.stored.ref, start=place["offset"], length=place["length"])
        async for chunk in stream:
            yield swapped(chunk, word)

    return Part(OCTETS, location, chunks, place["length"])


def _place(image: StoredImage, path: str) -> dict[str, Any]:
    pixels = image.row.pixels
    if path == PIXELS and (pixels is not None or is_deflated(image.transfer_syntax_uid)):
        return {"vr": "OW" if image.layout.bits_allocated > 8 else "OB", **(pixels or {})}
    for each in image.row.bulk:
        if each["path"] == path:
            return each
    raise NotFound

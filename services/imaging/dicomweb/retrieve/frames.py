"""WADO-RS of frames (PS3.18 10.4.1.1.6): as stored under their own media type, or decoded."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response

from services.imaging.dicomweb.access import CurrentCall
from services.imaging.dicomweb.media_types import (
    AS_STORED,
    EXPLICIT_LITTLE,
    OCTETS,
    MediaRange,
    accepted,
    not_acceptable,
)
from services.imaging.dicomweb.multipart import (
    LatePart,
    Part,
    multipart_answer,
    multipart_stream,
    part_of,
    ready,
    single_answer,
)
from services.imaging.dicomweb.pixels.job import DecodeFrame, Undecodable
from services.imaging.dicomweb.retrieve.image import StoredImage, image_of
from services.imaging.dicomweb.syntaxes import is_decodable, media_type_of
from shared.errors import NotFound, Unreadable
from shared.sandbox import SandboxFailed

_MOST_FRAMES = 5000
_EXPLICIT = f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE}"


def frames_router() -> APIRouter:
    router = APIRouter(
        prefix="/studies/{study_uid}/series/{series_uid}/instances/{sop_instance_uid}", tags=["dicomweb"]
    )

    @router.get("/frames/{frame_list}", summary="Retrieve frames")
    async def retrieve_frames(
        study_uid: str, series_uid: str, sop_instance_uid: str, frame_list: str, call: CurrentCall
    ) -> Response:
        """`1` or `1,2,5`. `transfer-syntax=*`: as stored, which the part's Content-Type names; without: decoded."""
        numbers = frame_numbers(frame_list)
        image = await image_of(call, study_uid, series_uid, sop_instance_uid)
        if not all(1 <= number <= image.layout.frames for number in numbers):
            raise NotFound("没有所请求的帧")
        return await answer_frames(image, numbers)

    @router.get("/pixeldata", summary="Retrieve all frames")
    async def retrieve_pixel_data(
        study_uid: str, series_uid: str, sop_instance_uid: str, call: CurrentCall
    ) -> Response:
        image = await image_of(call, study_uid, series_uid, sop_instance_uid)
        return await answer_frames(image, range(1, image.layout.frames + 1))

    return router


def frame_numbers(text: str) -> list[int]:
    """Raises Unreadable ``bad_parameter`` for what is no list of frames."""
    items = [item.strip() for item in text.split(",")]
    if len(items) > _MOST_FRAMES or not all(item.isascii() and item.isdigit() and len(item) < 9 for item in items):
        raise Unreadable("帧号应为 1 起的整数，多个以逗号分隔", code="bad_parameter")
    return [int(item) for item in items]


async def answer_frames(image: StoredImage, numbers: Sequence[int]) -> Response:
    ranges = accepted(image.call.request)
    chosen = choose(ranges, image.transfer_syntax_uid)
    if chosen is None:
        own = media_type_of(image.transfer_syntax_uid)
        raise not_acceptable([f"{own}; transfer-syntax={image.transfer_syntax_uid}", OCTETS])
    if len(numbers) > _MOST_FRAMES:  # the header may say any number
        return await multipart_stream(_frame_parts(image, numbers, chosen), chosen.media_type)
    parts = [await frame_part(image, number, chosen) for number in numbers]
    if len(parts) == 1 and not chosen.asked.is_multipart and chosen.asked.kind != "*/*":
        return await single_answer(await ready(parts[0]))
    return await multipart_answer(parts, chosen.media_type)


async def _frame_parts(image: StoredImage, numbers: Sequence[int], chosen: "Chosen") -> AsyncIterator[Part | LatePart]:
    for number in numbers:
        yield await frame_part(image, number, chosen)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The range that is served, the media type, and whether the frame is decoded for it."""

    asked: MediaRange
    media_type: str
    is_decoded: bool


async def frame_part(image: StoredImage, number: int, chosen: Chosen) -> Part | LatePart:
    """Raises NotFound where the fragments of the frames cannot be told apart."""
    location = f"{image.location}/frames/{number}"
    if chosen.is_decoded:
        return _decoded(image, number, location, may_differ=chosen.asked.transfer_syntax is None)
    return await _as_stored(image, number, location, chosen.media_type)


def choose(ranges: Sequence[MediaRange], stored: str) -> Chosen | None:
    """What is served of the transfer syntax ``stored``; None where nothing is taken.

    Octets without a transfer syntax are Explicit VR Little Endian; a JPEG that is asked for as ``image/jpeg`` is the
    JPEG that is stored (PS3.18 Tables 8.7.3-2 and 8.7.3-5).
    """
    own = media_type_of(stored)
    is_native = own == OCTETS and is_decodable(stored)
    for each in ranges:
        syntax = each.transfer_syntax
        if each.takes(OCTETS) and (syntax in (AS_STORED, stored) and not is_native):
            return Chosen(each, own if each.takes(own) else OCTETS, is_decoded=False)
        if each.takes(OCTETS) and is_native and syntax in (None, AS_STORED, EXPLICIT_LITTLE, stored):
            return Chosen(each, OCTETS, is_decoded=False)
        if each.takes(OCTETS) and is_decodable(stored) and syntax in (None, EXPLICIT_LITTLE):
            return Chosen(each, OCTETS, is_decoded=True)
        if each.takes(own) and syntax in (None, AS_STORED, stored):
            return Chosen(each, own, is_decoded=False)
    return None


async def _as_stored(image: StoredImage, number: int, location: str, media_type: str) -> Part | LatePart:
    """A frame that lies there as it is to be sent is streamed. A native one's syntax is Explicit VR Little Endian."""
    content_type = f"{media_type}; transfer-syntax={image.transfer_syntax_uid}"
    if image.is_native:
        run = image.native_run(number)
        if run is None:
            return _native(image, number, location)
        content_type, runs = _EXPLICIT, [run]
    else:
        runs = list(await image.runs(number))

    async def chunks() -> AsyncIterator[bytes]:
        for run in runs:
            async for chunk in image.stream(run):
                yield chunk

    return Part(content_type, location, chunks, sum(length for _, length in runs))


def _native(image: StoredImage, number: int, location: str) -> LatePart:
    async def read() -> Part:
        frame = await image.frame(number)
        return part_of(_EXPLICIT, location, b"".join(frame.fragments))

    return read


def _decoded(image: StoredImage, number: int, location: str, *, may_differ: bool) -> LatePart:
    """One that proves damaged is sent as it is stored where the client named no transfer syntax."""

    async def decode() -> Part:
        try:
            samples = await image.call.desk.pixels(DecodeFrame(await image.frame(number)))
        except (SandboxFailed, Undecodable):
            if may_differ:
                return await ready(await _as_stored(image, number, location, OCTETS))
            raise not_acceptable([f"{OCTETS}; transfer-syntax={image.transfer_syntax_uid}"]) from None
        return part_of(_EXPLICIT, location, samples)

    return decode

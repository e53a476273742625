"""One stored image as frames are taken from it: its row, its header, and reading parts of its bytes."""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from services.imaging.dicomweb.access import Call
from services.imaging.dicomweb.pixels.job import Frame, ReadValue
from services.imaging.dicomweb.pixels.layout import Layout, layout_of
from services.imaging.dicomweb.pixels.places import (
    aligned,
    extended_table,
    frames_of,
    native_place,
    swapped,
)
from services.imaging.parse.encoding import EXPLICIT_BIG, EXPLICIT_LITTLE, is_deflated
from services.imaging.queries import studies
from services.imaging.queries.studies import PixelRow, StoredInstance
from shared.errors import NotFound

Run = tuple[int, int]
PIXELS = "7FE00010"
_MOST_FRAME_BYTES = 512 << 20
_MOST_TABLE_BYTES = 256 << 10
# Pixel Value Transformation, Frame VOI LUT
_GREY_GROUPS = ("00289145", "00289132")


@dataclass(frozen=True)
class StoredImage:
    """``frame_runs``: the fragments of each frame, once they were asked for."""

    call: Call
    row: PixelRow
    frame_runs: list[list[Run]] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def stored(self) -> StoredInstance:
        return self.row.stored

    @property
    def transfer_syntax_uid(self) -> str:
        return self.row.stored.transfer_syntax_uid

    @cached_property
    def header(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.row.header)
        return parsed

    @cached_property
    def layout(self) -> Layout:
        """Raises NotFound for what is no image."""
        found = layout_of(self.header, self.stored.number_of_frames)
        if found is None or found.decoded_bytes > _MOST_FRAME_BYTES:
            raise NotFound("没有可取的图像")
        return found

    @property
    def location(self) -> str:
        """The instance's own URL, whichever of its resources was asked for."""
        study_uid = self.call.request.path_params["study_uid"]
        return self.call.links.instance(study_uid, self.stored.series_uid, self.stored.sop_instance_uid)

    def inline(self, tag: str) -> bytes:
        """A short binary value of the header. Raises NotFound."""
        encoded = (self.header.get(tag) or {}).get("InlineBinary")
        if not encoded:
            raise NotFound
        return base64.b64decode(encoded)

    @property
    def is_native(self) -> bool:
        pixels = self.row.pixels
        return pixels is None or pixels["fragments"] is None

    def native_run(self, number: int) -> Run | None:
        """Where a native frame lies in the file just as it is sent; None for one that has to be made from what lies
        there: bits out of their bytes, big endian, deflated."""
        pixels, syntax = self.row.pixels, self.transfer_syntax_uid
        if pixels is None or self.layout.bits_allocated == 1 or syntax == EXPLICIT_BIG or is_deflated(syntax):
            return None
        place = native_place(pixels["offset"], self.layout, number)
        is_whole = place.offset + place.length <= pixels["offset"] + pixels["length"]
        return (place.offset, place.length) if is_whole else None

    def stream(self, run: Run) -> AsyncIterator[bytes]:
        return self.call.resources.blobs.stream(self.stored.ref, start=run[0], length=run[1])

    async def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file, as they are stored."""
        chunks = [chunk async for chunk in self.stream((offset, length))]
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def runs(self, number: int) -> Sequence[Run]:
        """Where frame ``number`` lies in the file. Raises NotFound where its fragments cannot be told apart."""
        if self.row.pixels is None:
            raise NotFound
        if not self.frame_runs:
            found = await frames_of(self.row.pixels["fragments"], self.layout, extended_table(self.header), self.read)
            self.frame_runs.extend(found)
        if not self.frame_runs or not self.frame_runs[number - 1]:
            raise NotFound("无法区分各帧的数据")
        return self.frame_runs[number - 1]

    async def frame(self, number: int) -> Frame:
        """``number`` counts from 1. A native one in little endian. Raises NotFound, SandboxFailed, Undecodable."""
        if not 1 <= number <= self.layout.frames:
            raise NotFound(f"没有第 {number} 帧")
        if not self.is_native:
            pieces = [await self.read(*run) for run in await self.runs(number)]
            return Frame(tuple(pieces), self.transfer_syntax_uid, self.layout)
        offset = self.row.pixels["offset"] if self.row.pixels is not None else 0
        place = native_place(offset, self.layout, number)
        if self.row.pixels is not None and place.offset + place.length > offset + self.row.pixels["length"]:
            raise NotFound(f"第 {number} 帧的数据不完整")
        if is_deflated(self.transfer_syntax_uid):
            raw = (await self.inflated(PIXELS))[place.offset : place.offset + place.length]
        else:
            raw = await self.read(place.offset, place.length)
        if self.layout.bits_allocated == 1:
            raw = aligned(raw, place.skip_bits, self.layout.frame_bits)
        elif self.transfer_syntax_uid == EXPLICIT_BIG:
            # Explicit VR: tag, VR, two reserved bytes and the length stand before the value.
            is_words = await self.read(offset - 8, 2) == b"OW"
            raw = swapped(raw, max(self.layout.bits_allocated // 8, 2 if is_words else 1))
        return Frame((raw,), EXPLICIT_LITTLE, self.layout)

    async def value(self, path: str) -> bytes | None:
        """A long value that the metadata leave out, as it is stored; None where there is no such value."""
        place = next((each for each in self.row.bulk if each["path"] == path), None)
        if place is None:
            return None
        if is_deflated(self.transfer_syntax_uid):
            return await self.inflated(path)
        return await self.read(place["offset"], place["length"])

    async def grey_levels(self, number: int) -> dict[str, Any]:
        """Group 0028 as it applies to the frame, as DICOM JSON: windows, tables, palettes (PS3.3 C.7.6.16.2)."""
        found = {tag: value for tag, value in self.header.items() if tag.startswith("0028")}
        for each in self.row.bulk:
            if each["path"].startswith("0028") and each["length"] <= _MOST_TABLE_BYTES:
                _put_table(found, each["path"].split("/"), await self.value(each["path"]) or b"")
        for groups in (_item(self.header, "52009229", 0), _item(self.header, "52009230", number - 1)):
            for sequence in _GREY_GROUPS:
                found |= _item(groups, sequence, 0)
        return found

    async def inflated(self, path: str) -> bytes:
        """A value of a deflated file, whose values have no place of their own."""

        async def job() -> ReadValue:
            return ReadValue(await self.call.resources.blobs.read(self.stored.ref), path)

        return await self.call.desk.pixels.when_free(job)


def _item(model: dict[str, Any], tag: str, number: int) -> dict[str, Any]:
    items = (model.get(tag) or {}).get("Value") or []
    return items[number] if number < len(items) and isinstance(items[number], dict) else {}


def _put_table(model: dict[str, Any], path: Sequence[str], raw: bytes) -> None:
    """Written anew on the way: the header is others' too."""
    tag, *rest = path
    if not rest:
        model[tag] = {"vr": "OW", "InlineBinary": base64.b64encode(raw).decode("ascii")}
        return
    items = [dict(item) for item in model[tag]["Value"]]
    _put_table(items[int(rest[0])], rest[1:], raw)
    model[tag] = {"vr": "SQ", "Value": items}


async def image_of(call: Call, study_uid: str, series_uid: str, sop_instance_uid: str) -> StoredImage:
    """The instance as the actor may see it, its reading written down. Raises NotFound."""
    async with call.resources.db.look_up() as session:
        study = await studies.see(session, call.actor, study_uid)
        row = await studies.pixels_of(session, study, series_uid, sop_instance_uid)
    await call.note("study.pixels", study.study_pk)
    return StoredImage(call, row)

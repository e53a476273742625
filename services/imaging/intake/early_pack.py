"""Bytes on their way to the store while what they are is still being read: half of an upload's time is either."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from services.imaging.intake.sorting import Image
from shared.blobs import NO_DIGEST, BlobRef, BlobStore, Digested
from shared.errors import Unavailable
from shared.web.upload import Spool


@dataclass(frozen=True, slots=True)
class Place:
    """File ``number`` of the upload is ``length`` bytes of the spool."""

    number: int
    offset: int
    length: int


class EarlyPack:
    """A pack of files that will be images, most likely. One that turns out none must not stay in the store with the
    others (what was refused is kept 30 days, and elsewhere): then all of it is written again without."""

    def __init__(self, blobs: BlobStore, spool: Spool, places: Sequence[Place]) -> None:
        self._blobs = blobs
        self._numbers = [place.number for place in places]
        sources = [Digested(spool.view(place.offset, place.length), NO_DIGEST) for place in places]
        self._writing: asyncio.Task[list[BlobRef]] | None = asyncio.create_task(blobs.put_pack(sources))

    async def take(self, images: Sequence[Image]) -> list[BlobRef] | None:
        """The images' refs if they are all that it holds, once; else None, and it is gone. Raises Unavailable."""
        if self._writing is None or [image.number for image in images] != self._numbers:
            await self.drop()
            return None
        refs, self._writing = await self._writing, None
        return [replace(ref, sha256=image.facts.file_sha256) for ref, image in zip(refs, images, strict=True)]

    async def drop(self) -> None:
        """Waits for it: it reads the spool, which is closed next."""
        writing, self._writing = self._writing, None
        if writing is None:
            return
        await asyncio.wait([writing])
        try:
            refs = writing.result()
        except Unavailable:
            return  # nothing was written, and whoever writes it again will say so
        for key in {ref.key for ref in refs}:
            await self._blobs.delete(key)


@asynccontextmanager
async def early_pack(blobs: BlobStore, spool: Spool, places: Sequence[Place]) -> AsyncIterator[EarlyPack]:
    """Dropped at the end unless it was taken."""
    pack = EarlyPack(blobs, spool, places)
    try:
        yield pack
    finally:
        await pack.drop()


async def pack_of(blobs: BlobStore, images: Sequence[Image], spool: Spool, early: EarlyPack | None) -> list[BlobRef]:
    """Durable when it returns."""
    refs = await early.take(images) if early is not None else None
    if refs is not None:
        return refs
    return await blobs.put_pack([Digested(image.open(spool), image.facts.file_sha256) for image in images])

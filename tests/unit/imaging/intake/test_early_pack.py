"""A pack that is begun before its images are read: kept if all of them are images, else gone."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from services.imaging.intake.early_pack import EarlyPack, Place, early_pack, pack_of
from services.imaging.intake.sorting import Image, keep_image
from services.imaging.parse.instance import read_instance
from shared.blobs import MemoryBlobStore
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.web.upload import Spool
from tests.support.dicom import dicom

FILES = (dicom("i1"), dicom("i2"), dicom("i3"))


class Upload:
    def __init__(self, files: Sequence[bytes] = FILES) -> None:
        self.spool = Spool(Path("/nonexistent"))  # small ones stay in memory
        self.places = [Place(number, self.spool.append(file), len(file)) for number, file in enumerate(files, 1)]
        self.store = MemoryBlobStore("imaging")

    def images(self) -> list[Image]:
        images = []
        for place in self.places:
            view = self.spool.view(place.offset, place.length)
            facts = read_instance(view, place.length, default_charset=None)
            images.append(keep_image(self.spool, place.number, "", place.offset, place.length, facts))
        return images

    async def objects(self) -> int:
        return len([each async for each in self.store.list_keys(utc_now().replace(year=2200))])


async def test_all_images_are_its_refs_with_their_own_digests() -> None:
    upload = Upload()
    async with early_pack(upload.store, upload.spool, upload.places) as pack:
        refs = await pack_of(upload.store, upload.images(), upload.spool, pack)
    assert [await upload.store.read(ref) for ref in refs] == list(FILES)  # checked against the digests
    assert await upload.objects() == 1


async def test_one_that_is_no_image_is_not_kept_with_the_others() -> None:
    upload = Upload()
    good = upload.images()[::2]
    async with early_pack(upload.store, upload.spool, upload.places) as pack:
        refs = await pack_of(upload.store, good, upload.spool, pack)
    assert [await upload.store.read(ref) for ref in refs] == [FILES[0], FILES[2]]
    assert await upload.objects() == 1
    assert refs[1].offset == len(FILES[0])


async def test_it_is_taken_once() -> None:
    upload = Upload()
    pack = EarlyPack(upload.store, upload.spool, upload.places)
    assert await pack.take(upload.images()) is not None
    assert await pack.take(upload.images()) is None
    await pack.drop()
    assert await upload.objects() == 1


async def test_what_nobody_took_is_gone() -> None:
    upload = Upload()
    with pytest.raises(ZeroDivisionError):
        async with early_pack(upload.store, upload.spool, upload.places):
            raise ZeroDivisionError
    assert await upload.objects() == 0


async def test_a_store_that_is_away_is_said_by_whoever_needs_it() -> None:
    upload = Upload()
    upload.store.is_available = False
    async with early_pack(upload.store, upload.spool, upload.places):
        pass
    with pytest.raises(Unavailable):
        async with early_pack(upload.store, upload.spool, upload.places) as pack:
            await pack.take(upload.images())

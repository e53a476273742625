"""Parts that fail in the middle: nothing half-stored, and the same upload works when they are back."""

from collections.abc import Sequence
from typing import BinaryIO

from services.imaging.queries.instances import keys_in_use
from shared.blobs import BlobRef, FileBlobStore
from shared.errors import Unavailable
from shared.reading.workflow.orphans import drop_orphans
from tests.integration.imaging.conftest import Centre
from tests.support.dicom import dicom


class FailingStore(FileBlobStore):
    """Fails before or after a pack was written, as long as it is told to."""

    fails: str | None = None

    async def put_pack(self, sources: Sequence[BinaryIO | bytes]) -> list[BlobRef]:
        if self.fails == "before":
            raise Unavailable(code="storage_unavailable", retry_after_s=5)
        refs = await super().put_pack(sources)
        if self.fails == "after":
            raise Unavailable(code="storage_unavailable", retry_after_s=5)
        return refs


async def test_a_store_that_is_away_makes_no_case(centre: Centre) -> None:
    store = FailingStore(centre.store, "imaging")
    centre.resources.blobs = store
    for store.fails, orphans in (("before", 0), ("after", 1)):
        answer = await centre.upload(dicom("i1"))
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
        assert answer.headers["retry-after"] == "5"
        assert (await centre.count("reading.case"), await centre.count("imaging.instance")) == (0, 0)
        assert len(centre.objects()) == orphans
    store.fails = None
    assert (await centre.upload(dicom("i1"))).status_code == 202
    assert await drop_orphans(centre.resources, 0, keys_in_use) == 1
    ((key,),) = await centre.rows("SELECT blob_key FROM imaging.instance")
    assert centre.objects() == [centre.store / key]


async def test_missing_bytes_are_an_error_and_not_an_empty_image(centre: Centre) -> None:
    case = (await centre.upload(dicom("i1"))).json()
    (path,) = centre.objects()
    path.unlink()
    (instance,) = (await centre.get(case["links"]["instances"])).json()["instances"]
    answer = await centre.get(instance["link"])
    assert (answer.status_code, answer.json()["code"]) == (500, "blob_missing")

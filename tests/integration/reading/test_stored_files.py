"""The sweep of the region's store: what no version names goes, and nothing else does."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from shared.blobs import BlobRef, FileBlobStore
from shared.clock import utc_now
from shared.reading.workflow.stored_files import drop_unnamed_files
from tests.integration.reading.centre import REVIEWER, Centre


@pytest.fixture
def own(tmp_path: Path) -> FileBlobStore:
    return FileBlobStore(tmp_path, "region", "imaging")


def _age(folder: Path, by: timedelta) -> None:
    written_at = (utc_now() - by).timestamp()
    for path in folder.rglob("blob_*"):
        os.utime(path, (written_at, written_at))


def _kept(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("blob_*")}


async def test_only_old_files_that_no_version_names_are_dropped(
    centre: Centre, own: FileBlobStore, tmp_path: Path
) -> None:
    centre.desk.blobs = own
    submitted = await centre.submitted()
    signed = await centre.sign(REVIEWER, submitted.case.case_id)
    other = await FileBlobStore(tmp_path, "region", "ecg").put(b"another centre's")
    unprefixed = await FileBlobStore(tmp_path, "region").put(b"from before there were prefixes")
    await own.put(b"its commit failed")
    assert await drop_unnamed_files(centre.db, own) == 0, "all of them are young"
    _age(tmp_path, timedelta(hours=25))
    young = await own.put(b"its commit is under way")
    assert await drop_unnamed_files(centre.db, own) == 3, "the lost one and the pair before the reviewer's signature"
    named = [BlobRef.from_dict(file or {}).key for file in (signed.version.jws, signed.version.pdf)]
    assert _kept(tmp_path) == {*named, other.key, unprefixed.key, young.key}
    assert await drop_unnamed_files(centre.db, own) == 0


async def test_a_waiting_version_keeps_its_files(centre: Centre, own: FileBlobStore, tmp_path: Path) -> None:
    centre.desk.blobs = own
    await centre.submitted()
    _age(tmp_path, timedelta(hours=25))
    assert await drop_unnamed_files(centre.db, own) == 0

"""What ``GONGZHEN_BLOBS`` may say."""

from pathlib import Path

import pytest

from shared.blobs import FileBlobStore, S3BlobStore, open_store


async def test_a_file_url_is_a_directory(tmp_path: Path) -> None:
    store = await open_store(f"file://{tmp_path}/a%20folder", "imaging")
    assert isinstance(store, FileBlobStore)
    assert store.name == "imaging"
    assert (tmp_path / "a folder" / "tmp").is_dir()


async def test_an_s3_url_is_a_bucket() -> None:
    store = await open_store("s3://key:sec%2Fret@127.0.0.1:9000/bucket?secure=false&region=cn", "region")
    assert isinstance(store, S3BlobStore)
    await store.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/folder",
        "file:folder",
        "file://host/folder",
        "s3://key:hush@host",
        "s3://key:hush@host/bucket/folder",
        "s3://key:hush@host/bucket?secured=no",
        "ftp://host/folder",
    ],
)
async def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="blobs: expected") as raised:
        await open_store(url, "imaging")
    assert "hush" not in str(raised.value)

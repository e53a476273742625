"""Every store of bytes in turn: the fake, the directory, a real S3 server."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from shared.blobs import BlobStore, MemoryBlobStore, open_store
from tests.support.servers import RunningSeaweed


@pytest.fixture
def s3_url(seaweed_server: RunningSeaweed) -> str:
    """A bucket that does not exist yet: the store makes it."""
    keys = f"{quote(seaweed_server.access_key, safe='')}:{quote(seaweed_server.secret_key, safe='')}"
    return f"s3://{keys}@{seaweed_server.endpoint}/contract-{secrets.token_hex(6)}?secure=false&timeout_s=10"


@pytest.fixture(params=["memory", "file", "s3"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        url: str = request.getfixturevalue("s3_url")
        return url
    return f"file://{tmp_path}/blobs" if request.param == "file" else ""


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[BlobStore]:
    opened = await open_store(store_url, "imaging") if store_url else MemoryBlobStore("imaging")
    yield opened
    await opened.close()

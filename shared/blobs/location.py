"""From ``GONGZHEN_BLOBS`` to a store."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from shared.blobs.file_store import FileBlobStore
from shared.blobs.s3_store import S3BlobStore, S3Location
from shared.blobs.store import BlobStore


async def open_store(url: str, name: str, prefix: str = "") -> BlobStore:
    """``file:///folder`` or ``s3://[access:secret@]host[:port]/bucket?secure=true|false&region=…&timeout_s=…``.

    The URL names the exact folder or bucket; ``name`` is what refs call it (``imaging``, ``region``); ``prefix``
    begins the keys of what is written here, where several services share a store. Keys in a URL are percent-encoded.
    ``ValueError`` for anything else, without the URL: it may hold a secret.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return await asyncio.to_thread(FileBlobStore, Path(unquote(parts.path)), name, prefix)
    if parts.scheme == "s3":
        return S3BlobStore(_s3_location(url), name, prefix)
    raise ValueError("blobs: expected file:///folder or s3://host/bucket")


def _s3_location(url: str) -> S3Location:
    parts = urlsplit(url)
    bucket = parts.path.strip("/")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if not parts.hostname or not bucket or "/" in bucket or options.keys() - {"secure", "region", "timeout_s"}:
        raise ValueError("blobs: expected s3://[access:secret@]host[:port]/bucket[?secure=&region=&timeout_s=]")
    return S3Location(
        endpoint=parts.netloc.rpartition("@")[2],
        bucket=bucket,
        access_key=unquote(parts.username) if parts.username else None,
        secret_key=unquote(parts.password) if parts.password else None,
        is_secure=options.get("secure", "true") != "false",
        region=options.get("region"),
        timeout_s=float(options.get("timeout_s", "30")),
    )

"""Bytes in an S3 bucket through the ``minio`` SDK: MinIO, SeaweedFS, any S3. The only file that speaks S3.

An object is visible only when it is whole: a single PUT is atomic, and a multipart upload appears when it completes.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, cast

import urllib3
from minio import Minio
from minio.credentials.providers import ChainedProvider, EnvAWSProvider, EnvMinioProvider
from minio.datatypes import Object
from minio.error import MinioException, S3Error

from shared.blobs.errors import BlobCorrupt, BlobMissing
from shared.blobs.pack import PackReader, Source
from shared.blobs.ranges import read_ref, require_store, stream_ref
from shared.blobs.ref import BlobRef, is_key_of, new_key, require_key, require_prefix
from shared.blobs.store import DEFAULT_CHUNK_BYTES, StoredObject
from shared.errors import Unavailable

_PART_BYTES = 8 << 20  # memory of one upload; at most 10,000 parts, so 80 GB an object
_CONNECTIONS = 16
_LISTED_AT_ONCE = 1000
_FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "EntityTooLarge", "InsufficientStorage"})
_PROBE_KEY = "probe"
_PROBE = b"gongzhen"


@dataclass(frozen=True, slots=True)
class S3Location:
    """``endpoint`` is ``host:port``; without keys they come from AWS_… or MINIO_… variables."""

    endpoint: str
    bucket: str
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    is_secure: bool = True
    region: str | None = None
    timeout_s: float = 30.0


class S3BlobStore:
    """Makes its bucket at the first write where it is absent, so that a service starts while S3 is away."""

    def __init__(self, location: S3Location, name: str, prefix: str = "") -> None:
        self._prefix = require_prefix(prefix)
        self._bucket = location.bucket
        self._has_bucket = False
        self._name = name
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            block=True,  # more uploads than connections wait; they do not open ever more sockets
            timeout=urllib3.Timeout(connect=5.0, read=location.timeout_s),
            retries=urllib3.Retry(
                total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], allowed_methods=None
            ),
        )
        credentials = None if location.access_key else ChainedProvider([EnvAWSProvider(), EnvMinioProvider()])
        self._client = Minio(
            location.endpoint,
            access_key=location.access_key,
            secret_key=location.secret_key,
            secure=location.is_secure,
            region=location.region,
            http_client=self._pool,
            credentials=credentials,
        )

    @property
    def name(self) -> str:
        return self._name

    async def put(self, data: bytes, *, content_type: str = "application/octet-stream") -> BlobRef:
        return (await asyncio.to_thread(self._write, [data], content_type))[0]

    async def put_pack(self, sources: Sequence[Source]) -> list[BlobRef]:
        if not sources:
            return []
        return await asyncio.to_thread(self._write, sources, "application/octet-stream")

    async def read(self, ref: BlobRef) -> bytes:
        require_store(ref, self._name)
        return await read_ref(self._fetch, ref)

    async def stream(
        self,
        ref: BlobRef,
        *,
        chunk_size: int = DEFAULT_CHUNK_BYTES,
        start: int = 0,
        length: int | None = None,
    ) -> AsyncIterator[bytes]:
        require_store(ref, self._name)
        async for chunk in stream_ref(self._fetch, ref, chunk_size, start, length):
            yield chunk

    async def list_keys(self, older_than: datetime) -> AsyncIterator[StoredObject]:
        after: str | None = None
        while True:
            page = await asyncio.to_thread(self._list_page, after)
            for item in page:
                key, written_at = cast(str, item.object_name), cast(datetime, item.last_modified)
                if is_key_of(self._prefix, key) and written_at < older_than:
                    yield StoredObject(key, written_at, item.size or 0)
            if len(page) < _LISTED_AT_ONCE:
                return
            after = page[-1].object_name

    async def delete(self, key: str) -> None:
        require_key(key)

        def remove() -> None:
            with self._own_errors():
                self._client.remove_object(self._bucket, key)

        await asyncio.to_thread(remove)

    async def check(self) -> None:
        await asyncio.to_thread(self._probe)

    async def close(self) -> None:
        self._pool.clear()

    async def _fetch(self, key: str, offset: int, length: int) -> bytes:
        return await asyncio.to_thread(self._read_range, require_key(key), offset, length)

    def _write(self, sources: Sequence[Source], content_type: str) -> list[BlobRef]:
        key = new_key(self._prefix)
        pack = PackReader(sources)
        with self._own_errors():
            self._ensure_bucket()
            # One connection for one upload: the SDK's own parallel parts leave threads behind when a source fails.
            self._client.put_object(
                self._bucket,
                key,
                cast(BinaryIO, pack),
                length=-1,
                content_type=content_type,
                part_size=_PART_BYTES,
                num_parallel_uploads=1,
            )
        return pack.refs(self._name, key)

    def _read_range(self, key: str, offset: int, length: int) -> bytes:
        if length == 0:  # to S3 a range of no bytes is the whole object
            with self._own_errors():
                self._client.stat_object(self._bucket, key)
            return b""
        response: Any = None
        with self._own_errors():
            try:
                response = self._client.get_object(self._bucket, key, offset=offset, length=length)
                return cast(bytes, response.read())
            finally:
                if response is not None:
                    response.close()
                    response.release_conn()

    def _list_page(self, after: str | None) -> list[Object]:
        with self._own_errors():
            self._ensure_bucket()
            listing = self._client.list_objects(
                self._bucket, prefix=self._prefix and f"{self._prefix}/", recursive=True, start_after=after
            )
            return [item for item, _ in zip(listing, range(_LISTED_AT_ONCE), strict=False)]

    def _probe(self) -> None:
        with self._own_errors():
            self._ensure_bucket()
            self._client.put_object(self._bucket, _PROBE_KEY, io.BytesIO(_PROBE), len(_PROBE))
        if self._read_range(_PROBE_KEY, 0, len(_PROBE)) != _PROBE:
            raise Unavailable(code="storage_unavailable")

    def _ensure_bucket(self) -> None:
        if not self._has_bucket and not self._client.bucket_exists(self._bucket):
            try:
                self._client.make_bucket(self._bucket)
            except S3Error as error:
                # Another process was quicker.
                if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                    raise
        self._has_bucket = True

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise BlobMissing() from error
            if error.code == "InvalidRange":
                raise BlobCorrupt() from error
            if error.code == "NoSuchBucket":
                self._has_bucket = False
            raise _unavailable(is_full=error.code in _FULL) from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _unavailable(is_full=False) from error


def _unavailable(*, is_full: bool) -> Unavailable:
    return Unavailable(code="storage_full" if is_full else "storage_unavailable", retry_after_s=60 if is_full else 5)

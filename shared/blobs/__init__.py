"""Bytes as they came: objects with random names in a store, and refs that say where in them."""

from shared.blobs.errors import BlobCorrupt, BlobMissing
from shared.blobs.file_store import FileBlobStore
from shared.blobs.location import open_store
from shared.blobs.memory_store import MemoryBlobStore
from shared.blobs.pack import NO_DIGEST, Digested
from shared.blobs.ref import BlobRef
from shared.blobs.s3_store import S3BlobStore, S3Location
from shared.blobs.store import BlobStore, StoredObject

__all__ = [
    "NO_DIGEST",
    "BlobCorrupt",
    "BlobMissing",
    "BlobRef",
    "BlobStore",
    "Digested",
    "FileBlobStore",
    "MemoryBlobStore",
    "S3BlobStore",
    "S3Location",
    "StoredObject",
    "open_store",
]

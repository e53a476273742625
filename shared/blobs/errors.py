"""What can be wrong with stored bytes. A store that cannot be reached or written is ``Unavailable`` instead."""

from shared.errors import GongzhenError


class BlobMissing(GongzhenError):
    """A row names an object that the store does not have."""

    default_code = "blob_missing"
    title = "存储的文件缺失"


class BlobCorrupt(GongzhenError):
    """The store's bytes are not those that were written: shorter, or of another SHA-256."""

    default_code = "blob_corrupt"
    title = "存储的文件已损坏"

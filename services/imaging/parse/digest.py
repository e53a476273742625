"""Digests of a file: of all its bytes, and of its data set alone."""

import hashlib
from typing import BinaryIO, NamedTuple

_CHUNK_BYTES = 1024 * 1024


def digest_data_set(file: BinaryIO, data_set_offset: int, size_bytes: int) -> str:
    """The ``data_set`` of ``digest`` alone."""
    data_set = hashlib.sha256()
    file.seek(data_set_offset)
    left = size_bytes - data_set_offset
    while left > 0 and (chunk := file.read(min(_CHUNK_BYTES, left))):
        data_set.update(chunk)
        left -= len(chunk)
    return data_set.hexdigest()


class Digests(NamedTuple):
    """Hexadecimal SHA-256. Two files are the same instance when ``data_set`` is equal: preamble and group 0002 change
    with every software that stores a file, the data set does not."""

    file: str
    data_set: str


def digest(file: BinaryIO, data_set_offset: int, size_bytes: int) -> Digests:
    whole = hashlib.sha256()
    data_set = hashlib.sha256()
    file.seek(0)
    whole.update(file.read(data_set_offset))
    left = size_bytes - data_set_offset
    while left > 0:
        chunk = file.read(min(_CHUNK_BYTES, left))
        if not chunk:
            break
        whole.update(chunk)
        data_set.update(chunk)
        left -= len(chunk)
    return Digests(whole.hexdigest(), data_set.hexdigest())

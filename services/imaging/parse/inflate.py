"""The Deflated transfer syntax (PS3.5 A.5): the data set behind group 0002 is one raw deflate stream."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.window import Window

MAX_INFLATED_BYTES = 1 << 30
_CHUNK_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 16 * 1024 * 1024


@contextmanager
def inflated(file: BinaryIO, offset: int, size_bytes: int) -> Iterator[Window]:
    """The expanded data set, on disk when it is large. A stream without its end is ``truncated``."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as expanded:
        total = _expand(file, offset, size_bytes, cast(BinaryIO, expanded))
        yield Window(cast(BinaryIO, expanded), total)


def _expand(file: BinaryIO, offset: int, size_bytes: int, target: BinaryIO) -> int:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    file.seek(offset)
    left = size_bytes - offset
    total = 0
    try:
        while not stream.eof:
            piece = stream.unconsumed_tail
            if not piece:
                piece = file.read(min(_CHUNK_BYTES, left))
                left -= len(piece)
            if not piece:
                raise Refused(FailureCode.TRUNCATED)
            out = stream.decompress(piece, _CHUNK_BYTES)
            total += len(out)
            if total > MAX_INFLATED_BYTES:
                raise Refused(FailureCode.TOO_LARGE, "展开后的数据集")
            target.write(out)
    except zlib.error:
        raise Refused(FailureCode.BAD_HEADER, "压缩的数据集无法展开") from None
    return total

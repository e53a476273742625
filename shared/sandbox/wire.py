"""What parent and child say to each other: pickles with their length before them, on the child's stdin and stdout."""

import pickle
import struct
from typing import Any, BinaryIO

LENGTH = struct.Struct("<Q")


def pack(value: Any) -> bytes:
    body = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def receive(stream: BinaryIO) -> Any:
    """Raises EOFError when the other side is gone."""
    head = _exactly(stream, LENGTH.size)
    return pickle.loads(_exactly(stream, LENGTH.unpack(head)[0]))  # noqa: S301 - only ever our own process


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data

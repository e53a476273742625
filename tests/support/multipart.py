"""Bodies of multipart/form-data, made by hand so that they can also be wrong."""

import json
from collections.abc import Sequence
from typing import Any

BOUNDARY = b"gongzhenboundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def part(name: str, data: bytes, *, filename: str | bytes | None = None, headers: Sequence[bytes] = ()) -> bytes:
    disposition = b'Content-Disposition: form-data; name="' + name.encode() + b'"'
    if filename is not None:
        raw = filename.encode() if isinstance(filename, str) else filename
        disposition += b'; filename="' + raw + b'"'
    lines = [b"--" + BOUNDARY, disposition, *headers, b"", data]
    return b"\r\n".join(lines) + b"\r\n"


def closing() -> bytes:
    return b"--" + BOUNDARY + b"--\r\n"


def upload(order: dict[str, Any] | None, files: Sequence[tuple[str, bytes]]) -> bytes:
    parts = [] if order is None else [part("order", json.dumps(order).encode())]
    return b"".join([*parts, *(part("files", data, filename=name) for name, data in files), closing()])

"""``POST /{center}/v1/cases``: all in one request, for what is small and for centres without resumable uploads."""

import json
import secrets
from collections.abc import Iterator

from clinic.region.client import RegionClient
from clinic.region.outcomes import read_answer
from clinic.region.transport import Parcel, Progress, blocks, case_id_of


class OneRequest:
    def __init__(self, client: RegionClient) -> None:
        self._client = client

    def deliver(self, parcel: Parcel, progress: Progress) -> str:
        form = _Form(parcel, progress)
        response = self._client.send(
            "POST",
            f"/{parcel.center}/v1/cases",
            headers={
                "Idempotency-Key": parcel.key,
                "Content-Type": f"multipart/form-data; boundary={form.boundary}",
                "Content-Length": str(form.size_bytes),
            },
            body=form.blocks,
        )
        return case_id_of(read_answer(response))


class _Form:
    """multipart/form-data (RFC 7578) read from disk block by block; of known length, so that a cut body is seen."""

    def __init__(self, parcel: Parcel, progress: Progress) -> None:
        self.boundary = secrets.token_hex(16)
        self._progress = progress
        order = parcel.order_json.encode()
        self._first = (
            (
                f'--{self.boundary}\r\nContent-Disposition: form-data; name="order"\r\n'
                "Content-Type: application/json\r\n\r\n"
            ).encode()
            + order
            + b"\r\n"
        )
        self._parts = [(self._head(file.name), file) for file in parcel.files]
        self._last = f"--{self.boundary}--\r\n".encode()
        self.size_bytes = (
            len(self._first) + len(self._last) + sum(len(head) + file.size_bytes + 2 for head, file in self._parts)
        )

    def blocks(self) -> Iterator[bytes]:
        yield self._first
        for head, file in self._parts:
            yield head
            yield from blocks(file, self._progress)
            yield b"\r\n"
        yield self._last

    def _head(self, name: str) -> bytes:
        quoted = json.dumps(name, ensure_ascii=False)
        return (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="files"; filename={quoted}\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()

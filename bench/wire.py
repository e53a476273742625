"""HTTP over raw sockets with ready-made requests: httpx costs more than the servers that are to be measured."""

import io
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_BUFFER = 1 << 20
_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Target:
    """A DICOMweb service at ``root``; ``token`` is empty where nobody is asked who he is."""

    port: int
    root: str = "/dicomweb"
    token: str = ""

    def head(self, method: str, path: str, fields: dict[str, str]) -> bytes:
        """Request line and header fields, with the empty line behind them; ``path`` is below the root."""
        lines = [f"{method} {self.root}{path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def get(self, path: str, accept: str, *, gzip: bool = False) -> bytes:
        return self.head("GET", path, {"Accept": accept} | ({"Accept-Encoding": "gzip"} if gzip else {}))


class Line:
    """One connection, opened again where the server closes it after an answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._file: io.BufferedReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._file and self._socket:
            self._file.close()
            self._socket.close()
        self._file = self._socket = None

    def ask(self, *pieces: bytes) -> bytes:
        """The body of the answer to one request that is sent piece by piece. RuntimeError for any status but 200."""
        return self.stream(pieces)

    def stream(self, pieces: Iterable[bytes]) -> bytes:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._file = io.BufferedReader(socket.SocketIO(self._socket, "r"), _BUFFER)
        for piece in pieces:
            self._socket.sendall(piece)
        assert self._file is not None
        status, fields = read_head(self._file)
        body = read_body(self._file, fields)
        if fields.get("connection", "").lower() == "close" or not _is_framed(fields):
            self.close()
        if status != 200:
            raise RuntimeError(f"{status} {body[:300]!r}")
        return body


def read_head(file: io.BufferedReader) -> tuple[int, dict[str, str]]:
    """The status, and the header fields by name in lower case. RuntimeError where the connection ends before it."""
    line = file.readline()
    if not line:
        raise RuntimeError("the server closed the connection")
    fields = {}
    for row in iter(file.readline, b"\r\n"):
        name, _, value = row.decode("latin-1").partition(":")
        fields[name.strip().lower()] = value.strip()
    return int(line.split(b" ", 2)[1]), fields


def read_body(file: io.BufferedReader, fields: dict[str, str]) -> bytes:
    """By its length, in chunks, or up to the end of the connection."""
    if "content-length" in fields:
        return file.read(int(fields["content-length"]))
    if fields.get("transfer-encoding", "").lower() != "chunked":
        return file.read()
    chunks = []
    while size := int(file.readline().partition(b";")[0], 16):
        chunks.append(file.read(size))
        file.readline()
    while file.readline() not in (b"\r\n", b""):
        pass  # trailer fields
    return b"".join(chunks)


def _is_framed(fields: dict[str, str]) -> bool:
    return "content-length" in fields or fields.get("transfer-encoding", "").lower() == "chunked"


def ask_all(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Seconds until the last answer; each connection asks its share (every n-th request) one after another."""
    failures: list[Exception] = []

    def work(share: Sequence[bytes]) -> None:
        try:
            with Line(port) as line:
                for each in share:
                    line.ask(each)
        except (OSError, RuntimeError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(requests[n::connections],)) for n in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - started

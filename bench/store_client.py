"""STOW over raw sockets with ready-made bodies: httpx costs more than the servers that are to be measured."""

import io
import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import FileDataset

from tests.support.dicom_files import ct, to_bytes

_BOUNDARY = b"gongzhenbench"
_ROOT = "1.2.826.0.1.3680043.10.1606"


@dataclass(frozen=True, slots=True)
class Target:
    """``path`` takes STOW requests; ``token`` is empty where nobody is asked who he is."""

    port: int
    path: str
    token: str = ""


class Slices:
    """CT slices of 0.525 MB with noise for pixels, each with UIDs of its own: made by putting them into one file."""

    def __init__(self) -> None:
        data_set: FileDataset = dcmread(io.BytesIO(ct(charset="ISO_IR 192", name="测试^甲")))
        data_set.PixelData = os.urandom(len(data_set.PixelData))
        self._uids = [_uid(0, 0, level) for level in range(3)]
        data_set.StudyInstanceUID, data_set.SeriesInstanceUID, data_set.SOPInstanceUID = self._uids
        del data_set.AccessionNumber
        self._file = to_bytes(data_set)

    def slice(self, study: int, number: int) -> bytes:
        file = self._file
        for level, uid in enumerate(self._uids):
            file = file.replace(uid.encode(), _uid(study, number, level).encode())
        return file


def _uid(study: int, number: int, level: int) -> str:
    return f"{_ROOT}.{level + 1}.{study + 10**9}.{number + 10**5 if level == 2 else 10**5}"


def request(target: Target, files: Sequence[bytes]) -> bytes:
    parts = [b"--" + _BOUNDARY + b"\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n" for file in files]
    body = b"".join([*parts, b"--" + _BOUNDARY + b"--\r\n"])
    head = [
        f"POST {target.path} HTTP/1.1",
        f"Host: 127.0.0.1:{target.port}",
        f'Content-Type: multipart/related; type="application/dicom"; boundary={_BOUNDARY.decode()}',
        "Accept: application/dicom+json",
        *([f"Authorization: Bearer {target.token}"] if target.token else []),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def send(target: Target, requests: Sequence[bytes], connections: int) -> float:
    """Seconds until the last answer; each connection sends its share one after another. Raises for any but 200."""
    shares = [requests[n::connections] for n in range(connections)]
    failures: list[str] = []
    threads = [threading.Thread(target=_send_all, args=(target, share, failures)) for share in shares]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures[0])
    return time.perf_counter() - started


def _send_all(target: Target, requests: Sequence[bytes], failures: list[str]) -> None:
    with socket.create_connection(("127.0.0.1", target.port), timeout=120) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for each in requests:
            line.sendall(each)
            status, body = _answer(line)
            if status != 200:
                failures.append(f"{status} {body[:300]!r}")
                return


def _answer(line: socket.socket) -> tuple[int, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(line)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(row.lower().split(b":", 1) for row in head.split(b"\r\n")[1:])
    length = int(fields.get(b"content-length", b"0"))
    while len(body) < length:
        body += _some(line)
    return int(head.split(b" ", 2)[1]), body


def _some(line: socket.socket) -> bytes:
    data = line.recv(65536)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data

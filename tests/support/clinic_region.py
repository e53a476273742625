"""A region for the clinic's program: its REST interface on a line that is down, slow, cut, or lies.

Counts what it was given: an instance or file that is accepted twice, or a case that is opened twice, shows.
"""

import base64
import contextlib
import hashlib
import io
import json
import re
import socket
import threading
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydicom

PASSWORD = "geheim-clinic"


@dataclass
class Line:
    """What goes wrong. ``cut_every_bytes``: so much of a body arrives, then the connection is gone."""

    cut_every_bytes: int = 0
    cuts_left: int = 0
    answers: list[int] = field(default_factory=list)  # given in place of the next uploads' answers
    lose_answers: int = 0  # the work is done, the answer never arrives
    slow_s: float = 0.0
    portal: bool = False  # somebody else answers 200 with a page
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)  # by SOP Instance UID or file name


class ClinicRegion:
    def __init__(self, port: int = 0) -> None:
        self.line = Line()
        self.lock = threading.RLock()
        self.cases: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.uploads: dict[str, dict[str, Any]] = {}
        self.held: dict[str, str] = {}  # digest → case
        self.taken: Counter[str] = Counter()
        self.body_bytes = 0
        self.orders: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        self.pdfs: dict[str, bytes] = {}
        self.has_tus = True
        self.keeps_originals = True
        self.originals: list[dict[str, Any]] = []
        self.tokens = 0
        self.requests: list[str] = []
        self.revoke = False
        self.accepted_order: list[dict[str, Any]] = []
        self._port = port
        self._server: _Server | None = None
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def instances(self) -> int:
        with self.lock:
            return sum(self.taken.values())

    def accept(self, center: str, order: dict[str, Any], files: list[tuple[str, bytes]], key: str) -> tuple[int, Any]:
        with self.lock:
            flat = [inner for name, data in files for inner in _members(name, data)]
            for name, data in flat:
                refusal = self.line.refuse.get(_identity(name, data))
                if refusal is not None:
                    status, code = refusal
                    errors = [{"pointer": "file:1", "code": code, "detail": "这个文件不能接收"}]
                    return status, {"code": code, "detail": "有文件被拒绝", "errors": errors}
            body = hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest()
            body += "".join(sorted(hashlib.sha256(data).hexdigest() for _, data in flat))
            if key and self.keys.setdefault(key, body) != body:
                return 422, {"code": "idempotency_key_reused", "detail": "同一 Idempotency-Key 已用于另一内容"}
            digests = [hashlib.sha256(data).hexdigest() for _, data in flat]
            new = [
                (digest, name, data)
                for digest, (name, data) in zip(digests, flat, strict=True)
                if digest not in self.held
            ]
            number = order.get("accession_number")
            case_id = next((cid for cid, case in self.cases.items() if number and case["number"] == number), None)
            case_id = case_id or (self.held[digests[0]] if not new else None) or f"case_{len(self.cases) + 1}"
            self.cases.setdefault(case_id, {"number": number, "center": center, "order": order, "files": []})
            for digest, name, data in new:
                self.held[digest] = case_id
                self.taken[_identity(name, data)] += 1
                self.cases[case_id]["files"].append(_identity(name, data))
            self.accepted_order.append(order)
            return (202 if new else 200), {"case_id": case_id, "accession_number": number or "made"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], region: ClinicRegion) -> None:
        self.region = region
        self.open_connections: list[socket.socket] = []
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open_connections.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """A line that is down takes the connections on it along."""
        super().server_close()
        for connection in self.open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Cut connections are meant here."""


class _Cut(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._guarded(self._get)

    def do_HEAD(self) -> None:
        self._guarded(self._head)

    def do_POST(self) -> None:
        self._guarded(self._post)

    def do_PATCH(self) -> None:
        self._guarded(self._patch)

    def _guarded(self, act: Any) -> None:
        self.region = self.server.region
        self.line = self.region.line
        address = urlsplit(self.path)
        self.where, self.query = address.path, {key: values[0] for key, values in parse_qs(address.query).items()}
        self.region.requests.append(f"{self.command} {self.where}")
        try:
            if self.line.slow_s:
                time.sleep(self.line.slow_s)
            if self.line.portal:
                self._read()
                self._answer(200, b"<html>please log in</html>", "text/html")
            elif self.where == "/v1/auth/token" or self._is_known():
                act()
        except _Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _is_known(self) -> bool:
        wanted = f"Bearer token-{self.region.tokens}"
        if self.region.revoke or self.headers.get("Authorization") != wanted:
            self.region.revoke = False
            self.region.tokens += 1
            self._read()
            self._json(401, {"code": "unauthenticated", "detail": "未登录"})
            return False
        return True

    def _post(self) -> None:
        if self.where == "/v1/auth/token":
            form = parse_qs(self._read().decode())
            if form["grant_type"] == ["password"] and form["password"] != [PASSWORD]:
                self._json(401, {"code": "bad_credentials", "detail": "用户名或密码不正确"})
                return
            token = {"access_token": f"token-{self.region.tokens}", "expires_in": 600, "refresh_token": "again"}
            self._json(200, token)
        elif self.where == "/imaging/v1/originals":
            said = json.loads(self._read())["originals"]
            if self.region.keeps_originals:
                self.region.originals.extend(said)
                self._json(200, {"noted": len(said), "unknown": []})
            else:
                self._json(404, {"code": "not_found", "detail": "没有"})
        elif self.where == "/imaging/v1/uploads":
            self._create_upload()
        elif self.where.startswith("/imaging/v1/uploads/"):
            self._finish_upload()
        else:
            center = self.where.split("/")[1]
            order, files = _form(self.headers["Content-Type"], self._read())
            self._upload_answer(*self.region.accept(center, order, files, self.headers.get("Idempotency-Key", "")))

    def _create_upload(self) -> None:
        self._read()
        if not self.region.has_tus:
            self._json(404, {"code": "not_found", "detail": "没有"})
            return
        pairs = dict(pair.split(" ") for pair in self.headers["Upload-Metadata"].split(","))
        name = f"upl_{len(self.region.uploads) + 1}"
        self.region.uploads[name] = {
            "order": json.loads(base64.b64decode(pairs["order"])),
            "name": base64.b64decode(pairs["filename"]).decode(),
            "length": int(self.headers["Upload-Length"]),
            "data": bytearray(),
            "answer": None,
        }
        self._answer(201, b"", "text/plain", {"Location": f"/imaging/v1/uploads/{name}"})

    def _upload(self) -> dict[str, Any] | None:
        found = self.region.uploads.get(self.where.split("/")[4])
        if found is None:
            self._read()
            self._json(404, {"code": "not_found", "detail": "没有"})
        return found

    def _head(self) -> None:
        upload = self._upload()
        if upload is not None:
            self._answer(200, b"", "text/plain", {"Upload-Offset": str(len(upload["data"]))})

    def _patch(self) -> None:
        upload = self._upload()
        if upload is None:
            return
        if int(self.headers["Upload-Offset"]) != len(upload["data"]):
            self._read()
            self._json(409, {"code": "offset_mismatch", "detail": "不一致"})
            return
        self._read(upload["data"])
        self._answer(204, b"", "text/plain", {"Upload-Offset": str(len(upload["data"]))})

    def _finish_upload(self) -> None:
        self._read()
        upload = self._upload()
        if upload is None:
            return
        if len(upload["data"]) != upload["length"]:
            self._json(409, {"code": "upload_incomplete", "detail": "没有传完"})
            return
        if upload["answer"] is None:
            files = [(upload["name"], bytes(upload["data"]))]
            upload["answer"] = self.region.accept("imaging", upload["order"], files, "")
        self._upload_answer(*upload["answer"])

    def _upload_answer(self, status: int, body: Any) -> None:
        if self.line.answers:
            status, body = self.line.answers.pop(0), {"code": "unavailable", "detail": "稍后再试"}
        if self.line.lose_answers > 0:
            self.line.lose_answers -= 1
            raise _Cut
        self._json(status, body)

    def _get(self) -> None:
        if self.where == "/v1/cases":
            items = self.region.orders if self.query["date"] == max(self._days()) else []
            self._json(200, {"date": self.query["date"], "items": items, "next_cursor": None})
        elif self.where == "/v1/reports":
            after = int(self.query.get("after", 0))
            self._json(200, {"reports": self.region.reports[after:], "next_cursor": str(len(self.region.reports))})
        elif self.where.endswith(".pdf"):
            data = self.region.pdfs.get(self.where)
            if data is None:
                self._json(404, {"code": "no_pdf", "detail": "没有"})
            else:
                self._answer(200, data, "application/pdf")
        elif self.where == "/v1/me":
            self._json(200, {"roles": ["clinic"]})
        else:
            self._json(404, {"code": "not_found", "detail": "没有"})

    def _days(self) -> list[str]:
        """Orders are of the newest day that was ever asked for."""
        asked = self.region.__dict__.setdefault("days", [])
        asked.append(self.query["date"])
        return asked

    def _read(self, target: bytearray | None = None) -> bytes:
        """The body, into ``target`` as it comes; raises _Cut in the middle where the line says so."""
        left = int(self.headers.get("Content-Length", 0))
        data = target if target is not None else bytearray()
        here = 0
        while left:
            block = self.rfile.read1(min(left, 16384))  # type: ignore[attr-defined]
            if not block:
                raise _Cut
            data += block
            left -= len(block)
            here += len(block)
            self.region.body_bytes += len(block)
            if self.line.cut_every_bytes and here >= self.line.cut_every_bytes and self.line.cuts_left > 0:
                self.line.cuts_left -= 1
                raise _Cut
        return bytes(data)

    def _json(self, status: int, body: Any) -> None:
        kind = "application/json" if status < 400 else "application/problem+json"
        self._answer(status, json.dumps(body, ensure_ascii=False).encode(), kind)

    def _answer(self, status: int, data: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _form(content_type: str, body: bytes) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    order: dict[str, Any] = {}
    files: list[tuple[str, bytes]] = []
    for part in message.iter_parts():  # type: ignore[attr-defined]
        payload = part.get_payload(decode=True)
        if part.get_param("name", header="content-disposition") == "order":
            order = json.loads(payload)
        else:
            files.append((part.get_filename(), payload))
    return order, files


def _members(name: str, data: bytes) -> list[tuple[str, bytes]]:
    if not data.startswith(b"PK"):
        return [(name, data)]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return [(each, archive.read(each)) for each in archive.namelist()]


def _identity(name: str, data: bytes) -> str:
    if data[128:132] != b"DICM":
        return re.sub(r".*/", "", name)
    return str(pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).SOPInstanceUID)

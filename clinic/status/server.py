"""The status page's server: loopback only, read only; ``/`` for people, ``/status.json`` for programs."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from clinic.config import Status
from clinic.status.page import render

_OURS = frozenset({"127.0.0.1", "localhost", "[::1]"})
Snapshot = Callable[[], dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    server: "StatusServer"
    timeout = 30

    def do_GET(self) -> None:
        """A page from elsewhere that lets its own name point at this PC (DNS rebinding) shows another Host."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in _OURS:
            self._answer(403, "text/plain; charset=utf-8", "只能在本机查看")
        elif self.path == "/":
            self._answer(200, "text/html; charset=utf-8", render(self.server.snapshot()))
        elif self.path == "/status.json":
            self._answer(200, "application/json", json.dumps(self.server.snapshot(), ensure_ascii=False))
        else:
            self._answer(404, "text/plain; charset=utf-8", "没有此页")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the standard library would write every address asked for to the console."""

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)


class StatusServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, config: Status, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        super().__init__((config.bind, config.port), _Handler)
        self.port = int(self.server_address[1])
        self._thread = threading.Thread(target=self.serve_forever, args=(0.2,), name="status", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()

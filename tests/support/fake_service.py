"""Stands in for a service behind the front door: answers /readyz, and tells what it was asked.

``python -m tests.support.fake_service NAME PORT``; with PORT 0 it is a worker, which writes GONGZHEN_READY_FILE.
A child of its own sleeps beside it, as a pool of decoders would.
"""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def handler_of(name: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/events"):
                self._stream()
            else:
                self._tell(0)

        def do_POST(self) -> None:
            waiting = int(self.headers["Content-Length"])
            size_bytes = 0
            while waiting > 0:
                part = self.rfile.read(min(waiting, 1 << 16))
                size_bytes += len(part)
                waiting -= len(part)
            self._tell(size_bytes)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def _tell(self, size_bytes: int) -> None:
            told = {"service": name, "path": self.path, "size_bytes": size_bytes, "headers": dict(self.headers)}
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            """One event, then silence until the reader goes away."""
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"data: queued\n\n")
            self.wfile.flush()
            self.connection.settimeout(20)
            self.connection.recv(1)
            self.close_connection = True

    return Handler


def main() -> None:
    name, port = sys.argv[1], int(sys.argv[2])
    if os.environ.get("FAKE_POOL"):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    if port:
        ThreadingHTTPServer(("127.0.0.1", port), handler_of(name)).serve_forever()
    Path(os.environ["GONGZHEN_READY_FILE"]).write_text("ready\n")
    threading.Event().wait()


if __name__ == "__main__":
    main()

"""The imaging centre as a process of its own, with tokens it accepts, for what only a real socket can show."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.local.ports import choose_free_port
from shared.auth import Actor, claims_of

_START_S = 60.0


class ImagingServer:
    """``environment`` of app and worker; tokens are checked against the JWKS on disk, as while the gateway is away."""

    def __init__(self, folder: Path, database_url: str, nats_url: str) -> None:
        self.folder = folder
        self.store, self.spool = folder / "store", folder / "spool"
        self.port = choose_free_port()
        self.log_file = folder / "imaging.log"
        self._key = ECKey.generate_key("P-256", {"kid": "test", "use": "sig", "alg": "ES256"}, private=True)
        jwks = folder / "jwks.json"
        jwks.write_text(json.dumps({"keys": [self._key.as_dict(private=False)]}))
        self.environment = {
            **os.environ,
            "GONGZHEN_DATABASE_URL": database_url,
            "GONGZHEN_NATS_URL": nats_url,
            "GONGZHEN_BLOBS": self.store.as_uri(),
            "GONGZHEN_REGION_BLOBS": (folder / "region").as_uri(),
            "GONGZHEN_SPOOL_DIR": str(self.spool),
            "GONGZHEN_JWKS_URL": "http://127.0.0.1:1/jwks.json",
            "GONGZHEN_JWKS_CACHE": str(jwks),
        }

    def start(self) -> None:
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--factory", "--no-access-log"]
        argv = [sys.executable, "-m", "uvicorn", *options, "services.imaging.app:create_app"]
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(argv, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < deadline, self.log_file.read_text()[-2000:]
            time.sleep(0.05)

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def token(self, actor: Actor) -> str:
        claims = claims_of(actor, now=int(time.time()), token_id="jti_test")
        return jwt.encode({"alg": "ES256", "kid": "test"}, claims, self._key, algorithms=["ES256"])

    def memory_bytes(self) -> int:
        """Of the process alone; pages of the file cache do not count."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def written_bytes(self) -> int:
        """To files and pipes since it was started, as the kernel counts them."""
        return int(psutil.Process(self._process.pid).io_counters().write_chars)

    def open_files(self) -> list[str]:
        """Spool files included, which have no name and show as deleted."""
        return [
            str(link.readlink())
            for link in Path(f"/proc/{self._process.pid}/fd").iterdir()
            if str(self.spool) in _target(link)
        ]

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""

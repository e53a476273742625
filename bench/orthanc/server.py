"""Orthanc as Debian packs it, with its DICOMweb plugin, every byte synced before it is acknowledged."""

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx

from deploy.local.command import Command, base_environment
from deploy.local.ports import choose_free_port

_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_START_S = 30.0
_STOP_S = 60.0


def missing() -> str | None:
    """What has to be installed first."""
    if shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is None:
        return "Orthanc is not installed (apt-get install orthanc orthanc-dicomweb)"
    if not _PLUGIN.exists():
        return "Orthanc's DICOMweb plugin is not installed (apt-get install orthanc-dicomweb)"
    return None


class OrthancServer:
    root = "/dicom-web"

    def __init__(self, folder: Path) -> None:
        self.port = choose_free_port()
        self._folder = folder
        (folder / "storage").mkdir(parents=True)
        (folder / "temporary").mkdir()
        self._config = folder / "orthanc.json"
        self._config.write_text(json.dumps(self._settings(), indent=1))
        self._process: subprocess.Popen[bytes] | None = None

    def _settings(self) -> dict[str, object]:
        """All else is Orthanc's default. No transfer is logged: ours logs none either."""
        return {
            "Name": "bench",
            "StorageDirectory": str(self._folder / "storage"),
            "IndexDirectory": str(self._folder / "storage"),
            "TemporaryDirectory": str(self._folder / "temporary"),
            "StorageCompression": False,
            "SyncStorageArea": True,
            "HttpPort": self.port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomServerEnabled": False,
            "Plugins": [str(_PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": f"{self.root}/", "EnableWado": False},
        }

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def version(self) -> str:
        system = httpx.get(f"http://127.0.0.1:{self.port}/system", trust_env=False).json()
        plugin = httpx.get(f"http://127.0.0.1:{self.port}/plugins/dicom-web", trust_env=False).json()
        return f"Orthanc {system['Version']}, DICOMweb plugin {plugin['Version']}"

    def start(self) -> None:
        path = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        assert path is not None
        log_file = self._folder / "orthanc.log"
        with log_file.open("ab") as log:
            self._process = Command((path, str(self._config)), base_environment()).spawn(log)
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Orthanc did not start:\n{log_file.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/system", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

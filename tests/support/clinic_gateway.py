"""The clinic's program under test, in this process or as one of its own, and a modality that speaks to it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pydicom
from pydicom.dataset import Dataset, FileDataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import ModalityWorklistInformationFind, Verification

from clinic.config import Config, read_config
from tests.support.clinic_region import PASSWORD
from tests.support.region import wait_for


def config_text(folder: Path, url: str, username: str = "clinic1", password: str = PASSWORD, **sections: str) -> str:
    """TOML with everything fast; ``sections`` replaces a section's body or adds one."""
    (folder / "password").write_text(password)
    bodies = {
        "region": f'url = "{url}"\nusername = "{username}"\npassword_file = "password"\nconnect_s = 2\nsilence_s = 10',
        "spool": 'folder = "spool"\nmin_free_mb = 0',
        "dicom": "port = 0",
        "sending": "quiet_s = 0.3\nassociation_quiet_s = 0.1\nretry_first_s = 0.05\nretry_most_s = 0.3",
        "worklist": "every_s = 0.2",
        "status": "port = 0",
        "reports": "",
    }
    bodies |= sections
    return "\n".join(f"{'' if '[[' in body else f'[{name}]'}\n{body}\n" for name, body in bodies.items())


def make_config(folder: Path, url: str, **sections: str) -> Config:
    path = folder / "clinic.toml"
    path.write_text(config_text(folder, url, **sections))
    return read_config(path)


class GatewayProcess:
    """``gongzhen clinic`` as a user starts it; it can be killed and started again."""

    def __init__(self, folder: Path, url: str, **options: Any) -> None:
        self.config = folder / "clinic.toml"
        self.config.write_text(config_text(folder, url, **options))
        self._console = folder / "console.txt"
        self.dicom_port = 0
        self.status_url = ""
        self.start()

    def start(self) -> None:
        with self._console.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli.main", "clinic", "--config", str(self.config)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        lines = wait_for(self._ready, 30, "the clinic's program did not start")
        self.dicom_port = int(next(line for line in lines if line.startswith("DICOM")).rpartition(":")[2])
        self.status_url = next(line for line in lines if line.startswith("ready")).split()[1]

    def _ready(self) -> list[str] | None:
        text = self._console.read_text("utf-8", "replace")
        if self.process.poll() is not None:
            raise AssertionError(text)
        return text.splitlines() if "\nready " in f"\n{text}" else None

    def status(self) -> Any:
        return httpx.get(f"{self.status_url}/status.json", trust_env=False).json()

    def log(self) -> str:
        return self._console.read_text("utf-8", "replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(30)


def associate(
    port: int, contexts: Sequence[tuple[str, str]], ae_title: str = "CT1", called: str = "GONGZHEN"
) -> Association:
    ae = AE(ae_title)
    for abstract, syntax in contexts:
        ae.add_requested_context(abstract, syntax)
    return ae.associate("127.0.0.1", port, ae_title=called)


def echo(port: int, **names: str) -> int:
    association = associate(port, [(Verification, "1.2.840.10008.1.2")], **names)
    if not association.is_established:
        return -1
    status = association.send_c_echo().Status
    association.release()
    return int(status)


def send(port: int, files: Sequence[bytes | Path], **names: str) -> list[int]:
    """Each instance's C-STORE status, in one association, in its own transfer syntax; -1 where there was none."""
    images = [_read(each) for each in files]
    contexts = {(str(i.file_meta.MediaStorageSOPClassUID), str(i.file_meta.TransferSyntaxUID)) for i in images}
    association = associate(port, sorted(contexts), **names)
    assert association.is_established
    statuses = [int(association.send_c_store(image).get("Status", -1)) for image in images]
    if association.is_established:
        association.release()
    return statuses


def find_worklist(port: int, query: Dataset, **names: str) -> list[Dataset]:
    association = associate(port, [(ModalityWorklistInformationFind, "1.2.840.10008.1.2.1")], **names)
    assert association.is_established
    found = []
    for status, answer in association.send_c_find(query, ModalityWorklistInformationFind):
        assert status.Status in (0xFF00, 0x0000), hex(status.Status)
        if answer is not None:
            found.append(answer)
    association.release()
    return found


def worklist_query(**attributes: Any) -> Dataset:
    query = Dataset()
    for name in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "PatientBirthDate", "PatientSex"):
        setattr(query, name, attributes.get(name, ""))
    step = Dataset()
    for name in ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate"):
        setattr(step, name, attributes.get(name, ""))
    query.ScheduledProcedureStepSequence = [step]
    return query


def ordered_case(number: str = "A1001", name: str = "测试甲", **more: Any) -> dict[str, Any]:
    """A waiting order as ``GET /v1/cases`` shows it."""
    patient = {"id": "P001", "name": name, "sex": "M", "birth_date": "1960-01-31", "national_id": "secret"}
    return {
        "case_id": f"case_{number}",
        "center": "imaging",
        "accession_number": number,
        "priority": "routine",
        "opened_at": "2026-11-21T02:00:00Z",
        "patient": patient,
        "exam": {"code": "DX-CHEST-PA", "name": "胸部正位"},
        **more,
    }


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _read(source: bytes | Path) -> FileDataset:
    return pydicom.dcmread(BytesIO(source) if isinstance(source, bytes) else source)

"""The ECG centre's operations beside those of every centre: who may, and on what."""

import json

from tests.e2e.fuzz.reading import reading_table
from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.valid import Operation, Valid
from tests.support.ecg_carts import INFERIOR_ST_UV, order, table
from tests.support.ecg_signals import make_ecg
from tests.support.journey import upload_ecg
from tests.support.region import wait_for

CASES = "/ecg/v1/cases"
CASE = f"{CASES}/{{case_id}}"


def _send_case(scene: Scene) -> Valid:
    parts = [
        ("order", (None, json.dumps(order("FUZZ-NEW")), "application/json")),
        ("files", ("ecg.csv", table(patient_id="FUZZ-NEW"), "application/octet-stream")),
    ]
    return Valid(scene.person("clinic1"), body={"files": parts})


def _clinic_reads(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"case_id": scene.kept})


def _latest(scene: Scene) -> Valid:
    """Of the case's one recording: a generated id would be none of it."""
    return Valid(scene.person("clinic1"), {"case_id": scene.kept}, query={"recording": scene.kept_recording})


def _original(scene: Scene) -> Valid:
    path = {"case_id": scene.kept, "recording_id": scene.kept_recording, "number": "1"}
    return Valid(scene.person("clinic1"), path)


def _prior(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), scene.kept_prior)


def _verify(scene: Scene) -> Valid:
    """A suspicion that nobody has looked at: an infarct from the cart."""
    infarct = table(make_ecg(st_uv=INFERIOR_ST_UV, noise_uv=5))
    case_id = upload_ecg(scene.person("clinic1"), [("ecg.csv", infarct)], patient={"id": "FUZZ-INFARCT"}).case_id
    path, reader = f"{CASES}/{case_id}", scene.person("reader1")
    wait_for(lambda: reader.call("GET", path, 200, 404).get("state") == "queued", 60, f"{case_id} was not queued")
    (found,) = reader.call("GET", f"{path}/criticals")["criticals"]
    return Valid(reader, {"critical_id": found["critical_id"]})


ECG: dict[str, Operation] = {
    **reading_table("ecg"),
    f"POST {CASES}": Operation(_send_case),
    "POST /ecg/v1/criticals/{critical_id}/verify": Operation(_verify),
    f"GET {CASE}/recordings": Operation(_clinic_reads),
    f"GET {CASE}/waveform": Operation(_latest),
    f"GET {CASE}/measurements": Operation(_latest),
    f"GET {CASE}/median": Operation(_latest),
    f"GET {CASE}/dicom": Operation(_latest),
    f"GET {CASE}/recordings/{{recording_id}}/originals/{{number}}": Operation(_original),
    f"GET {CASE}/prior-waveforms": Operation(_clinic_reads),
    f"GET {CASE}/prior-waveforms/{{recording_id}}": Operation(_prior),
}

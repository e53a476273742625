"""The imaging centre's operations beside those of every centre: who may, and on what."""

import json

from tests.e2e.fuzz.dicomweb import DICOMWEB_TABLE, stored_study
from tests.e2e.fuzz.reading import reading_table
from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.uploads import UPLOAD_TABLE
from tests.e2e.fuzz.valid import Operation, Valid
from tests.support.films import order, small_film

CASES = "/imaging/v1/cases"
CASE = f"{CASES}/{{case_id}}"


def _send_case(scene: Scene) -> Valid:
    parts = [
        ("order", (None, json.dumps(order("FUZZ-NEW")), "application/json")),
        ("files", ("IM1", small_film("FUZZ-NEW"), "application/dicom")),
    ]
    return Valid(scene.person("clinic1"), body={"files": parts})


def _complete_study(scene: Scene) -> Valid:
    study_uid = "1.2.826.0.1.3680043.8.498.77"
    scene.received(study_uid=study_uid)
    return Valid(scene.person("clinic1"), {"study_uid": study_uid})


def _instance(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), scene.kept_instance)


def _clinic_reads(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"case_id": scene.kept})


def _join(scene: Scene) -> Valid:
    """A machine's study without an order, and an order of the same patient that waits."""
    clinic, patient = scene.person("clinic1"), scene.new_name("JOIN")
    study_uid = stored_study(scene, patient)
    (case,) = clinic.call("POST", f"/imaging/v1/studies/{study_uid}/complete")["cases"]
    ordered = clinic.call("POST", "/imaging/v1/orders", 202, json=order(patient))
    path = {"case_id": case["case_id"]}
    (found,) = clinic.call("GET", f"{CASES}/{case['case_id']}/order-suggestions")["suggestions"]
    assert found["order_case_id"] == ordered["case_id"]
    return Valid(clinic, path, body={"json": {"order_case_id": ordered["case_id"]}})


# Not here: …/criticals/{critical_id}/verify, for no machine of this centre suspects anything by itself.
IMAGING: dict[str, Operation] = {
    **reading_table("imaging"),
    **DICOMWEB_TABLE,
    **UPLOAD_TABLE,
    f"POST {CASES}": Operation(_send_case),
    "POST /imaging/v1/studies/{study_uid}/complete": Operation(_complete_study),
    f"GET {CASE}/instances": Operation(_clinic_reads),
    f"GET {CASE}/instances/{{sop_instance_uid}}": Operation(_instance),
    f"GET {CASE}/order-suggestions": Operation(_clinic_reads),
    f"POST {CASE}/order-suggestions": Operation(_join),
}

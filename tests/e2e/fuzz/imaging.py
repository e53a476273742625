"""The imaging centre's operations: who may, and on what."""

import json

from tests.e2e.fuzz.scene import OTHER_HOSPITAL, Scene
from tests.e2e.fuzz.valid import Operation, Valid
from tests.support.films import FORM, order, small_film
from tests.support.region import PIN, wait_for

CASES = "/imaging/v1/cases"
UNLOCK = "/imaging/v1/signing/unlock"
CASE = f"{CASES}/{{case_id}}"


def _send_case(scene: Scene) -> Valid:
    parts = [
        ("order", (None, json.dumps(order("FUZZ-NEW")), "application/json")),
        ("files", ("IM1", small_film("FUZZ-NEW"), "application/dicom")),
    ]
    return Valid(scene.person("clinic1"), body={"files": parts})


def _send_order(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), body={"json": order("FUZZ-ORDERED")})


def _complete_study(scene: Scene) -> Valid:
    study_uid = "1.2.826.0.1.3680043.8.498.77"
    scene.received(study_uid=study_uid)
    return Valid(scene.person("clinic1"), {"study_uid": study_uid})


def _clinic_reads(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"case_id": scene.kept})


def _cancel(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"case_id": scene.queued()}, body={"json": {"reason": "送错"}})


def _hurry(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"case_id": scene.queued()}, body={"json": {"priority": "stat"}})


def _reject(scene: Scene) -> Valid:
    case_id, held = scene.claimed()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held, body={"json": {"reason": "图像不全"}})


def _refer(scene: Scene) -> Valid:
    case_id, held = scene.claimed()
    body = {"to": OTHER_HOSPITAL, "reason": "请会诊"}
    return Valid(scene.person("reader1"), {"case_id": case_id}, held, body={"json": body})


def _reassign(scene: Scene) -> Valid:
    return Valid(scene.person("dispatcher1"), {"case_id": scene.queued()}, body={"json": {"to": OTHER_HOSPITAL}})


def _force_release(scene: Scene) -> Valid:
    case_id, _ = scene.claimed()
    return Valid(scene.person("dispatcher1"), {"case_id": case_id})


def _void(scene: Scene) -> Valid:
    case_id, _ = scene.signed()
    return Valid(scene.person("reviewer1"), {"case_id": case_id}, body={"json": {"reason": "患者有误"}})


def _claim_next(scene: Scene) -> Valid:
    scene.queued()
    return Valid(scene.person("reader1"), body={"json": {"stage": "report"}})


def _claim(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"case_id": scene.queued()})


def _claim_review(scene: Scene) -> Valid:
    return Valid(scene.person("reviewer1"), {"case_id": scene.submitted()})


def _resume(scene: Scene) -> Valid:
    case_id, held = scene.released()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held)


def _holder(scene: Scene) -> Valid:
    case_id, held = scene.claimed()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held)


def _recall(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"case_id": scene.submitted()})


def _return(scene: Scene) -> Valid:
    case_id, held = scene.reviewed()
    return Valid(scene.person("reviewer1"), {"case_id": case_id}, held, body={"json": {"comment": "请补充"}})


def _amend(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"case_id": scene.signed()[0]}, body={"json": {"reason": "补充"}})


def _discard_amendment(scene: Scene) -> Valid:
    case_id, reader = scene.signed()[0], scene.person("reader1")
    opened = reader.call("POST", f"{CASES}/{case_id}/amendment")
    return Valid(reader, {"case_id": case_id}, {"Claim-Token": opened["claim_token"]})


def _reader_reads(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"case_id": scene.kept_report[0]})


def _save(scene: Scene) -> Valid:
    case_id, held = scene.claimed()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held, body={"json": FORM})


def _recovered(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"case_id": scene.kept_claim[0]})


def _unlock(scene: Scene) -> Valid:
    """The centre must have heard of the key. Not one of the demo's people: wrong PINs are slowed down."""
    signer = scene.new_signer()[0]
    wait_for(lambda: signer.call("POST", UNLOCK, 200, 409, json={"pin": PIN}).get("signing_grant"), 60, "no key came")
    return Valid(signer, body={"json": {"pin": PIN}})


def _author_signs(scene: Scene) -> Valid:
    case_id, held = scene.written()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held)


def _reviewer_signs(scene: Scene) -> Valid:
    case_id, held = scene.reviewed()
    return Valid(scene.person("reviewer1"), {"case_id": case_id}, held)


def _instance(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), scene.kept_instance)


def _quarantine(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"))


def _refused_file(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"), {"quarantine_id": scene.refused_file_id})


IMAGING: dict[str, Operation] = {
    f"POST {CASES}": Operation(_send_case),
    "POST /imaging/v1/orders": Operation(_send_order),
    "POST /imaging/v1/studies/{study_uid}/complete": Operation(_complete_study),
    f"GET {CASE}": Operation(_clinic_reads),
    f"POST {CASE}/cancel": Operation(_cancel),
    f"POST {CASE}/priority": Operation(_hurry),
    f"POST {CASE}/reject": Operation(_reject),
    f"POST {CASE}/refer": Operation(_refer),
    f"POST {CASE}/reassign": Operation(_reassign),
    f"POST {CASE}/force-release": Operation(_force_release),
    f"POST {CASE}/void": Operation(_void),
    "POST /imaging/v1/claims/next": Operation(_claim_next),
    f"POST {CASE}/claim": Operation(_claim),
    f"POST {CASE}/review-claim": Operation(_claim_review),
    f"POST {CASE}/resume": Operation(_resume),
    f"POST {CASE}/heartbeat": Operation(_holder),
    f"POST {CASE}/release": Operation(_holder),
    f"POST {CASE}/recall": Operation(_recall),
    f"POST {CASE}/return": Operation(_return),
    f"POST {CASE}/amendment": Operation(_amend),
    f"DELETE {CASE}/amendment": Operation(_discard_amendment),
    f"GET {CASE}/report": Operation(_reader_reads),
    f"PUT {CASE}/report": Operation(_save),
    f"GET {CASE}/report/versions": Operation(_reader_reads),
    f"GET {CASE}/report/recovered": Operation(_recovered),
    f"POST {UNLOCK}": Operation(_unlock, is_guarded=True),
    f"POST {CASE}/submit": Operation(_author_signs),
    f"POST {CASE}/sign": Operation(_reviewer_signs),
    f"POST {CASE}/preliminary": Operation(_author_signs),
    f"GET {CASE}/instances": Operation(_clinic_reads),
    f"GET {CASE}/instances/{{sop_instance_uid}}": Operation(_instance),
    "GET /imaging/v1/quarantine": Operation(_quarantine),
    "GET /imaging/v1/quarantine/{quarantine_id}": Operation(_refused_file),
    "GET /imaging/v1/quarantine/{quarantine_id}/content": Operation(_refused_file),
}

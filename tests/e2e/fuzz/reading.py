"""The operations that every centre has: who may, and on what."""

from shared.clock import utc_now
from tests.e2e.fuzz.scene import OTHER_HOSPITAL, Scene
from tests.e2e.fuzz.valid import Operation, Valid
from tests.support.journey import FORMS
from tests.support.region import PIN, wait_for

FINDING = {"code": "FUZZ", "text": "试验所见"}


def _send_order(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), body={"json": scene.order("FUZZ-ORDERED")})


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
    opened = reader.call("POST", f"/{scene.center}/v1/cases/{case_id}/amendment")
    return Valid(reader, {"case_id": case_id}, {"Claim-Token": opened["claim_token"]})


def _reader_reads(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"case_id": scene.kept_report[0]})


def _save(scene: Scene) -> Valid:
    case_id, held = scene.claimed()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held, body={"json": FORMS[scene.center]})


def _recovered(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"case_id": scene.kept_claim[0]})


def _unlock(scene: Scene) -> Valid:
    """The centre must have heard of the key. Not one of the demo's people: wrong PINs are slowed down."""
    signer, path = scene.new_signer()[0], f"/{scene.center}/v1/signing/unlock"
    wait_for(lambda: signer.call("POST", path, 200, 409, json={"pin": PIN}).get("signing_grant"), 60, "no key came")
    return Valid(signer, body={"json": {"pin": PIN}})


def _author_signs(scene: Scene) -> Valid:
    case_id, held = scene.written()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held)


def _reviewer_signs(scene: Scene) -> Valid:
    case_id, held = scene.reviewed()
    return Valid(scene.person("reviewer1"), {"case_id": case_id}, held)


def _quarantine(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"))


def _refused_file(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"), {"quarantine_id": scene.refused_file_id})


def _open_critical(scene: Scene) -> Valid:
    case_id, held = scene.claimed()
    return Valid(scene.person("reader1"), {"case_id": case_id}, held, body={"json": FINDING})


def _reader_of_critical(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"critical_id": scene.critical()})


def _dismiss(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"critical_id": scene.critical()}, body={"json": {"reason": "误报"}})


def _telephone(scene: Scene) -> Valid:
    body = {"told": "测试卫生员", "told_at": utc_now().isoformat(), "read_back": FINDING["text"]}
    return Valid(scene.person("reader1"), {"critical_id": scene.critical()}, body={"json": body})


def _acknowledge(scene: Scene) -> Valid:
    body = {"read_back": FINDING["text"]}
    return Valid(scene.person("clinic1"), {"critical_id": scene.critical()}, body={"json": body})


def _act(scene: Scene) -> Valid:
    path = {"critical_id": scene.critical("acknowledge")}
    return Valid(scene.person("clinic1"), path, body={"json": {"text": "转县医院"}})


def _recall_patient(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"critical_id": scene.critical("acknowledge")})


def _close(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), {"critical_id": scene.critical("acknowledge", "act")})


def reading_table(center: str) -> dict[str, Operation]:
    own = f"/{center}/v1"
    case, critical = f"{own}/cases/{{case_id}}", f"{own}/criticals/{{critical_id}}"
    return {
        f"POST {own}/orders": Operation(_send_order),
        f"GET {case}": Operation(_clinic_reads),
        f"POST {case}/cancel": Operation(_cancel),
        f"POST {case}/priority": Operation(_hurry),
        f"POST {case}/reject": Operation(_reject),
        f"POST {case}/refer": Operation(_refer),
        f"POST {case}/reassign": Operation(_reassign),
        f"POST {case}/force-release": Operation(_force_release),
        f"POST {case}/void": Operation(_void),
        f"POST {own}/claims/next": Operation(_claim_next),
        f"POST {case}/claim": Operation(_claim),
        f"POST {case}/review-claim": Operation(_claim_review),
        f"POST {case}/resume": Operation(_resume),
        f"POST {case}/heartbeat": Operation(_holder),
        f"POST {case}/release": Operation(_holder),
        f"POST {case}/recall": Operation(_recall),
        f"POST {case}/return": Operation(_return),
        f"POST {case}/amendment": Operation(_amend),
        f"DELETE {case}/amendment": Operation(_discard_amendment),
        f"GET {case}/report": Operation(_reader_reads),
        f"PUT {case}/report": Operation(_save),
        f"GET {case}/report/versions": Operation(_reader_reads),
        f"GET {case}/report/recovered": Operation(_recovered),
        f"POST {own}/signing/unlock": Operation(_unlock, is_guarded=True),
        f"POST {case}/submit": Operation(_author_signs),
        f"POST {case}/sign": Operation(_reviewer_signs),
        f"POST {case}/preliminary": Operation(_author_signs),
        f"GET {own}/quarantine": Operation(_quarantine),
        f"GET {own}/quarantine/{{quarantine_id}}": Operation(_refused_file),
        f"GET {own}/quarantine/{{quarantine_id}}/content": Operation(_refused_file),
        f"POST {case}/critical": Operation(_open_critical),
        f"GET {case}/criticals": Operation(_reader_reads),
        f"GET {critical}": Operation(_reader_of_critical),
        f"POST {critical}/notify": Operation(_reader_of_critical),
        f"POST {critical}/telephone": Operation(_telephone),
        f"POST {critical}/false-alarm": Operation(_dismiss),
        f"POST {critical}/acknowledge": Operation(_acknowledge),
        f"POST {critical}/act": Operation(_act),
        f"POST {critical}/recall-patient": Operation(_recall_patient),
        f"POST {critical}/close": Operation(_close),
    }

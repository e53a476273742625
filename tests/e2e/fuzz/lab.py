"""The laboratory's operations beside those of every centre: who may, and on what."""

import json
from collections.abc import Callable
from datetime import timedelta

from shared.clock import utc_now
from tests.e2e.fuzz.reading import reading_table
from tests.e2e.fuzz.scene import Scene
from tests.e2e.fuzz.valid import Operation, Valid
from tests.support.lab_journey import NORMAL, QC, message_of, order
from tests.support.region import PIN, wait_for

CASES = "/lab/v1/cases"
CASE = f"{CASES}/{{case_id}}"
SPECIMEN = "/lab/v1/specimens/{number}"
CRITICAL = [("K", "6.8")]
RULES = "county@2026.1"

# The clinic's: orders, tubes, cases.


def _clinic_lists(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"))


def _send_case(scene: Scene) -> Valid:
    tube = scene.tube()
    parts = [
        ("order", (None, json.dumps(order(scene.new_name("NEW"))), "application/json")),
        ("files", ("results.hl7", message_of(tube), "application/octet-stream")),
    ]
    return Valid(scene.person("clinic1"), body={"files": parts})


def _order(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"order_id": scene.kept_tube.order_id})


def _tube(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"number": scene.kept_tube.number})


def _at_clinic(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"number": scene.tube().number})


def _arriving(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"number": scene.tube().number})


def _refuse_tube(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"number": scene.tube().number}, body={"json": {"reason": "clotted"}})


def _at_laboratory(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"number": scene.tube_at_laboratory().number})


def _add_items(scene: Scene) -> Valid:
    path = {"case_id": scene.tube_at_laboratory().case_id}
    return Valid(scene.person("clinic1"), path, body={"json": {"items": ["CL"]}})


def _cancel_item(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"case_id": scene.tube_at_laboratory().case_id, "item": "NA"})


# Results in.


def _send_message(scene: Scene) -> Valid:
    """Nothing says what kind it is: an HL7 message is known by its first bytes."""
    return Valid(scene.person("hospital1"), body={"content": message_of(scene.tube_at_laboratory())})


def _type_in(scene: Scene) -> Valid:
    lines = [{"code": item, "value": value} for item, value in NORMAL]
    body = {"entry_id": scene.new_name("ENTRY"), "specimen_number": scene.tube_at_laboratory().number, "lines": lines}
    return Valid(scene.person("lab1"), body={"json": body})


def _laboratory_lists(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"))


def _message(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"message_id": scene.kept_orphan["message_id"]})


def _attach(scene: Scene) -> Valid:
    body = {"specimen_number": scene.tube_at_laboratory().number}
    return Valid(scene.person("lab1"), {"orphan_id": scene.orphan()["orphan_id"]}, body={"json": body})


def _dismiss(scene: Scene) -> Valid:
    path = {"orphan_id": scene.orphan()["orphan_id"]}
    return Valid(scene.person("lab1"), path, body={"json": {"reason": "试机"}})


def _map_code(scene: Scene) -> Valid:
    body = {"analyzer": "FUZZ", "code": scene.new_name("CODE"), "item": "K"}
    return Valid(scene.person("lab1"), body={"json": body})


def _map_word(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), body={"json": {"word": scene.new_name("WORD"), "type": "serum"}})


def _set_sender(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), body={"json": {"address": "192.0.2.1", "charset": "gb18030"}})


def _case(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"case_id": scene.kept_tube.case_id})


def _trend(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"case_id": scene.kept_tube.case_id}, query={"item": "K"})


def _verify(scene: Scene) -> Valid:
    """Of a potassium that nobody has looked at."""
    case_id, technologist = scene.measured(values=CRITICAL).case_id, scene.person("lab1")
    wait_for(lambda: technologist.call("GET", f"{CASES}/{case_id}/criticals")["criticals"], 60, "nothing was found")
    (found,) = technologist.call("GET", f"{CASES}/{case_id}/criticals")["criticals"]
    return Valid(technologist, {"critical_id": found["critical_id"]})


# Rules, quality control, external assessment.


def _switch_on(scene: Scene) -> Valid:
    return Valid(scene.person("reviewer1"), {"rule_set": RULES})


def _many(scene: Scene, case_id: str, username: str) -> Valid:
    signer = scene.person(username)
    return Valid(signer, headers=signer.unlock("lab", PIN), body={"json": {"case_ids": [case_id]}})


def _verify_many(scene: Scene) -> Valid:
    return _many(scene, scene.measured().case_id, "lab1")


def _release_many(scene: Scene) -> Valid:
    return _many(scene, scene.submitted(), "lab2")


def _give(scene: Scene) -> Valid:
    until = (utc_now() + timedelta(days=30)).isoformat()
    return Valid(scene.person("lab1"), body={"json": {"rule_set": RULES, "items": ["K"], "valid_until": until}})


def _given(scene: Scene) -> dict[str, str]:
    valid = _give(scene)
    given = scene.person("lab1").call("POST", "/lab/v1/authorisations", 201, **valid.body)
    return {"authorisation_id": given["authorisation_id"]}


def _confirm(scene: Scene) -> Valid:
    return Valid(scene.person("lab2"), _given(scene))


def _revoke(scene: Scene) -> Valid:
    return Valid(scene.person("lab2"), _given(scene), body={"json": {"reason": "复核规则"}})


def _choose(scene: Scene) -> Valid:
    return Valid(scene.person("reviewer1"), body={"json": {"releases_alone": False}})


def _chart(scene: Scene) -> Valid:
    lot = scene.kept_lot
    return Valid(scene.person("lab1"), query={"analyzer": lot["analyzer"], "item": "K", "lot": lot["lot"]})


def _lot(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"lot_id": scene.kept_lot["lot_id"]})


def _new_lot(scene: Scene) -> Valid:
    levels = [{"level": "L1", "name": "水平一"}]
    body = {"lot": scene.new_name("LOT"), "material": "测试质控血清", "levels": levels}
    return Valid(scene.person("lab1"), body={"json": body})


def _new_level(scene: Scene) -> Valid:
    path = {"lot_id": scene.lot()["lot_id"]}
    return Valid(scene.person("lab1"), path, body={"json": {"level": "L2", "name": "水平二"}})


def _close_lot(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"lot_id": scene.lot()["lot_id"]})


def _set_target(scene: Scene) -> Valid:
    lot = scene.lot()
    body = {"level": "L1", "analyzer": lot["analyzer"], "item": "K", "mean": "4.0", "sd": "0.1"}
    return Valid(scene.person("lab1"), {"lot_id": lot["lot_id"]}, body={"json": body})


def _establish(scene: Scene) -> Valid:
    lot = scene.lot_with_runs(20)
    body = {"level": "L1", "analyzer": lot["analyzer"], "item": "K"}
    return Valid(scene.person("lab1"), {"lot_id": lot["lot_id"]}, body={"json": body})


def _type_run(scene: Scene) -> Valid:
    lot = scene.lot()
    points = [{"level": "L1", "value": "4.05"}]
    body = {"entry_id": scene.new_name("RUN"), "lot_id": lot["lot_id"], "analyzer": lot["analyzer"], "item": "K"}
    return Valid(scene.person("lab1"), body={"json": {**body, "points": points}})


def _run(scene: Scene) -> Valid:
    return Valid(scene.person("lab1"), {"run_id": scene.kept_run})


def _resolve(scene: Scene) -> Valid:
    body = {"action": "recalibrated", "comment": "重新定标后复测在控"}
    return Valid(scene.person("lab1"), {"run_id": scene.control_run("9.9")}, body={"json": body})


def _assess(scene: Scene) -> Valid:
    year = utc_now().year
    body = {
        "scheme": "测试室间质评",
        "round": scene.new_name("ROUND"),
        "item": "NA",
        "verdict": "passed",
        "valid_from": f"{year}-01-01T00:00:00+08:00",
        "valid_to": f"{year + 1}-01-01T00:00:00+08:00",
    }
    return Valid(scene.person("lab1"), body={"json": body})


def _each(prepare: Callable[[Scene], Valid], *labels: str) -> dict[str, Operation]:
    return {label: Operation(prepare) for label in labels}


LAB: dict[str, Operation] = {
    **reading_table("lab"),
    **_each(_clinic_lists, "GET /lab/v1/orders", "GET /lab/v1/specimens"),
    **_each(
        _laboratory_lists,
        *(f"GET /lab/v1/{each}" for each in ("messages", "orphans", "unmapped", "analyzer-codes", "senders")),
        "GET /lab/v1/authorisations",
        *(f"GET /lab/v1/{each}" for each in ("rule-sets", "external-assessments", "external-assessments/items")),
        *(f"GET {QC}/{each}" for each in ("blocks", "lots", "runs")),
    ),
    **_each(_order, "GET /lab/v1/orders/{order_id}", "GET /lab/v1/orders/{order_id}/labels.pdf"),
    **_each(_tube, f"GET {SPECIMEN}", f"GET {SPECIMEN}/label.pdf"),
    **_each(_at_clinic, f"POST {SPECIMEN}/collected", f"POST {SPECIMEN}/packed"),
    **_each(_at_laboratory, *(f"POST {SPECIMEN}/{step}" for step in ("in-analysis", "stored", "discarded"))),
    **_each(_message, "GET /lab/v1/messages/{message_id}", "GET /lab/v1/messages/{message_id}/raw",
            "POST /lab/v1/messages/{message_id}/apply"),
    **_each(_lot, f"GET {QC}/lots/{{lot_id}}"),
    **_each(_run, f"GET {QC}/runs/{{run_id}}"),
    f"POST {CASES}": Operation(_send_case),
    f"POST {CASE}/items": Operation(_add_items),
    f"POST {CASE}/items/{{item}}/cancel": Operation(_cancel_item),
    f"GET {CASE}/results": Operation(_case),
    f"GET {CASE}/trend": Operation(_trend),
    f"POST {SPECIMEN}/received": Operation(_arriving),
    f"POST {SPECIMEN}/refused": Operation(_refuse_tube),
    "POST /lab/v1/messages": Operation(_send_message),
    "POST /lab/v1/results": Operation(_type_in),
    "POST /lab/v1/orphans/{orphan_id}/attach": Operation(_attach),
    "POST /lab/v1/orphans/{orphan_id}/dismiss": Operation(_dismiss),
    "POST /lab/v1/analyzer-codes": Operation(_map_code),
    "POST /lab/v1/specimen-words": Operation(_map_word),
    "PUT /lab/v1/senders": Operation(_set_sender),
    "POST /lab/v1/criticals/{critical_id}/verify": Operation(_verify),
    "POST /lab/v1/rule-sets/{rule_set}/switch-on": Operation(_switch_on),
    "POST /lab/v1/external-assessments": Operation(_assess),
    "POST /lab/v1/verifications": Operation(_verify_many),
    "POST /lab/v1/releases": Operation(_release_many),
    "POST /lab/v1/authorisations": Operation(_give),
    "POST /lab/v1/authorisations/{authorisation_id}/confirm": Operation(_confirm),
    "POST /lab/v1/authorisations/{authorisation_id}/revoke": Operation(_revoke),
    "PUT /lab/v1/policy": Operation(_choose),
    f"GET {QC}/levey-jennings": Operation(_chart),
    f"POST {QC}/lots": Operation(_new_lot),
    f"POST {QC}/lots/{{lot_id}}/levels": Operation(_new_level),
    f"POST {QC}/lots/{{lot_id}}/close": Operation(_close_lot),
    f"PUT {QC}/lots/{{lot_id}}/targets": Operation(_set_target),
    f"POST {QC}/lots/{{lot_id}}/targets/establish": Operation(_establish),
    f"POST {QC}/runs": Operation(_type_run),
    f"POST {QC}/runs/{{run_id}}/resolve": Operation(_resolve),
}  # fmt: skip

"""What becomes of results: held, corrected, run again, alarming, and whom they are shown to."""

from tests.integration.lab.centre import PATIENT, Centre
from tests.support.lab_oru import ack_code

NORMAL = [("K", "4.1"), ("NA", "140")]


def reasons(result: dict[str, object]) -> set[str]:
    held = result["held_by"]
    assert isinstance(held, list)
    return {reason["code"] for reason in held}


async def test_a_leap_from_the_last_value_is_held(centre: Centre) -> None:
    await centre.rules_on()
    first = await centre.ordered("K", "NA")
    await centre.measured(first.number, NORMAL, at="20261120090000+0800")
    assert await centre.state(first.case_id) == "resulted"
    second = await centre.ordered("K", "NA")
    await centre.measured(second.number, [("K", "5.9"), ("NA", "140")], at="20261121090000+0800")
    assert await centre.state(second.case_id) == "held"
    found = await centre.results(second.case_id)
    assert "delta" in reasons(found["K"]) and not found["NA"]["is_held"]
    submitted = await centre.submit(second.case_id)
    assert submitted.status_code == 422 and submitted.json()["errors"][0]["code"] == "result_held"


async def test_another_persons_values_are_not_the_earlier_ones(centre: Centre) -> None:
    await centre.rules_on()
    first = await centre.ordered("K", "NA")
    await centre.measured(first.number, NORMAL, at="20261120090000+0800")
    other = await centre.ordered("K", "NA", patient={**PATIENT, "id": "P002", "name": "测试乙"})
    await centre.measured(other.number, [("K", "5.0"), ("NA", "140")], at="20261121090000+0800")
    assert await centre.state(other.case_id) == "resulted"
    points = (await centre.shown(f"/lab/v1/cases/{other.case_id}/trend?item=K"))["points"]
    assert [point["value"] for point in points] == ["5.0"]


async def test_the_trend_is_of_one_person_in_order_of_time(centre: Centre) -> None:
    await centre.rules_on()
    for day, value in (("20", "4.1"), ("18", "4.0"), ("21", "4.2")):
        each = await centre.ordered("K", "NA")
        await centre.measured(each.number, [("K", value), ("NA", "140")], at=f"202611{day}090000+0800")
    points = (await centre.shown(f"/lab/v1/cases/{each.case_id}/trend?item=K"))["points"]
    assert [point["value"] for point in points] == ["4.0", "4.1", "4.2"]


async def test_a_part_of_the_results_leaves_the_case_incomplete(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, [("K", "4.1")])
    shown = await centre.case(ordered.case_id)
    assert shown["completed_at"] is None
    assert (await centre.shown(f"/lab/v1/cases/{ordered.case_id}/results"))["missing"] == ["NA"]
    await centre.measured(ordered.number, [("NA", "140")])
    assert (await centre.case(ordered.case_id))["completed_at"] is not None


async def test_a_correction_keeps_the_value_before_it(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL)
    await centre.measured(ordered.number, [("K", "4.4")], status="C")
    whole = await centre.shown(f"/lab/v1/cases/{ordered.case_id}/results")
    (current,) = [each for each in whole["results"] if each["item"] == "K"]
    (before,) = whole["earlier"]
    assert (current["value"], current["status"], current["run"]) == ("4.4", "corrected", 2)
    assert reasons(current) == {"corrected"}
    assert (before["value"], before["superseded_by"]) == ("4.1", current["result_id"])
    assert await centre.state(ordered.case_id) == "held"


async def test_a_deletion_leaves_the_item_without_a_value(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL)
    await centre.measured(ordered.number, [("K", "")], status="D")
    whole = await centre.shown(f"/lab/v1/cases/{ordered.case_id}/results")
    assert [each["item"] for each in whole["results"]] == ["NA"] and whole["missing"] == ["K"]
    assert {each["value"] for each in whole["earlier"]} == {"4.1", ""}


async def test_a_second_run_that_differs_is_held_with_both_values(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL)
    await centre.measured(ordered.number, [("K", "4.6")])
    found = await centre.results(ordered.case_id)
    (reason,) = [each for each in found["K"]["held_by"] if each["code"] == "rerun"]
    assert reason["numbers"] == {"before": "4.1 mmol/L", "now": "4.6 mmol/L"}


async def test_a_preliminary_value_never_replaces_a_final_one(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL)
    await centre.measured(ordered.number, [("K", "9.9")], status="P")
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.1"


async def test_a_critical_value_opens_the_loop_at_once(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, [("K", "7.1"), ("NA", "140")])
    shown = await centre.case(ordered.case_id)
    assert (shown["state"], shown["priority"]) == ("held", "stat")
    (critical,) = (await centre.shown(f"/lab/v1/cases/{ordered.case_id}/criticals"))["criticals"]
    assert (critical["state"], critical["code"], critical["value"]) == ("found", "K_HIGH", "7.1")
    verified = await centre.done(f"/lab/v1/criticals/{critical['critical_id']}/verify")
    assert verified["state"] in ("verified", "notified")


async def test_a_result_of_another_patient_is_held_and_never_merged(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL, patient="PID|1||P999||测试丙||19700101|F")
    shown = await centre.case(ordered.case_id)
    assert shown["state"] == "held"
    assert "patient_mismatch" in {warning["code"] for warning in shown["warnings"]}
    assert shown["patient"]["name"] == "测试甲"
    assert "patient_mismatch" in reasons((await centre.results(ordered.case_id))["K"])


async def test_values_are_typed_in_by_a_technologist(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    lines = [{"code": "K", "value": "4.10"}, {"code": "NA", "value": "140", "unit": "mmol/L"}]
    body = {"entry_id": "e1", "specimen_number": ordered.number, "lines": lines}
    told = await centre.done("/lab/v1/results", "lab1", body)
    assert (told["verdict"], told["state"]) == ("stored", "applied")
    assert (await centre.done("/lab/v1/results", "lab1", body))["verdict"] == "known"
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.10"
    assert await centre.count("lab.result") == 2
    assert (await centre.post("/lab/v1/results", "clinic1", body)).status_code == 403
    assert (await centre.post("/lab/v1/results", "lab3", {**body, "entry_id": "e2"})).status_code == 404


async def test_results_are_the_laboratorys_until_they_are_released(centre: Centre) -> None:
    ordered = await centre.ordered("K", "NA")
    answer = await centre.measured(ordered.number, NORMAL)
    assert ack_code(answer.content) == "AA"
    for who, status in (("lab1", 200), ("clinic1", 403), ("clinic2", 404), ("lab3", 404)):
        found = await centre.get(f"/lab/v1/cases/{ordered.case_id}/results", who)
        assert found.status_code == status, who
    trend = await centre.shown(f"/lab/v1/cases/{ordered.case_id}/trend?item=K", "clinic1")
    assert trend["points"] == []


async def test_an_added_test_is_waited_for_and_a_canceled_one_is_not(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K")
    await centre.measured(ordered.number, [("K", "4.1")])
    path = f"/lab/v1/cases/{ordered.case_id}"
    await centre.done(f"{path}/items", "clinic1", {"items": ["NA"]})
    assert (await centre.case(ordered.case_id))["completed_at"] is None
    await centre.done(f"{path}/items/NA/cancel", "clinic1")
    assert (await centre.case(ordered.case_id))["completed_at"] is not None
    foreign = await centre.post(f"{path}/items", "clinic1", {"items": ["WBC"]})
    assert foreign.status_code == 422 and foreign.json()["errors"][0]["code"] == "other_group"


async def test_a_result_after_the_release_waits_and_the_report_stands(centre: Centre) -> None:
    await centre.rules_on()
    ordered = await centre.ordered("K", "NA")
    await centre.measured(ordered.number, NORMAL)
    await centre.released(ordered.case_id)
    answer = await centre.measured(ordered.number, [("K", "4.9")], status="C")
    assert ack_code(answer.content) == "AA"
    (orphan,) = (await centre.shown("/lab/v1/orphans"))["orphans"]
    assert (orphan["reason"], orphan["case_id"]) == ("report_released", ordered.case_id)
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.1"
    await centre.done(f"/lab/v1/cases/{ordered.case_id}/amendment", "lab1", {"reason": "仪器更正"})
    await centre.done(f"/lab/v1/orphans/{orphan['orphan_id']}/attach", "lab1", {"specimen_number": ordered.number})
    assert (await centre.results(ordered.case_id))["K"]["value"] == "4.9"

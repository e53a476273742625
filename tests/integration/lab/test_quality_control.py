"""Controls: what they block, who ends that and how, what waits for a person, what a chart shows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.lab.intake.apply import apply_received
from services.lab.queries.recognition import recognised
from services.lab.queries.rule_sets import shipped
from shared.clock import utc_now
from tests.integration.lab.bench import ANALYZER, QC, ago, control, new_lot, open_bench, set_target, typed
from tests.integration.lab.centre import Centre
from tests.support.lab_oru import ack_code


@pytest.fixture
async def bench(centre: Centre) -> AsyncIterator[Centre]:
    async with open_bench(centre, shipped()) as opened:
        yield opened


async def send(centre: Centre, message: bytes) -> None:
    answer = await centre.send(message)
    assert answer.status_code == 200 and ack_code(answer.content) == "AA", answer.text


async def runs(bench: Centre, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await bench.shown(f"{QC}/runs{query}"))["runs"]
    return found


async def test_a_rejected_run_blocks_until_somebody_says_what_was_done(centre: Centre, bench: Centre) -> None:
    await new_lot(bench)
    await send(centre, control("L1", "4.05", control_id="q1", at=ago(2)))
    early = await centre.ordered("K")
    await centre.measured(early.number, [("K", "4.1")])
    assert await centre.state(early.case_id) == "resulted"
    await send(centre, control("L1", "4.31", control_id="q2"))
    (block,) = (await bench.shown(f"{QC}/blocks"))["blocks"]
    assert (block["analyzer"], block["item"]) == (ANALYZER, "K")
    (run,) = block["runs"]
    assert [hit["rule"] for hit in run["violations"]] == ["1-3s"] and run["points"][0]["z"] == "3.100"
    late = await centre.ordered("K")
    await centre.measured(late.number, [("K", "4.2")])
    for each in (early, late):
        assert await centre.state(each.case_id) == "held"
    body = {"action": "calibrated", "comment": "重新定标后质控在控"}
    assert (await bench.post(f"{QC}/runs/{run['run_id']}/resolve", "clinic1", body)).status_code == 403
    assert (await bench.post(f"{QC}/runs/{run['run_id']}/resolve", "lab3", body)).status_code == 404
    assert (await bench.post(f"{QC}/runs/{run['run_id']}/resolve", "lab1", {"action": "repeated"})).status_code == 422
    (dealt_with,) = (await bench.done(f"{QC}/runs/{run['run_id']}/resolve", "lab1", body))["runs"]
    assert dealt_with["state"] == "resolved" and dealt_with["actions"][0]["by"] == "测试检验师甲"
    assert (await bench.shown(f"{QC}/blocks"))["blocks"] == []
    for each in (early, late):
        assert await centre.state(each.case_id) == "resulted"
    again = await bench.post(f"{QC}/runs/{run['run_id']}/resolve", "lab1", body)
    assert again.status_code == 409 and again.json()["code"] == "illegal_transition"
    audited = "SELECT account_id, record_id FROM core.audit_entry WHERE action = 'qc_run.resolve'"
    assert await bench.rows(audited) == [("acc_lab1", run["run_id"])]


async def test_levels_of_one_run_may_come_in_two_messages(centre: Centre, bench: Centre) -> None:
    await new_lot(bench)
    await send(centre, control("L1", "4.21", control_id="q1", at=ago(1)))
    assert (await runs(bench))[0]["state"] == "warned"
    await send(centre, control("L2", "3.79", control_id="q2", at=ago(0.9)))
    assert await bench.count("lab.unmapped") == 0
    (run,) = await runs(bench)
    assert run["state"] == "rejected" and {hit["rule"] for hit in run["violations"]} >= {"R-4s"}


async def test_a_control_of_an_unknown_lot_waits_and_is_taken_once_its_target_is_set(
    centre: Centre, bench: Centre
) -> None:
    message = control("L1", "4.05", control_id="q1")
    await send(centre, message)
    assert await bench.rows("SELECT reason, state FROM lab.orphan") == [("control_unknown", "open")]
    lot_id = await new_lot(bench, levels=("L9",))
    await apply_received(bench.resources.db)
    assert await bench.rows("SELECT reason, state FROM lab.orphan") == [("control_unknown", "open")]
    await bench.done(f"{QC}/lots/{lot_id}/levels", "lab1", {"level": "L1", "name": "低值"})
    await set_target(bench, lot_id, "L1")
    await apply_received(bench.resources.db)
    (run,) = await runs(bench)
    assert run["state"] == "accepted" and await bench.count("lab.orphan") == 0
    await send(centre, message)
    assert await bench.count("lab.qc_point") == 1


async def test_values_of_a_closed_lot_wait(centre: Centre, bench: Centre) -> None:
    lot_id = await new_lot(bench)
    closed = await bench.done(f"{QC}/lots/{lot_id}/close", "lab1")
    assert closed["closed_at"] == (await bench.done(f"{QC}/lots/{lot_id}/close", "lab1"))["closed_at"]
    await send(centre, control("L1", "4.05", control_id="q1"))
    assert await bench.count("lab.qc_run") == 0
    assert await bench.rows("SELECT reason FROM lab.orphan") == [("control_unknown",)]
    body = {"level": "L1", "analyzer": ANALYZER, "item": "K", "mean": "4", "sd": "1"}
    refused = await bench.call("lab1", "PUT", f"{QC}/lots/{lot_id}/targets", body)
    assert refused.status_code == 409 and refused.json()["code"] == "qc_lot_closed"


async def test_a_control_that_is_no_plain_number_is_not_judged_as_one(centre: Centre, bench: Centre) -> None:
    await new_lot(bench)
    await send(centre, control("L1", "<4.0", control_id="q1"))
    await send(centre, control("L1", "阴性", control_id="q2"))
    assert await bench.count("lab.qc_point") == 0 and await bench.count("lab.orphan") == 2
    await send(centre, control("L1", "1e30", control_id="q3"))
    assert (await runs(bench))[0]["state"] == "rejected"


@pytest.mark.parametrize(("action", "state"), [("calibrated", "warned"), ("repeated", "rejected")])
async def test_only_another_process_starts_the_rules_anew(bench: Centre, action: str, state: str) -> None:
    lot_id = await new_lot(bench)
    assert (await typed(bench, lot_id, "e1", ago(6), L1="4.25"))["state"] == "warned"
    second = await typed(bench, lot_id, "e2", ago(4), L1="4.25")
    assert second["state"] == "rejected" and [hit["rule"] for hit in second["violations"]] == ["1-2s", "2-2s"]
    await bench.done(f"{QC}/runs/{second['run_id']}/resolve", "lab1", {"action": action, "comment": "测试处理"})
    third = await typed(bench, lot_id, "e3", ago(2), L1="4.25")
    assert third["state"] == state and third["restarts"] is (action == "calibrated")


async def test_dealing_with_a_run_deals_with_those_rejected_before_it(bench: Centre) -> None:
    lot_id = await new_lot(bench)
    first = await typed(bench, lot_id, "e1", ago(6), L1="4.5")
    second = await typed(bench, lot_id, "e2", ago(4), L1="4.5")
    third = await typed(bench, lot_id, "e3", ago(2), L1="4.5")
    done = await bench.done(f"{QC}/runs/{second['run_id']}/resolve", "lab1", {"action": "other", "comment": "更换灯"})
    assert [run["run_id"] for run in done["runs"]] == [first["run_id"], second["run_id"]]
    (block,) = (await bench.shown(f"{QC}/blocks"))["blocks"]
    assert [run["run_id"] for run in block["runs"]] == [third["run_id"]]


async def test_targets_are_established_from_twenty_values_in_control_and_charted(bench: Centre) -> None:
    lot_id = await new_lot(bench, levels=("L1",))
    key = {"level": "L1", "analyzer": ANALYZER, "item": "K"}
    values = ["4.04", "3.96"] * 9 + ["4.04"]
    for place, value in enumerate(values):
        await typed(bench, lot_id, f"e{place}", ago(60 - 2 * place), L1=value)
    rejected = await typed(bench, lot_id, "out", ago(10), L1="9.0")
    few = await bench.post(f"{QC}/lots/{lot_id}/targets/establish", "lab1", key)
    assert few.status_code == 422 and few.json()["code"] == "qc_too_few_points" and few.json()["points"] == 19
    await typed(bench, lot_id, "last", ago(1), L1="3.96")
    made = await bench.done(f"{QC}/lots/{lot_id}/targets/establish", "lab1", key)
    assert made["points"] == 20 and made["mean"] == "4.0000" and made["unit"] == "mmol/L"
    assert 0.04 < float(made["sd"]) < 0.042
    chart = await bench.shown(f"{QC}/levey-jennings?analyzer={ANALYZER}&item=K&lot=LOT1")
    (level,) = chart["levels"]
    assert len(level["points"]) == 21 and len(level["limits"]) == 7 and level["in_control"]["n"] == 20
    assert [each["run_id"] for each in level["points"] if each["state"] == "rejected"] == [rejected["run_id"]]
    assert level["points"][0]["z"] == "0.400"  # with the target of its time
    assert [each["sd"] for each in (await bench.shown(f"{QC}/lots/{lot_id}"))["targets"]] == [made["sd"]]


async def test_the_same_entry_is_stored_once_and_a_wrong_one_not_at_all(bench: Centre) -> None:
    lot_id = await new_lot(bench)
    at = ago(1)
    first = await typed(bench, lot_id, "e1", at, L1="4.05")
    assert (await typed(bench, lot_id, "e1", at, L1="4.05"))["run_id"] == first["run_id"]
    assert await bench.count("lab.qc_point") == 1
    body = {"entry_id": "e1", "lot_id": lot_id, "analyzer": ANALYZER, "item": "K"}
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"points": [{"level": "L1", "value": "4.1"}]}, 409, "entry_id_reused"),
        ({"entry_id": "e2", "points": [{"level": "L1", "value": "阳性"}]}, 422, "invalid"),
        ({"entry_id": "e2", "points": [{"level": "L8", "value": "4.1"}]}, 422, "qc_no_target"),
        ({"entry_id": "e2", "points": [{"level": "L1", "value": "1"}, {"level": "L1", "value": "2"}]}, 422, "invalid"),
        ({"entry_id": "e2", "item": "NONE", "points": [{"level": "L1", "value": "4.1"}]}, 422, "invalid"),
        ({"entry_id": "e\x00", "points": [{"level": "L1", "value": "4.1"}]}, 422, "invalid"),
        ({"entry_id": "e2", "lot_id": "qcl_none", "points": [{"level": "L1", "value": "4.1"}]}, 404, "not_found"),
    ]
    for more, status, code in wrong:
        answer = await bench.post(f"{QC}/runs", "lab1", {**body, **more})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await bench.count("lab.qc_point") == 1 and await bench.count("lab.message") == 1


async def test_each_site_sees_its_own_controls_and_only_its_laboratory_writes(bench: Centre) -> None:
    lot_id = await new_lot(bench)
    for path in ("lots", "runs", "blocks", f"levey-jennings?analyzer={ANALYZER}&item=K&lot=LOT1"):
        assert (await bench.get(f"{QC}/{path}", "clinic1")).status_code == 403
        assert (await bench.get(f"{QC}/{path}", "dispatcher1")).status_code == 200
    assert (await bench.shown(f"{QC}/lots", "lab3"))["lots"] == []
    for path in (f"lots/{lot_id}", "runs/qcr_none", f"levey-jennings?analyzer={ANALYZER}&item=K&lot=LOT1"):
        assert (await bench.get(f"{QC}/{path}", "lab3")).status_code == 404
    body = {"lot": "LOT2", "material": "测试质控血清", "levels": [{"level": "L1", "name": "低值"}]}
    assert (await bench.post(f"{QC}/lots", "dispatcher1", body)).status_code == 403
    again = await bench.post(f"{QC}/lots", "lab1", {**body, "lot": "LOT1"})
    assert again.status_code == 409 and again.json()["code"] == "qc_lot_exists"
    assert (await bench.get(f"{QC}/runs?limit=100000")).status_code == 422
    assert (await bench.get(f"{QC}/runs/%00")).status_code < 500
    assert (await bench.get(f"{QC}/runs?item=%00")).status_code < 500
    assert (await bench.get(f"{QC}/runs?cursor=%00")).status_code < 500


async def test_an_item_is_recognised_while_it_is_assessed_and_in_control(bench: Centre) -> None:
    lot_id = await new_lot(bench)
    assessed = {"scheme": "测试临检中心", "round": "2026-1", "item": "K", "value": "4.1", "target": "4.0"}
    span = {"valid_from": ago(24).isoformat(), "valid_to": ago(-24).isoformat()}
    path = "/lab/v1/external-assessments"

    async def marked() -> frozenset[str]:
        async with bench.resources.db.transaction() as session:
            return await recognised(session, "org_a", utc_now())

    made = await bench.done(path, "lab1", {**assessed, **span, "allowable": "0.2"})
    assert made["verdict"] == "passed"
    assert await marked() == frozenset()
    await typed(bench, lot_id, "e1", ago(3), L1="4.0")
    assert await marked() == {"K"}
    (shown,) = (await bench.shown(f"{path}/items"))["items"]
    assert shown["is_assessed"] and shown["is_in_control"] and shown["is_recognised"]
    run = await typed(bench, lot_id, "e2", ago(2), L1="4.9")
    assert await marked() == frozenset()
    await bench.done(f"{QC}/runs/{run['run_id']}/resolve", "lab1", {"action": "calibrated", "comment": "定标"})
    assert await marked() == frozenset()  # dealt with, but no control has been in control since
    await typed(bench, lot_id, "e3", ago(1), L1="4.0")
    assert await marked() == {"K"}
    replaced = await bench.done(path, "lab1", {**assessed, **span, "sd": "0.02"})
    assert replaced["verdict"] == "failed" and replaced["eqa_id"] == made["eqa_id"]
    assert await marked() == frozenset()
    assert len((await bench.shown(f"{path}?item=K"))["assessments"]) == 1
    wrong = [
        {},
        {"allowable": "1", "sd": "1"},
        {"verdict": "passed", "sd": "1"},
        {"verdict": "passed", "item": "NONE"},
        {"verdict": "passed", "valid_to": ago(48).isoformat()},
    ]
    for more in wrong:
        assert (await bench.post(path, "lab1", {**assessed, **span, **more})).status_code == 422
    assert (await bench.post(path, "clinic1", {**assessed, **span, "verdict": "passed"})).status_code == 403
    assert (await bench.shown(path, "lab3"))["assessments"] == []

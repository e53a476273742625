"""Which rule set judges: only one that proves itself, switched on by whom it behoves, from a moment on."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.lab.queries.rule_sets import active_rules, default_rules, shipped
from services.lab.rules.rule_set import RuleSet
from tests.integration.lab.bench import ago, open_bench
from tests.integration.lab.centre import RULES, Centre

PATH = "/lab/v1/rule-sets"


def altered(**changes: Any) -> RuleSet:
    return RuleSet.model_validate_json(json.dumps({**default_rules().model_dump(mode="json"), **changes}))


def without_intervals() -> RuleSet:
    """Its own cases expect flags that it can no longer give."""
    return altered(version="9.1", intervals=[])


@pytest.fixture
async def bench(centre: Centre) -> AsyncIterator[Centre]:
    sets = [without_intervals(), altered(version="9.2", cases=[]), altered(version="9.3", site="org_b")]
    async with open_bench(centre, {**shipped(), **{each.key: each for each in sets}}) as opened:
        yield opened


async def judging(bench: Centre) -> str | None:
    async with bench.resources.db.transaction() as session:
        rules = await active_rules(session, "org_a")
    return rules.key if rules else None


async def test_the_regions_own_holds_until_one_is_switched_on(bench: Centre) -> None:
    listed = await bench.shown(PATH)
    assert listed["is_default"] and listed["active"] == default_rules().key and listed["history"] == []
    own = next(each for each in listed["rule_sets"] if each["rule_set"] == RULES)
    assert own["failures"] == [] and own["problems"] == [] and own["cases"] > 0 and own["source"]
    switched = await bench.done(f"{PATH}/{RULES}/switch-on", "reviewer1")
    assert switched["cases_passed"] == own["cases"] and switched["switched_by"] == "测试医师丙"
    listed = await bench.shown(PATH)
    assert not listed["is_default"] and [each["rule_set"] for each in listed["history"]] == [RULES]
    audited = "SELECT account_id, record_id FROM core.audit_entry WHERE action = 'rule_set.switch_on'"
    assert await bench.rows(audited) == [("acc_reviewer1", f"org_a/{RULES}")]


@pytest.mark.parametrize("version", ["9.1", "9.2"])
async def test_one_that_fails_its_own_cases_is_refused_and_says_which(bench: Centre, version: str) -> None:
    key = f"{default_rules().name}@{version}"
    refused = await bench.post(f"{PATH}/{key}/switch-on", "reviewer1")
    assert refused.status_code == 422 and refused.json()["code"] == "rule_set_fails"
    assert all(each["code"] == "own_case_fails" for each in refused.json()["errors"]) and refused.json()["errors"]
    assert await bench.count("lab.rule_set_state") == 0
    listed = next(each for each in (await bench.shown(PATH))["rule_sets"] if each["rule_set"] == key)
    assert listed["failures"] and not listed["is_active"]


async def test_it_holds_from_the_moment_that_was_said(bench: Centre) -> None:
    later = {"from": ago(-48).isoformat()}
    switched = await bench.done(f"{PATH}/{RULES}/switch-on", "reviewer1", later)
    assert switched["holds_from"] > switched["switched_at"]
    listed = await bench.shown(PATH)
    assert listed["is_default"] and len(listed["history"]) == 1
    for wrong in (ago(24), ago(-24 * 500)):
        answer = await bench.post(f"{PATH}/{RULES}/switch-on", "reviewer1", {"from": wrong.isoformat()})
        assert answer.status_code == 422
    assert await bench.count("lab.rule_set_state") == 1


async def test_one_whose_data_was_changed_since_judges_nothing(bench: Centre) -> None:
    await bench.done(f"{PATH}/{RULES}/switch-on", "reviewer1")
    assert await judging(bench) == RULES
    async with bench.resources.db.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE lab.rule_set_state SET digest = 'another'")
    assert await judging(bench) is None
    assert (await bench.shown(PATH))["active"] is None


async def test_who_may_switch_and_for_which_laboratory(bench: Centre) -> None:
    assert (await bench.post(f"{PATH}/{RULES}/switch-on", "clinic1")).status_code == 403
    assert (await bench.post(f"{PATH}/{RULES}/switch-on", "lab1")).status_code == 403
    assert (await bench.get(PATH, "clinic1")).status_code == 403
    switch = f"{PATH}/{RULES}/switch-on"
    assert (await bench.post(switch, "reviewer1", {"laboratory_id": "org_b"})).status_code == 404
    assert (await bench.post(switch, "admin1")).status_code == 422
    assert (await bench.post(switch, "admin1", {"laboratory_id": "org_c1"})).status_code == 404
    assert (await bench.post(f"{PATH}/none@1/switch-on", "reviewer1")).status_code == 404
    foreign = await bench.post(f"{PATH}/{default_rules().name}@9.3/switch-on", "reviewer1")
    assert foreign.status_code == 422 and foreign.json()["code"] == "rule_set_of_another_site"
    assert await bench.count("lab.rule_set_state") == 0
    await bench.done(switch, "admin1", {"laboratory_id": "org_a"})
    assert (await bench.shown(f"{PATH}?laboratory_id=org_a", "admin1"))["active"] == RULES

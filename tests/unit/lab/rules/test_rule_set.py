"""Rule sets as data: they fit the catalogue, decide every subject, and prove themselves."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.rules.facts import Subject
from services.lab.rules.own_cases import run_own_cases
from services.lab.rules.rule_set import DATA, RuleSet, load_rule_set
from services.lab.rules.scope import Scope

RULES = load_rule_set()
RAW: dict[str, Any] = json.loads((DATA / "county_2026_1.json").read_text("utf-8"))


def changed(**parts: object) -> RuleSet:
    return RuleSet.model_validate_json(json.dumps({**RAW, **parts}))


def interval(**scope: object) -> dict[str, object]:
    return {"item": "K", "low": "3.5", "high": "5.3", "unit": "mmol/L", "source": "测试", "scope": scope}


def test_what_ships_fits_the_catalogue_and_passes_its_own_cases() -> None:
    assert RULES.key == "county@2026.1"
    assert RULES.problems_with(load_catalogue()) == ()
    assert run_own_cases(RULES) == []


def test_every_row_names_its_source_and_memory_is_marked() -> None:
    rows = [row for part in RAW.values() if isinstance(part, list) for row in part if isinstance(row, dict)]
    rules = [row for row in rows if "expect" not in row]
    assert all(row["source"] for row in rules)
    assert all(row.get("verify") for row in rules if "凭记忆" in row["source"] or "WS/T 40" in row["source"])


@pytest.mark.parametrize("part", ["criticals", "absurd", "linear", "products", "flags", "hil", "expected", "deltas"])
def test_its_own_cases_notice_when_a_kind_of_rule_is_gone(part: str) -> None:
    assert run_own_cases(changed(**{part: []})) != []


@pytest.mark.parametrize(
    ("item", "limit", "value"), [("K", "high", "6.3"), ("NA", "low", "119"), ("K", "low", "3.3"), ("PLT", "low", "8")]
)
def test_its_own_cases_notice_a_moved_critical_limit(item: str, limit: str, value: str) -> None:
    rows = [{**row, limit: value} if row["item"] == item else row for row in RAW["criticals"]]
    assert run_own_cases(changed(criticals=rows)) != []


def test_a_failure_says_what_was_expected_and_found() -> None:
    failures = run_own_cases(changed(absurd=[]))
    assert failures[0].case == "荒谬值"
    assert "absurd" in failures[0].expected
    assert "absurd" not in failures[0].found


def test_a_set_without_cases_is_not_proved() -> None:
    assert len(run_own_cases(changed(cases=[]))) == 1


def test_the_most_specific_row_wins_in_any_order() -> None:
    rows = [
        {**interval(), "high": "9.0"},
        {**interval(sex="F"), "high": "9.1"},
        {**interval(age_to=28), "high": "9.2"},
        {**interval(pregnant=True), "high": "9.3"},
        {**interval(department="肾内科"), "high": "9.4"},
        {**interval(site="lab_a"), "high": "9.5"},
    ]
    subjects = [
        Subject(),
        Subject(sex="F"),
        Subject(sex="F", age_days=3),
        Subject(sex="F", age_days=3, pregnant=True),
        Subject(sex="F", age_days=3, pregnant=True, department="肾内科"),
        Subject(sex="F", age_days=3, pregnant=True, department="肾内科", site="lab_a"),
    ]
    for order in (rows, rows[::-1]):
        rules = changed(intervals=order, cases=[])
        found = [rules.interval_of("K", subject, RULES.valid_from) for subject in subjects]
        assert [str(row.high) for row in found if row] == ["9.0", "9.1", "9.2", "9.3", "9.4", "9.5"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({}, {}),
        ({"sex": "M"}, {"sex": "M"}),
        ({"age_from": 0, "age_to": 30}, {"age_from": 29}),
        ({"valid_to": "2027-01-02"}, {"valid_from": "2027-01-01"}),
        ({"site": "a", "sex": "M"}, {"site": "a", "sex": "M"}),
    ],
)
def test_two_rows_for_one_subject_are_an_error(one: dict[str, object], two: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="interval rows of K overlap"):
        changed(intervals=[interval(**one), interval(**two)])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"sex": "M"}, {"sex": "F"}),
        ({"age_to": 28}, {"age_from": 28}),
        ({"valid_to": "2027-01-01"}, {"valid_from": "2027-01-01"}),
        ({"site": "a"}, {"site": "b"}),
        ({"sex": "M"}, {}),
    ],
)
def test_rows_that_never_meet_or_differ_in_shape_stand_together(one: dict[str, object], two: dict[str, object]) -> None:
    assert len(changed(intervals=[interval(**one), interval(**two)]).intervals) == 2


@pytest.mark.parametrize(
    "row",
    [
        {**interval(), "low": "6"},
        {**interval(), "low": None, "high": None},
        {**interval(), "lwo": "3.5"},
        {**interval(), "source": ""},
        {**interval(), "low": 3.5, "unit": None},
        interval(age_from=30, age_to=30),
        interval(sex="X"),
    ],
)
def test_a_row_that_says_nothing_or_too_much_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        changed(intervals=[row])


def test_a_row_of_a_foreign_item_or_unit_is_named() -> None:
    rules = changed(intervals=[{**interval(), "unit": "mg/dL"}, {**interval(), "item": "XYZ"}])
    problems = rules.problems_with(load_catalogue())
    assert "item XYZ is not in the catalogue" in problems
    assert "K: unit mg/dL is not the item's mmol/L" in problems


scopes = st.builds(
    Scope,
    site=st.sampled_from([None, "a", "b"]),
    sex=st.sampled_from([None, "M", "F"]),
    pregnant=st.sampled_from([None, True]),
    age_from=st.sampled_from([None, 0, 10]),
    age_to=st.sampled_from([None, 20, 30]),
)
subjects = st.builds(
    Subject,
    sex=st.sampled_from(["M", "F", ""]),
    age_days=st.sampled_from([None, 0, 9, 10, 19, 20, 29, 30]),
    site=st.sampled_from(["a", "b"]),
    pregnant=st.sampled_from([None, True, False]),
)


@given(one=scopes, two=scopes, subject=subjects)
def test_scopes_that_cover_one_subject_meet(one: Scope, two: Scope, subject: Subject) -> None:
    if one.covers(subject, RULES.valid_from) and two.covers(subject, RULES.valid_from):
        assert one.meets(two)
        assert two.meets(one)

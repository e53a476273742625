"""The counties' lists: each limit raises its item, a number inside it does not."""

from dataclasses import fields
from typing import Any

import pytest

from services.ecg.rules.critical.rule_set import NumberCondition, rule_set, rule_sets
from services.ecg.rules.critical.suspect import suspected
from services.ecg.rules.facts import Measurements, PatientContext
from services.ecg.rules.statements.suggest import suggest
from tests.unit.ecg.rules.statements.numbers import analysis, healthy, with_leads

MAN = PatientContext("M", 50.0)


def found(numbers: Measurements, key: str = "national@2017") -> list[str]:
    said = suggest(analysis(numbers), MAN)
    return [each.code for each in suspected(analysis(numbers), said, key)]


def test_there_are_the_lists_a_county_may_choose() -> None:
    assert list(rule_sets()) == ["national@2017", "shanxi@2017", "zhejiang@later", "zhejiang@trial"]
    assert all(each.source and each.published for each in rule_sets().values())


def test_an_unknown_list_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="national@2017"):
        rule_set("atlantis@1")


def test_every_number_a_list_asks_for_is_measured() -> None:
    known = {each.name for each in fields(Measurements)} | {"qtc_ms"}
    asked = {
        condition.name
        for each in rule_sets().values()
        for item in each.items
        for conditions in item.any_of
        for condition in conditions
        if isinstance(condition, NumberCondition)
    }
    assert asked <= known


def test_a_healthy_ecg_raises_nothing() -> None:
    assert [found(healthy(), key) for key in rule_sets()] == [[], [], [], []]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"rr_longest_ms": 3000.0}, ["long_rr"]),
        ({"rr_longest_ms": 2990.0}, []),
        ({"heart_rate_bpm": 35.0}, ["bradycardia"]),
        ({"heart_rate_bpm": 36.0}, []),
        ({"heart_rate_bpm": 200.0, "has_p": False, "pr_ms": None}, ["supraventricular_tachycardia"]),
        ({"heart_rate_bpm": 150.0, "has_p": False, "pr_ms": None, "qrs_ms": 160.0}, ["ventricular_tachycardia"]),
        ({"longest_wide_run": 7, "wide_run_rate_bpm": 160.0}, ["ventricular_tachycardia"]),
        ({"longest_wide_run": 9, "wide_run_rate_bpm": 160.0, "qrs_ms": 140.0}, []),
        ({"longest_wide_run": 5, "wide_run_rate_bpm": 160.0}, []),
        ({"qtcb_ms": 550.0}, ["long_qt"]),
    ],
)
def test_limits_of_the_national_list(changed: dict[str, Any], expected: list[str]) -> None:
    assert found(healthy(**changed)) == expected


def test_fast_fibrillation_by_county() -> None:
    fast = healthy(heart_rate_bpm=185.0, has_p=False, pr_ms=None, rr_irregularity=0.2)
    assert found(fast, "shanxi@2017") == ["supraventricular_tachycardia", "fast_atrial_fibrillation"]
    assert found(fast, "zhejiang@trial") == ["fast_atrial_fibrillation"]
    assert found(fast, "national@2017") == []


def test_preexcited_fibrillation() -> None:
    wild = healthy(rr_irregularity=0.3, qrs_ms=130.0, rr_shortest_ms=250.0, has_p=False, pr_ms=None)
    assert "preexcited_atrial_fibrillation" in found(wild)
    assert "preexcited_atrial_fibrillation" not in found(wild, "zhejiang@trial")  # below 250, not at it


def test_infarct_by_wall() -> None:
    inferior = with_leads(healthy(), II={"st_j": 100.0}, aVF={"st_j": 120.0})
    anterior = with_leads(healthy(), V2={"st_j": 310.0}, V3={"st_j": 300.0})
    septal_small = with_leads(healthy(), V1={"st_j": 200.0}, V2={"st_j": 200.0})
    for key in rule_sets():
        assert found(inferior, key) == ["acute_infarction"]
        assert found(anterior, key) == ["acute_infarction"]
        assert found(septal_small, key) == []


def test_the_numbers_behind_it_are_kept() -> None:
    numbers = with_leads(healthy(), II={"st_j": 100.0}, aVF={"st_j": 120.0})
    critical = suspected(analysis(numbers), (), "national@2017")[0]
    assert (critical.rule_set, critical.numbers["st_aVF_mv"]) == ("national@2017", 0.12)
    assert "0.1 mV" in critical.rule


def test_hyperkalaemia() -> None:
    tall = {"t": 1200.0}
    assert "hyperkalaemia" in found(with_leads(healthy(qrs_ms=130.0), V2=tall, V3=tall, V4=tall))
    assert "hyperkalaemia" not in found(with_leads(healthy(), V2=tall, V3=tall, V4=tall))


@pytest.mark.parametrize("key", sorted(rule_sets()))
def test_no_beat_in_a_readable_recording_is_an_arrest_until_somebody_has_looked(key: str) -> None:
    silent = analysis(Measurements())
    assert [each.code for each in suspected(silent, (), key, silent_s=10.0)] == ["asystole"]
    assert suspected(silent, (), key) == ()

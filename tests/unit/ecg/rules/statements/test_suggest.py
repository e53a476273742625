"""One number leaves its limits: one statement, with the rule and the number in it."""

from typing import Any

import pytest

from services.ecg.rules.facts import Measurements, PatientContext
from services.ecg.rules.statements.limits import limits_of
from services.ecg.rules.statements.suggest import suggest
from tests.unit.ecg.rules.statements.numbers import analysis, healthy, with_leads

MAN, WOMAN = PatientContext("M", 50.0), PatientContext("F", 50.0)


def codes(numbers: Measurements, patient: PatientContext = MAN) -> list[str]:
    return [each.code for each in suggest(analysis(numbers), patient)]


def test_healthy_numbers_are_a_normal_ecg() -> None:
    assert codes(healthy()) == ["20", "1"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"heart_rate_bpm": 101.0}, ["21"]),
        ({"heart_rate_bpm": 59.0}, ["22"]),
        ({"rr_longest_ms": 1000.0}, ["23"]),
        ({"p_axis_deg": -60.0}, ["34"]),
        ({"has_p": None, "pr_ms": None}, ["27"]),
        ({"has_p": False, "pr_ms": None, "rr_irregularity": 0.2}, ["50"]),
        ({"has_p": False, "pr_ms": None, "heart_rate_bpm": 52.0}, ["38"]),
        ({"has_p": False, "pr_ms": None, "heart_rate_bpm": 170.0, "qtcf_ms": None}, ["56"]),
        ({"has_p": False, "pr_ms": None, "heart_rate_bpm": 170.0, "qrs_ms": 150.0, "qtcf_ms": None}, ["76", "107"]),
        ({"has_p": False, "pr_ms": None, "heart_rate_bpm": 38.0, "qrs_ms": 150.0, "qtcb_ms": None}, ["63", "107"]),
        ({"has_p": False, "pr_ms": None, "heart_rate_bpm": 80.0, "qrs_ms": 150.0}, ["64", "107"]),
        ({"paced": True}, ["181"]),
        ({"pr_ms": 201.0}, ["20", "82"]),
        ({"pr_ms": 110.0}, ["20", "80"]),
        ({"pr_ms": 110.0, "qrs_ms": 116.0}, ["20", "108"]),
        ({"qrs_axis_deg": -40.0}, ["20", "121"]),
        ({"qrs_axis_deg": -60.0}, ["20", "101"]),
        ({"qrs_axis_deg": 110.0}, ["20", "120"]),
        ({"qrs_axis_deg": -120.0}, ["20", "122"]),
        ({"sv1_uv": -2400.0}, ["20", "142"]),
        ({"qtcb_ms": 450.0}, ["20", "148"]),
        ({"qtcb_ms": 340.0}, ["20", "149"]),
        ({"ectopic_count": 1, "wide_beat_count": 1}, ["20", "60"]),
        ({"ectopic_count": 2}, ["20", "30"]),
        ({"longest_wide_run": 4, "wide_run_rate_bpm": 150.0, "wide_beat_count": 4, "ectopic_count": 4}, ["20", "71"]),
    ],
)  # fmt: skip
def test_each_number_says_its_own(changed: dict[str, Any], expected: list[str]) -> None:
    assert codes(healthy(**changed)) == expected


def test_a_pause_is_said() -> None:
    assert "26" in codes(healthy(rr_longest_ms=2100.0))


def test_limits_of_qtc_differ_by_sex() -> None:
    assert codes(healthy(qtcb_ms=455.0), MAN) == ["20", "148"]
    assert codes(healthy(qtcb_ms=455.0), WOMAN) == ["20", "1"]


def test_fridericia_counts_beyond_a_hundred() -> None:
    fast = healthy(heart_rate_bpm=120.0, qtcb_ms=470.0, qtcf_ms=420.0)
    assert codes(fast) == ["21"]


def test_bundle_branches_by_the_shape_in_v1_and_v6() -> None:
    wide = healthy(qrs_ms=140.0)
    right = with_leads(wide, V1={"r": 900.0, "s": -100.0}, I={"s": -300.0}, V6={"s": -300.0})
    left = with_leads(wide, V1={"r": 100.0, "s": -1500.0}, I={"q": 0.0, "s": 0.0}, V6={"q": 0.0, "s": 0.0})
    assert codes(right) == ["20", "106"]
    assert codes(left) == ["20", "104"]


def test_st_counts_in_two_neighbours_and_says_where() -> None:
    one = with_leads(healthy(), II={"st_j": 200.0})
    two = with_leads(healthy(), II={"st_j": 200.0}, III={"st_j": 150.0})
    assert codes(one) == ["20", "1"]
    said = suggest(analysis(two), MAN)[1]
    assert (said.code, said.text) == ("145+363", "ST 段抬高（II、III）")
    assert said.numbers == {"st_II_mv": 0.2, "st_III_mv": 0.15}


def test_young_men_may_have_higher_st_in_v2_and_v3() -> None:
    high = with_leads(healthy(), V2={"st_j": 220.0}, V3={"st_j": 220.0})
    assert "145+363" in codes(high, PatientContext("M", 45.0))
    assert "145+363" not in codes(high, PatientContext("M", 25.0))
    assert "145+363" in codes(high, PatientContext("F", 25.0))


def test_a_wide_qrs_explains_its_own_st() -> None:
    wide = with_leads(healthy(qrs_ms=140.0), II={"st_j": 200.0}, III={"st_j": 150.0})
    assert "145+363" not in codes(wide)


def test_depression_and_inversion() -> None:
    low = {"st_j": -80.0, "st_60": -90.0}
    assert "145+362" in codes(with_leads(healthy(), V5=low, V6=low))
    assert "147" in codes(with_leads(healthy(), V5={"t": -150.0}, V6={"t": -150.0}))


def test_low_voltage() -> None:
    flat = {each.lead: {"q": 0.0, "r": 200.0, "s": -100.0} for each in healthy().amplitudes}
    assert "125" in codes(with_leads(healthy(), **flat))


def test_children_have_limits_of_their_age() -> None:
    infant = PatientContext("", 0.3)
    assert limits_of(infant).rate == (106.0, 186.0)
    quick = healthy(heart_rate_bpm=150.0, pr_ms=110.0, qrs_ms=70.0, qtcf_ms=400.0, qrs_axis_deg=60.0)
    assert codes(quick, infant) == ["20", "1"]
    assert "21" in codes(quick, MAN)
    assert "82" in codes(healthy(heart_rate_bpm=150.0, pr_ms=160.0, qrs_ms=70.0, qtcf_ms=400.0), infant)


def test_nothing_is_said_of_nothing() -> None:
    assert codes(Measurements()) == []


def test_disorder_without_beats_may_be_fibrillation() -> None:
    assert codes(Measurements(disorganised=True)) == ["74"]


def test_bundle_branch_block_is_no_run_of_ventricular_beats() -> None:
    every_beat = healthy(qrs_ms=140.0, wide_beat_count=11, longest_wide_run=11, wide_run_rate_bpm=72.0)
    assert codes(every_beat) == ["20", "107"]

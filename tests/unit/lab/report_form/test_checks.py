from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from services.lab.report_form.checks import needs_physician, problems
from services.lab.report_form.evidence import LabEvidence
from services.lab.rules.facts import Interval, Judgement, Reason
from tests.unit.lab.report_form.reports import HELD, POTASSIUM, SPECIMEN, evidence, form, result

JUDGED = Judgement("K", "H", Interval(Decimal("3.5"), Decimal("5.3"), "mmol/L", "3.5-5.3"))
CORRECTED = {"K": {"action": "corrected", "value": "5.8", "reason": "溶血标本复检"}}


def codes(stands_on: LabEvidence, **fields: Any) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in problems(form(**fields), stands_on)]


def test_an_empty_form_over_results_that_passed_can_be_signed() -> None:
    assert codes(evidence()) == []


def test_no_result_is_no_report() -> None:
    nothing = replace(evidence(), results=())
    assert codes(nothing) == [("/results", "results_none")]
    withheld = {"GLU": {"action": "withhold", "reason": "标本量不足"}}
    assert codes(evidence(), results=withheld) == [("/results", "results_none")]


def test_a_description_alone_is_a_report() -> None:
    assert codes(replace(evidence(), results=()), findings="涂片：红细胞大小不等。") == []


def test_a_refused_specimen_has_no_report() -> None:
    assert codes(evidence(specimen=replace(SPECIMEN, refused="凝血"))) == [("/results", "specimen_refused")]


def test_a_held_result_is_looked_at_or_withheld() -> None:
    held = evidence(result("HGB", held_by=(HELD,)), result("WBC"))
    assert codes(held) == [("/results/HGB", "result_held")]
    assert "相比下降 42%" in problems(form(), held)[0].detail
    assert codes(held, accepted_holds=["WBC"]) == [("/results/HGB", "result_held")]
    assert codes(held, accepted_holds=["HGB"]) == []
    assert codes(held, accepted_holds=["*"]) == []
    assert codes(held, results={"HGB": {"action": "withhold", "reason": "复检中"}}) == []


def test_accepting_a_result_does_not_pass_its_hold() -> None:
    held = evidence(result("HGB", held_by=(HELD,)))
    assert codes(held, results={"HGB": {"action": "accept"}}) == [("/results/HGB", "result_held")]


@pytest.mark.parametrize("code", ["absurd", "delta", "same_sample", "qc", "hil", "patient_mismatch", "identity"])
def test_a_hold_that_doubts_the_value_is_named(code: str) -> None:
    held = evidence(result("HGB", held_by=(Reason(code, "可疑", "r"), Reason("flag", "仪器报警", "r"))))
    assert codes(held) == [("/results/HGB", "result_held")]
    assert "可疑" in problems(form(), held)[0].detail and "仪器报警" not in problems(form(), held)[0].detail
    assert codes(held, accepted_holds=["HGB"]) == []


@pytest.mark.parametrize("code", ["no_interval", "flag", "flag_unknown", "critical", "below_range", "above_range",
                                  "undecided", "unexpected", "no_rule_set"])  # fmt: skip
def test_any_other_hold_passes_by_the_signature(code: str) -> None:
    assert codes(evidence(result("HGB", held_by=(Reason(code, "请人工审核", "r"),)))) == []


def test_a_critical_value_does_not_wait_for_its_loop() -> None:
    assert codes(evidence(POTASSIUM)) == []


def test_a_part_is_signed_by_who_says_that_it_is_one() -> None:
    part = evidence(missing=("CRP",))
    assert codes(part) == [("/results", "result_missing")]
    assert "项目CRP" in problems(form(), part)[0].detail
    assert codes(part, acknowledged=["result_missing"]) == []


def test_an_analyzers_preliminary_value_is_not_taken_for_final() -> None:
    early = evidence(result(reported_status="preliminary"))
    assert codes(early) == [("/results", "result_preliminary")]
    assert codes(early, acknowledged=["result_preliminary"]) == []


@pytest.mark.parametrize("action", ["withhold", "corrected"])
def test_who_changes_a_result_says_why(action: str) -> None:
    changed = {"K": {"action": action, "value": "5.8"}}
    found = codes(evidence(POTASSIUM, result(), corrections={"K": JUDGED}), results=changed)
    assert found == [("/results/K/reason", "reason_required")]


def test_a_correction_has_a_value() -> None:
    empty = {"K": {"action": "corrected", "reason": "溶血"}}
    assert codes(evidence(POTASSIUM), results=empty) == [("/results/K/value", "required")]


def test_a_correction_is_judged_as_a_measured_value_is() -> None:
    assert codes(evidence(POTASSIUM), results=CORRECTED) == [("/results/K/value", "correction_unjudged")]
    assert codes(evidence(POTASSIUM, corrections={"K": JUDGED}), results=CORRECTED) == []
    absurd = replace(JUDGED, held_by=(Reason("absurd", "超出可能范围", "absurd-k"),))
    assert codes(evidence(POTASSIUM, corrections={"K": absurd}), results=CORRECTED) == [("/results/K", "result_held")]


def test_a_decision_on_a_result_that_is_not_there_is_not_lost() -> None:
    found = codes(evidence(), results={"A/B~C": {"action": "withhold", "reason": "x"}})
    assert found == [("/results/A~1B~0C", "result_unknown")]


def test_leftovers_of_a_template_are_found_in_every_text() -> None:
    stands_on = evidence(POTASSIUM, result())
    found = codes(
        stands_on,
        comment="建议____复查",
        findings="【请填写】",
        results={"K": {"action": "withhold", "reason": "____"}},
        hold_reasons={"K": "???"},
    )
    assert {pointer for pointer, code in found if code == "placeholder_left"} == {
        "/comment",
        "/findings",
        "/results/K/reason",
        "/hold_reasons/K",
    }


def test_a_diagnostic_item_is_interpreted_by_a_physician() -> None:
    smear = evidence(result("SMEAR", "异常", is_diagnostic=True), result())
    assert needs_physician(form(), smear)
    assert codes(smear) == [("/impression", "required")]
    assert codes(smear, impression="形态学提示缺铁。") == []
    withheld = form(results={"SMEAR": {"action": "withhold", "reason": "待上级复核"}})
    assert not needs_physician(withheld, smear)
    assert not needs_physician(form(), evidence())
    assert problems(withheld, smear) == []

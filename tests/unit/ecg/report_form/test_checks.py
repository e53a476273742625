from dataclasses import replace
from typing import Any

import pytest

from services.ecg.report_form.checks import problems
from services.ecg.report_form.evidence import EcgEvidence
from services.ecg.report_form.form import EcgForm
from tests.unit.ecg.report_form.reports import MEASURED, evidence, form


def found(checked: EcgForm, age: float | None = None, **measured: Any) -> list[tuple[str, str]]:
    stands_on = evidence(measurements=replace(MEASURED, **measured))
    return [(problem.pointer, problem.code) for problem in problems(checked, stands_on, age_years=age)]


def test_a_whole_form_is_ready() -> None:
    assert found(form()) == []


def test_an_empty_draft_is_not_signed() -> None:
    assert found(EcgForm()) == [("/findings", "required"), ("/impression", "required")]


def test_leftover_words_of_a_template_are_refused() -> None:
    assert found(form(comparison="较前图 ___ 变化")) == [("/comparison", "placeholder_left")]


def test_a_recording_of_another_case_is_refused() -> None:
    assert found(form(recording_id="rec_elsewhere")) == [("/recording_id", "recording_unknown")]


def test_a_case_without_a_recording_has_no_report() -> None:
    (problem,) = problems(form(), EcgEvidence())
    assert (problem.pointer, problem.code) == ("/recording_id", "recording_missing")


def test_an_unusable_recording_needs_the_readers_word() -> None:
    bad = evidence(quality="unusable")
    (problem,) = problems(form(), bad)
    assert problem.code == "quality_unusable"
    assert problems(form(acknowledged=["quality_unusable"]), bad) == []


@pytest.mark.parametrize("rhythm", ["心房颤动", "房颤伴快速心室率", "心房颤动，完全性右束支阻滞"])
def test_fibrillation_has_no_pr(rhythm: str) -> None:
    assert found(form(rhythm=rhythm)) == [("/pr_ms", "pr_contradiction")]
    assert found(form(rhythm=rhythm, pr_ms=None)) == []
    assert found(form(rhythm=rhythm), pr_ms=None) == []
    assert found(form(rhythm=rhythm, acknowledged=["pr_contradiction"])) == []


def test_sinus_rhythm_beside_fibrillation_may_have_a_pr() -> None:
    assert found(form(rhythm="窦性心律，阵发性心房颤动")) == []


@pytest.mark.parametrize(
    ("rhythm", "rate", "age", "refused"),
    [
        ("窦性心律", 150, None, True),
        ("窦性心律", 149, None, False),
        ("窦性心律", 160, 0.1, False),
        ("窦性心动过速", 150, None, False),
        ("窦性心动过速", 72, None, True),
        ("窦性心动过缓", 72, None, True),
        ("窦性心动过缓", 55, None, False),
        ("窦性心动过缓", 90, 0.5, False),
        ("室上性心动过速", 180, None, False),
        ("窦性心动过速，三度房室传导阻滞", 38, None, False),
    ],
)
def test_rhythm_and_rate_must_agree(rhythm: str, rate: int, age: float | None, refused: bool) -> None:
    expected = [("/heart_rate_bpm", "rate_contradiction")] if refused else []
    assert found(form(rhythm=rhythm), age, heart_rate_bpm=float(rate)) == expected


def test_a_qrs_is_shorter_than_its_qt() -> None:
    assert found(form(), qrs_ms=400.0) == [("/qrs_ms", "interval_contradiction")]


def test_who_corrects_the_qt_corrects_the_qtc() -> None:
    stale = [("/qtcb_ms", "qtc_contradiction"), ("/qtcf_ms", "qtc_contradiction")]
    assert found(form(qt_ms=460)) == stale
    assert found(form(qt_ms=460, qtcb_ms=504, qtcf_ms=489)) == []
    assert found(form(qt_ms=460, qtcb_ms=None, qtcf_ms=None)) == []
    assert found(form(qt_ms=460, acknowledged=["qtc_contradiction"])) == []


def test_the_computers_own_qtc_is_not_argued_with() -> None:
    assert found(form(), qtcb_ms=500.0) == []


def test_a_rate_of_nought_divides_nothing() -> None:
    assert found(form(rhythm="全心停搏", heart_rate_bpm=0)) == []

"""Why an ECG report cannot be signed. Few rules, each of them sound: a rule that cries wolf is clicked away."""

import math
import re

from services.ecg.report_form.evidence import EcgEvidence
from services.ecg.report_form.form import EcgForm
from services.ecg.report_form.numbers import Number, computer_numbers, corrected_fields, signed_numbers
from shared.errors import FieldProblem
from shared.paper.leftovers import leftover_problems

_FIBRILLATION = re.compile(r"(?:心?房颤|心房颤动|心房纤颤)")
_BLOCKED = re.compile(r"(?:房室|窦房)[^，。；\n]{0,8}阻滞|停搏|分离")
_REQUIRED = (("/findings", "心电图特征"), ("/impression", "心电图诊断"))
_QTC_TOLERANCE = 0.05


def problems(form: EcgForm, evidence: EcgEvidence, *, age_years: float | None = None) -> list[FieldProblem]:
    """Empty if the form can be signed. A doubt is raised once: the reader who names its code in ``acknowledged`` may
    sign, and the signed statement shows that he did. An unknown age is taken as an adult's."""
    texts = {
        "/technique": form.technique,
        "/rhythm": form.rhythm,
        "/findings": form.findings,
        "/impression": form.impression,
        "/comparison": form.comparison,
    }
    found = [FieldProblem(pointer, "required", f"{name}不能为空") for pointer, name in _REQUIRED if not texts[pointer]]
    found.extend(leftover_problems(texts))
    chosen = evidence.chosen(form.recording_id)
    if chosen is None:
        code, detail = "recording_unknown", "所选心电图不属于本病例"
        if not evidence.recordings:
            code, detail = "recording_missing", "本病例没有心电图记录，不能出具报告"
        found.append(FieldProblem("/recording_id", code, detail))
        return found
    doubts = []
    if chosen.quality == "unusable":
        detail = "所选心电图信号质量不合格，请重新采集或另选；确需据此报告的请勾选确认"
        doubts.append(FieldProblem("/recording_id", "quality_unusable", detail))
    computer = computer_numbers(chosen.measurements)
    numbers = signed_numbers(form, computer)
    doubts.extend(_rhythm_doubts(form, numbers, age_years))
    doubts.extend(_interval_doubts(numbers, set(corrected_fields(form, computer))))
    found.extend(doubt for doubt in doubts if doubt.code not in form.acknowledged)
    return found


def _rhythm_doubts(form: EcgForm, numbers: dict[str, Number], age: float | None) -> list[FieldProblem]:
    found = []
    if numbers["pr_ms"] is not None and "窦性" not in form.rhythm and _FIBRILLATION.search(form.rhythm):
        detail = f"心律为心房颤动，却有 PR 间期 {numbers['pr_ms']} ms，请清除或核对"
        found.append(FieldProblem("/pr_ms", "pr_contradiction", detail))
    rate = numbers["heart_rate_bpm"]
    if rate is None or _BLOCKED.search(form.rhythm + form.impression):
        return found
    adult = age is None or age >= 14
    wrong = (
        ("窦性心动过速" in form.rhythm and rate < 95)
        or ("窦性心动过缓" in form.rhythm and rate > (65 if adult else 120))
        or ("窦性心律" in form.rhythm and "过速" not in form.rhythm and rate >= 150 and adult)
    )
    if wrong:
        detail = f"心律“{form.rhythm[:20]}”与心率 {rate} 次/分不符，请核对"
        found.append(FieldProblem("/heart_rate_bpm", "rate_contradiction", detail))
    return found


def _interval_doubts(numbers: dict[str, Number], corrected: set[str]) -> list[FieldProblem]:
    found = []
    qrs, qt, rate = numbers["qrs_ms"], numbers["qt_ms"], numbers["heart_rate_bpm"]
    if qrs is not None and qt is not None and qrs >= qt:
        detail = f"QRS 时限 {qrs} ms 不短于 QT 间期 {qt} ms，请核对"
        found.append(FieldProblem("/qrs_ms", "interval_contradiction", detail))
    for name, shown, root in (("qtcb_ms", "QTcB", 1 / 2), ("qtcf_ms", "QTcF", 1 / 3)):
        qtc = numbers[name]
        if qtc is None or not qt or not rate or not corrected & {name, "qt_ms", "heart_rate_bpm"}:
            continue
        expected = qt / math.pow(60 / rate, root)
        if abs(qtc - expected) > expected * _QTC_TOLERANCE:
            detail = f"{shown} {qtc} ms 与修正后的 QT、心率不符（约 {round(expected)} ms），请一并修正"
            found.append(FieldProblem(f"/{name}", "qtc_contradiction", detail))
    return found

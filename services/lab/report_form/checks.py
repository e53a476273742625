"""Why a laboratory report cannot be signed, and whether a physician has to sign it."""

from collections.abc import Iterable

from services.lab.report_form.decisions import Decided, decisions, reported
from services.lab.report_form.evidence import LabEvidence
from services.lab.report_form.form import LabForm
from shared.errors import FieldProblem
from shared.paper.leftovers import leftover_problems

_TEXTS = ("comment", "impression", "findings", "technique")
_NAMED = 8
NAMED_HOLDS = frozenset(
    {
        "absurd", "delta", "same_sample", "qc", "hil", "patient_mismatch", "identity",
        "rerun", "corrected", "value_unreadable", "item_canceled", "unit_unknown",
    }
)  # fmt: skip
"""What throws doubt on the value itself, its specimen or its patient: the author names the item that he lets pass.
Every other hold only asks that a person looks, and his signature says that he did."""


def problems(form: LabForm, evidence: LabEvidence) -> list[FieldProblem]:
    """Empty if the form can be signed. A critical value is no reason to wait: its own loop runs beside the report.

    ``result_missing`` and ``result_preliminary`` are doubts: who names them in ``acknowledged`` signs a report that
    says what it lacks, as a preliminary one always does.
    """
    if evidence.specimen.refused:
        detail = f"标本已拒收（{evidence.specimen.refused}），不能出具报告"
        return [FieldProblem("/results", "specimen_refused", detail)]
    decided = decisions(form, evidence)
    standing = reported(decided)
    found = []
    if not standing and not form.findings:
        found.append(FieldProblem("/results", "results_none", "没有可报告的结果"))
    found.extend(_unknown_items(form, evidence))
    for each in decided:
        found.extend(_result_problems(each, form))
    if not form.impression and any(each.facts.is_diagnostic for each in standing):
        detail = "含诊断性检验项目，须填写结果解释，由执业医师签发"
        found.append(FieldProblem("/impression", "required", detail))
    found.extend(leftover_problems(_texts(form)))
    found.extend(doubt for doubt in _doubts(evidence, standing) if doubt.code not in form.acknowledged)
    return found


def needs_physician(form: LabForm, evidence: LabEvidence) -> bool:
    """诊断性检验报告应当由执业医师出具 (卫医发〔2006〕73号 第十八条)."""
    return any(each.facts.is_diagnostic for each in reported(decisions(form, evidence)))


def pointer(part: str, item: str) -> str:
    """RFC 6901: an item's code may have a slash in it."""
    return f"/{part}/" + item.replace("~", "~0").replace("/", "~1")


def _unknown_items(form: LabForm, evidence: LabEvidence) -> Iterable[FieldProblem]:
    """A decision on a result that the case does not have would be lost without a word."""
    known = {each.item for each in evidence.results}
    for item, choice in form.results.items():
        if item not in known and choice.action != "accept":
            yield FieldProblem(pointer("results", item), "result_unknown", "本标本没有该项目的结果")


def _result_problems(decided: Decided, form: LabForm) -> Iterable[FieldProblem]:
    facts = decided.facts
    at = pointer("results", facts.item)
    if decided.action != "accept" and not decided.reason:
        what = "修正结果" if decided.action == "corrected" else "暂不报告"
        yield FieldProblem(f"{at}/reason", "reason_required", f"{facts.name}：{what}须注明原因")
    if decided.action == "corrected" and not decided.value:
        yield FieldProblem(f"{at}/value", "required", f"{facts.name}：未填写修正后的结果")
    elif not decided.is_judged:
        yield FieldProblem(f"{at}/value", "correction_unjudged", f"{facts.name}：修正后的结果未经审核规则判断")
    named = [reason for reason in decided.held_by if reason.code in NAMED_HOLDS]
    if decided.action != "withhold" and named and not form.lets_pass(facts.item):
        reasons = "；".join(reason.text for reason in named)
        yield FieldProblem(at, "result_held", f"{facts.name} 未通过自动审核：{reasons}")


def _texts(form: LabForm) -> dict[str, str]:
    texts = {f"/{name}": getattr(form, name) for name in _TEXTS}
    for item, choice in form.results.items():
        texts[f"{pointer('results', item)}/reason"] = choice.reason
    for item, reason in form.hold_reasons.items():
        texts[pointer("hold_reasons", item)] = reason
    return texts


def _doubts(evidence: LabEvidence, standing: list[Decided]) -> Iterable[FieldProblem]:
    if evidence.missing:
        detail = f"尚无结果：{_names([each.name for each in evidence.missing])}；只报告已有结果请勾选确认"
        yield FieldProblem("/results", "result_missing", detail)
    preliminary = [each.facts.name for each in standing if each.facts.reported_status == "preliminary"]
    if preliminary:
        detail = f"仪器仅给出初步结果：{_names(preliminary)}；据此报告请勾选确认"
        yield FieldProblem("/results", "result_preliminary", detail)


def _names(names: list[str]) -> str:
    return "、".join(names[:_NAMED]) + (f" 等 {len(names)} 项" if len(names) > _NAMED else "")

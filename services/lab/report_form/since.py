"""What became of a report's results since its author signed it."""

from collections.abc import Iterator

from services.lab.report_form.checks import NAMED_HOLDS, pointer
from services.lab.report_form.compose import content_of
from services.lab.report_form.content import LabContent
from services.lab.report_form.decisions import decisions, reported
from services.lab.report_form.evidence import LabEvidence
from services.lab.report_form.form import LabForm
from shared.errors import FieldProblem
from shared.reading.finding import Finding


def outdated(form: LabForm, evidence: LabEvidence, signed: LabContent) -> Iterator[FieldProblem]:
    """A value that was corrected or deleted since, or that is doubted now and was not then (a control failed): whoever
    releases would stand for what the laboratory no longer believes. What came besides is an amendment's."""
    now = {each.item: each for each in content_of(form, evidence).items}
    for was in signed.items:
        at, stands = pointer("results", was.item), now.get(was.item)
        if stands is None or (stands.value, stands.unit) != (was.value, was.unit):
            yield FieldProblem(at, "result_changed", f"{was.name}：作者签名后结果有变化，请退回作者")
            continue
        passed = {hold.code for hold in was.holds_passed}
        doubts = [hold.text for hold in stands.holds_passed if hold.code in NAMED_HOLDS - passed]
        if doubts:
            yield FieldProblem(at, "result_held", f"{was.name}：作者签名后未通过审核：{'；'.join(doubts)}，请退回作者")


def findings(form: LabForm, evidence: LabEvidence) -> Iterator[Finding]:
    """Criticals among the values that the author puts in the place of measured ones: no analyzer's message tells of
    them, so their loop begins with his signature."""
    for each in reported(decisions(form, evidence)):
        judged = evidence.corrections.get(each.facts.item)
        if each.action != "corrected" or judged is None or judged.critical is None:
            continue
        critical = judged.critical
        yield Finding(
            code=f"{each.facts.item}_{'LOW' if judged.flag == 'LL' else 'HIGH'}"[:64],
            text=f"{each.facts.name} {critical.text}"[:500],
            value=each.value,
            unit=critical.numbers.get("unit"),
            rule=critical.rule,
            rule_set=judged.rule_set,
            numbers=dict(critical.numbers),
            key=f"{each.facts.item}/{each.value}",
        )

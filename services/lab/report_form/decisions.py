"""Each result with what the technologist made of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from services.lab.report_form.content import Flag
from services.lab.report_form.evidence import LabEvidence, ResultFacts
from services.lab.report_form.form import LabForm
from services.lab.rules.facts import Judgement, Reason


@dataclass(frozen=True, slots=True)
class Decided:
    """``value``, ``flag``, ``interval``, ``is_critical`` and ``held_by`` as they stand after the decision;
    ``is_judged`` is False of a corrected value on which the rules have not spoken."""

    facts: ResultFacts
    action: Literal["accept", "withhold", "corrected"]
    value: str
    flag: Flag
    interval: str
    is_critical: bool
    held_by: tuple[Reason, ...]
    reason: str = ""
    is_judged: bool = True


def decisions(form: LabForm, evidence: LabEvidence) -> list[Decided]:
    """In the order of the results. Writing the measured value again corrects nothing."""
    return [_decided(facts, form, evidence.corrections.get(facts.item)) for facts in evidence.results]


def reported(decided: Iterable[Decided]) -> list[Decided]:
    return [each for each in decided if each.action != "withhold"]


def _decided(facts: ResultFacts, form: LabForm, judgement: Judgement | None) -> Decided:
    measured = Decided(
        facts, "accept", facts.value_text, facts.flag, facts.interval_text, facts.is_critical, facts.held_by
    )
    choice = form.results.get(facts.item)
    if choice is None or choice.action == "accept":
        return measured
    if choice.action == "withhold":
        return replace(measured, action="withhold", reason=choice.reason)
    if choice.value == facts.value_text:
        return measured
    corrected = replace(measured, action="corrected", value=choice.value, reason=choice.reason)
    if judgement is None:
        return replace(corrected, flag="", is_critical=False, held_by=(), is_judged=False)
    return replace(
        corrected,
        flag=judgement.flag,
        interval=judgement.interval.text if judgement.interval else facts.interval_text,
        is_critical=judgement.critical is not None,
        held_by=judgement.held_by,
    )

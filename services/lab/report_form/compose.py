"""Form and evidence become what is signed."""

from collections.abc import Iterable

from services.lab.report_form.content import (
    FLAG_SIGNS,
    Authorisation,
    Change,
    Correction,
    EarlierValue,
    HoldPassed,
    ItemMissing,
    ItemSaid,
    ItemWithheld,
    LabContent,
    SpecimenSaid,
)
from services.lab.report_form.decisions import Decided, decisions, reported
from services.lab.report_form.evidence import LabEvidence, SpecimenFacts, StandingAuthorisation
from services.lab.report_form.form import LabForm

_TEXTS = {"findings": "形态学描述", "impression": "结果解释", "comment": "备注"}


def content_of(form: LabForm, evidence: LabEvidence) -> LabContent:
    decided = decisions(form, evidence)
    standing = reported(decided)
    items = [_item(each, form) for each in standing]
    said = LabContent(
        laboratory=evidence.laboratory,
        specimen=_specimen(evidence.specimen),
        items=items,
        withheld=[
            ItemWithheld(item=each.facts.item, name=each.facts.name, reason=each.reason)
            for each in decided
            if each.action == "withhold"
        ],
        missing=[ItemMissing(item=each.item, name=each.name) for each in evidence.missing],
        rule_set=evidence.rule_set,
        authorisation=_authorisation(evidence.authorisation),
        recognised=[each.item for each in items if each.item in evidence.recognised],
        changes=[],
        comment=form.comment,
        impression=form.impression,
        findings=form.findings,
        technique=form.technique,
        positive=form.positive,
        acknowledged=form.acknowledged,
    )
    if evidence.released is None:
        return said
    return said.model_copy(update={"changes": list(_changes(evidence.released, said))})


def _specimen(specimen: SpecimenFacts) -> SpecimenSaid:
    return SpecimenSaid(
        number=specimen.number,
        type=specimen.type,
        condition=specimen.condition,
        collected_at=specimen.collected_at,
        received_at=specimen.received_at,
    )


def _item(decided: Decided, form: LabForm) -> ItemSaid:
    facts = decided.facts
    is_corrected = decided.action == "corrected"
    return ItemSaid(
        item=facts.item,
        name=facts.name,
        name_en=facts.name_en,
        loinc=facts.loinc,
        value=decided.value,
        unit=facts.unit,
        interval=decided.interval,
        flag=decided.flag,
        is_critical=decided.is_critical,
        is_diagnostic=facts.is_diagnostic,
        method=facts.method,
        analyzer=facts.analyzer,
        measured_at=facts.measured_at,
        status="corrected" if is_corrected else facts.reported_status,
        group=facts.group,
        previous=EarlierValue(value=facts.previous.value, at=facts.previous.at) if facts.previous else None,
        correction=Correction(was=facts.value_text, reason=decided.reason) if is_corrected else None,
        holds_passed=[HoldPassed(code=each.code, text=each.text) for each in decided.held_by],
        hold_reason=form.hold_reasons.get(facts.item, "") if decided.held_by else "",
    )


def _authorisation(given: StandingAuthorisation | None) -> Authorisation | None:
    if given is None:
        return None
    return Authorisation(authorisation_id=given.authorisation_id, person=given.person, rule_set=given.rule_set)


def _changes(released: LabContent, said: LabContent) -> Iterable[Change]:
    """Values with unit and flag, then the texts; nothing of what stayed as it was."""
    before = {each.item: each for each in released.items}
    after = {each.item: each for each in said.items}
    for item in dict.fromkeys((*before, *after)):
        was, now = before.get(item), after.get(item)
        shown = _shown(was), _shown(now)
        if shown[0] != shown[1]:
            name = next(each.name for each in (now, was) if each)
            yield Change(item=item, name=name, was=shown[0], now=shown[1])
    for field, name in _TEXTS.items():
        texts = getattr(released, field), getattr(said, field)
        if texts[0] != texts[1]:
            yield Change(item=field, name=name, was=texts[0], now=texts[1])


def _shown(item: ItemSaid | None) -> str:
    if item is None:
        return ""
    parts = (item.value, item.unit, f"（{item.interval}）" if item.interval else "", FLAG_SIGNS[item.flag])
    return " ".join(part for part in parts if part)

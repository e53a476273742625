"""The rules speak on a case's values as they stand; the case follows; what is critical goes out at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.models import Result, Specimen
from services.lab.queries import orders, quality_control, results, specimens
from services.lab.queries.plain import REASONS
from services.lab.queries.rule_sets import active_rules
from services.lab.rules.facts import Judgement, Measured, Reason, Subject
from services.lab.rules.judge import judge
from services.lab.rules.rule_set import RuleSet
from shared.auth import SYSTEM
from shared.clock import to_shanghai
from shared.db import Session, database_now
from shared.events.case import Card, CaseWarning
from shared.reading.models import Case
from shared.reading.workflow.arrival import Content
from shared.reading.workflow.criticals import Finding, find
from shared.reading.workflow.results import put_results

_LOOKS_BACK = timedelta(days=3650)
_STAY = timedelta(days=7)  # a critical value of the last week: the ward knows, the loop does not ring again
_DAYS = {"Y": 365.25, "M": 30.44, "W": 7.0, "D": 1.0}
_NO_RULES = Reason("no_rule_set", "本实验室尚未启用自动审核规则，请人工审核", "rule_set")


async def judge_case(
    session: Session, case: Case, contents: Sequence[Content], *, patient_doubts: Sequence[str] = ()
) -> None:
    """``case`` is locked; ``contents`` the new rows, none where only quality control or the rules have changed."""
    rows = await results.current_of(session, case.case_id)
    rules = await active_rules(session, case.reading_site_id or "")
    judgements = await _judged(session, case, rows, rules)
    for row in rows:
        judgement = judgements[row.result_id]
        row.judgement = results.stored_judgement(judgement)
        row.is_held = not judgement.passes
    await session.flush()
    ordered = {item.item for item in await orders.live_items(session, [case.case_id])}
    final = {row.item for row in rows if row.status != "preliminary"}
    await put_results(
        session,
        case.case_id,
        contents,
        is_held=any(row.is_held for row in rows) or not rows,
        is_complete=bool(final) and ordered <= final,
        warnings=_warnings(rows, judgements, patient_doubts),
    )
    for row in rows:
        critical = judgements[row.result_id].critical
        if critical is not None:
            await find(session, SYSTEM, case.case_id, finding_of(row, judgements[row.result_id], critical))


async def _judged(
    session: Session, case: Case, rows: Sequence[Result], rules: RuleSet | None
) -> Mapping[str, Judgement]:
    """By result id; the doubts that came with a value stand before the rules' own reasons."""
    doubts = {row.result_id: REASONS.validate_python(row.doubts) for row in rows}
    if rules is None:
        return {
            row.result_id: Judgement(row.item, "", None, (*doubts[row.result_id], _NO_RULES), rule_set="")
            for row in rows
        }
    tubes = {each.specimen_id: each for each in await specimens.of_cases(session, [case.case_id])}
    at = await _moment(session, [tubes[row.specimen_id] for row in rows])
    values = [results.measured_of(row) for row in rows]
    previous, rang = await _previous(session, case, [row.item for row in rows], at)
    blocked = await quality_control.blocked(session, case.reading_site_id or "")
    found = judge(
        values,
        subject_of(case, at),
        previous,
        rules,
        at=at,
        qc_blocked=blocked,
        is_first_critical=lambda item: item not in rang,
    )
    return {
        row.result_id: replace(each, held_by=(*doubts[row.result_id], *each.held_by))
        for row, each in zip(rows, found, strict=True)
    }


async def _moment(session: Session, tubes: Sequence[Specimen]) -> datetime:
    """When the specimen was taken, else when it came."""
    taken = [each.collected_at or each.received_at for each in tubes]
    known = [moment for moment in taken if moment is not None]
    return min(known) if known else await database_now(session)


async def _previous(
    session: Session, case: Case, items: Sequence[str], at: datetime
) -> tuple[dict[str, list[tuple[datetime, Measured]]], set[str]]:
    """The person's earlier values by item, and the items whose critical rang within the stay."""
    previous: dict[str, list[tuple[datetime, Measured]]] = {}
    rang: set[str] = set()
    for row, _ in await results.earlier_of_person(session, case, items, since=at - _LOOKS_BACK):
        moment = row.measured_at or row.received_at
        previous.setdefault(row.item, []).append((moment, results.measured_of(row)))
        if row.judgement.get("critical") and moment >= at - _STAY:
            rang.add(row.item)
    return previous, rang


def subject_of(case: Case, at: datetime) -> Subject:
    card = Card.model_validate(case.card)
    patient = card.patient
    age_days = None
    if patient.birth_date is not None:
        age_days = max((to_shanghai(at).date() - patient.birth_date).days, 0)
    elif patient.age:
        age_days = round(int(patient.age[:-1]) * _DAYS[patient.age[-1]])
    return Subject(
        sex=patient.sex if patient.sex in ("M", "F") else "",
        age_days=age_days,
        department=(card.encounter.department if card.encounter else None) or "",
        site=case.reading_site_id or "",
    )


def finding_of(row: Result, judgement: Judgement, critical: Reason) -> Finding:
    item = load_catalogue().item(row.item)
    name = item.name if item else row.item
    side = "LOW" if judgement.flag == "LL" else "HIGH"
    number = "" if row.number is None else f"{row.comparator}{row.number}"
    return Finding(
        code=f"{row.item}_{side}"[:64],
        text=f"{name} {critical.text}"[:500],
        value=number or row.text or row.value,
        unit=row.unit or None,
        rule=critical.rule,
        rule_set=judgement.rule_set,
        numbers=dict(critical.numbers),
        key=f"{row.item}/{number or row.value}",
    )


def _warnings(
    rows: Sequence[Result], judgements: Mapping[str, Judgement], patient_doubts: Sequence[str]
) -> list[CaseWarning]:
    """Each reason once, the patient's identity first."""
    catalogue = load_catalogue()
    texts = [doubt["text"] for row in rows for doubt in row.doubts if doubt["code"] == "patient_mismatch"]
    found = [CaseWarning(code="patient_mismatch", detail=text) for text in dict.fromkeys([*texts, *patient_doubts])]
    for row in rows:
        item = catalogue.item(row.item)
        name = item.short if item else row.item
        reasons = [each for each in judgements[row.result_id].held_by if each.code != "patient_mismatch"]
        found += [CaseWarning(code=f"held_{each.code}", detail=f"{name}：{each.text}") for each in reasons]
    return list({(each.code, each.detail): each for each in found}.values())[:50]

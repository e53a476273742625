"""The rules speak on a case's values as they stand; the case follows; what is critical goes out at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.judging import bench_of
from services.lab.models import Result
from services.lab.queries import orders, results
from services.lab.queries.plain import REASONS
from services.lab.rules.facts import Judgement, Reason
from shared.auth import SYSTEM
from shared.db import Session
from shared.events.case import CaseWarning
from shared.reading.models import Case
from shared.reading.workflow.arrival import Content
from shared.reading.workflow.criticals import Finding, find
from shared.reading.workflow.results import put_results

_NO_RULES = Reason("no_rule_set", "本实验室尚未启用自动审核规则，请人工审核", "rule_set")


async def judge_case(
    session: Session, case: Case, contents: Sequence[Content], *, patient_doubts: Sequence[str] = ()
) -> None:
    """``case`` is locked; ``contents`` the new rows, none where only quality control or the rules have changed."""
    rows = await results.current_of(session, case.case_id)
    judgements = await _judged(session, case, rows)
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
    new = {content.record_id for content in contents}
    for row in rows:
        critical = judgements[row.result_id].critical
        if critical is not None:
            finding = finding_of(row, judgements[row.result_id], critical)
            is_new = row.result_id in new  # the same value of another run: an earlier false alarm says nothing of it
            await find(session, SYSTEM, case.case_id, finding, is_of_new_content=is_new)


async def _judged(session: Session, case: Case, rows: Sequence[Result]) -> Mapping[str, Judgement]:
    """By result id; the doubts that came with a value stand before the rules' own reasons."""
    doubts = {row.result_id: REASONS.validate_python(row.doubts) for row in rows}
    bench = await bench_of(session, case, rows)
    if bench is None:
        return {
            row.result_id: Judgement(row.item, "", None, (*doubts[row.result_id], _NO_RULES), rule_set="")
            for row in rows
        }
    found = bench.judge([results.measured_of(row) for row in rows])
    return {
        row.result_id: replace(each, held_by=(*doubts[row.result_id], *each.held_by))
        for row, each in zip(rows, found, strict=True)
    }


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

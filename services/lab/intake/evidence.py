"""What a laboratory report stands on, from this centre's rows (``EvidenceOf`` of services/lab/reading_form.py)."""

from collections.abc import Sequence

from services.lab.catalogue.catalogue import Catalogue, load_catalogue
from services.lab.catalogue.items import Item
from services.lab.intake.earlier import earlier_values, typed_value
from services.lab.intake.judging import bench_of
from services.lab.intake.specimen_steps import REFUSALS, SPECIMEN_NAMES, Refusal
from services.lab.models import Result, Specimen
from services.lab.queries import orders, results, specimens
from services.lab.queries.recognition import recognised
from services.lab.report_form.content import LabContent, ReportedStatus
from services.lab.report_form.evidence import (
    LabEvidence,
    MissingItem,
    Previous,
    ResultFacts,
    SpecimenFacts,
)
from services.lab.report_form.form import LabForm
from services.lab.rules.facts import Judgement
from shared import directory
from shared.auth import SYSTEM
from shared.db import Session, database_now
from shared.reading.form import CaseFacts
from shared.reading.models import Case
from shared.reading.queries import cases, reports

_PRINTED = (("10*", "10^"), ("[IU]", "IU"), ("[pH]", ""), ("Cel", "℃"), ("umol", "μmol"), ("ug", "μg"), ("uL", "μL"),
            ("uU", "μU"), ("uIU", "μIU"))  # fmt: skip


async def evidence_of(session: Session, facts: CaseFacts, form: LabForm) -> LabEvidence:
    case = await cases.see(session, SYSTEM, facts.case_id)
    laboratory_id = case.reading_site_id or ""
    catalogue = load_catalogue()
    rows = _in_order(await results.current_of(session, case.case_id), catalogue)
    shown = await _previous(session, case, rows)
    tubes = await specimens.of_cases(session, [case.case_id])
    ordered = [each.item for each in await orders.live_items(session, [case.case_id])]
    there = {row.item for row in rows}
    judgements = [results.judgement_of(row) for row in rows]
    return LabEvidence(
        laboratory=await directory.name_of(session, laboratory_id),
        specimen=_specimen(tubes),
        results=tuple(_result(row, catalogue.item(row.item), shown.get(row.item)) for row in rows),
        missing=tuple(MissingItem(code, _name(catalogue, code)) for code in ordered if code not in there),
        rule_set=next((each.rule_set for each in judgements if each and each.rule_set), ""),
        corrections=await _corrections(session, case, rows, form),
        recognised=await recognised(session, laboratory_id, await database_now(session)),
        released=await _released(session, case),
    )


def _in_order(rows: Sequence[Result], catalogue: Catalogue) -> list[Result]:
    """As the catalogue prints them."""
    places = {item.code: place for place, item in enumerate(catalogue.items)}
    return sorted(rows, key=lambda row: (places.get(row.item, len(places)), row.item))


def _name(catalogue: Catalogue, code: str) -> str:
    item = catalogue.item(code)
    return item.name if item else code


def value_text(row: Result) -> str:
    """The analyzer's own digits."""
    return (row.text or row.value) if row.number is None else f"{row.comparator}{row.number:f}"


def _specimen(tubes: Sequence[Specimen]) -> SpecimenFacts:
    """The tube that was measured; of a case whose every tube was refused, the refusal."""
    good = [each for each in tubes if each.refusal is None] or list(tubes)
    if not good:
        return SpecimenFacts(number="", type="")
    tube = good[0]
    return SpecimenFacts(
        number="、".join(each.number for each in good),
        type=SPECIMEN_NAMES.get(tube.type, tube.type),
        condition="" if tube.refusal else "合格" if tube.received_at else "",
        collected_at=tube.collected_at,
        received_at=tube.received_at,
        refused=REFUSALS[Refusal(tube.refusal)] if tube.refusal else "",
    )


def _result(row: Result, item: Item | None, previous: Previous | None) -> ResultFacts:
    judgement = results.judgement_of(row)
    interval = judgement.interval if judgement else None
    return ResultFacts(
        item=row.item,
        name=item.name if item else row.item,
        value_text=value_text(row),
        unit=printed_unit(row.unit),
        interval_text=interval.text if interval else "",
        flag=judgement.flag if judgement else "",
        name_en=item.short if item else "",
        loinc=item.loinc if item else "",
        is_critical=bool(judgement and (judgement.critical or judgement.flag in ("LL", "HH"))),
        held_by=judgement.held_by if judgement else (),
        method=item.method if item else "",
        analyzer=row.analyzer,
        measured_at=row.measured_at,
        reported_status=_status(row),
        previous=previous,
        is_diagnostic=bool(item and item.diagnostic),
    )


def _status(row: Result) -> ReportedStatus:
    if row.status == "preliminary":
        return "preliminary"
    return "corrected" if row.status == "corrected" else "final"


def printed_unit(ucum: str | None) -> str:
    """``10*9/L`` as 10^9/L, ``umol/L`` as μmol/L, ``[IU]/mL`` as IU/mL; nothing for a number without a unit."""
    if ucum is None or ucum == "1":
        return ""
    text = ucum.replace("10*", "10^").replace("[IU]", "IU").replace("[pH]", "").replace("Cel", "℃")
    return (
        text.replace("umol", "μmol").replace("ug", "μg").replace("uL", "μL").replace("uU", "μU").replace("uIU", "μIU")
    )


async def _previous(session: Session, case: Case, rows: Sequence[Result]) -> dict[str, Previous]:
    """What a report said last of each item before it was measured now, in the same unit."""
    now = {row.item: row for row in rows}
    found: dict[str, Previous] = {}
    for each in await earlier_values(session, case, list(now), released_only=True):
        own = now[each.row.item]
        if each.row.unit == own.unit and each.at < (own.measured_at or own.received_at):
            found.setdefault(each.row.item, Previous(each.printed, each.at))
    return found


async def _corrections(session: Session, case: Case, rows: Sequence[Result], form: LabForm) -> dict[str, Judgement]:
    """What the rules say of the values the form puts in the place of measured ones."""
    wanted = {item: each.value for item, each in form.results.items() if each.action == "corrected" and each.value}
    bench = await bench_of(session, case, rows) if wanted else None
    if bench is None:
        return {}
    values = [typed_value(row, wanted[row.item]) if row.item in wanted else results.measured_of(row) for row in rows]
    return {each.item: each for each in bench.judge(values) if each.item in wanted}


async def _released(session: Session, case: Case) -> LabContent | None:
    report = await reports.of_case(session, case.case_id)
    if report is None or report.released_version is None:
        return None
    version = await reports.version(session, report.report_id, report.released_version)
    if version is None or version.document is None:
        return None
    return LabContent.model_validate(version.document["content"])

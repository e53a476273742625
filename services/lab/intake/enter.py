"""Read lines become rows. Earlier values stay: a correction, a re-run and a deletion are rows of their own."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from services.lab.intake.lines import ReadLine
from services.lab.intake.specimens import mark_resulted
from services.lab.models import ReceivedMessage, Result, Specimen
from services.lab.parse.message import LineStatus
from services.lab.queries import orders, results
from services.lab.queries.plain import plain
from services.lab.rules.facts import Reason
from shared.db import Session
from shared.ids import new_id
from shared.reading.models import Case


@dataclass(frozen=True, slots=True)
class Line:
    """``patient_doubts``: in what the message contradicts the case's patient."""

    group_number: int
    read: ReadLine
    patient_doubts: tuple[str, ...] = ()


async def enter(
    session: Session, message: ReceivedMessage, case: Case, specimen: Specimen, lines: Sequence[Line]
) -> list[Result]:
    """A new row for each of ``lines``, in their order; what stood before is superseded, unless only a preliminary
    value comes after a final one. However many lines: the same few statements. ``case`` is locked."""
    if not lines:
        return []
    standing = await results.standing_of(session, case.case_id, {line.read.item for line in lines})
    canceled = await orders.canceled_items(session, case.case_id)
    rows = []
    for line in lines:
        before, runs = standing.get(line.read.item, (None, 0))
        row = _row(message, case, specimen, line)
        row.run = runs + 1
        is_late_preliminary = (
            row.status == LineStatus.preliminary and before is not None and before.status != LineStatus.preliminary
        )
        row.is_current = row.status != LineStatus.deleted and not is_late_preliminary
        row.doubts = [plain(asdict(doubt)) for doubt in _doubts(before, row, line, canceled)]
        if before is not None and not is_late_preliminary:
            before.is_current, before.superseded_by = False, row.result_id
        standing[row.item] = (row if row.is_current else before if is_late_preliminary else None, row.run)
        rows.append(row)
    await session.flush()  # before another value of an item may be current
    session.add_all(rows)
    await session.flush()
    await mark_resulted(session, specimen.specimen_id)
    return rows


def _row(message: ReceivedMessage, case: Case, specimen: Specimen, line: Line) -> Result:
    sent, measured = line.read.line, line.read.measured
    quantity = measured.quantity if measured else None
    return Result(
        result_id=new_id("res"),
        case_id=case.case_id,
        specimen_id=specimen.specimen_id,
        laboratory_id=message.laboratory_id,
        item=line.read.item,
        code=sent.code,
        name_sent=sent.name,
        value=sent.value,
        unit_sent=sent.unit,
        number=quantity.value if quantity else None,
        comparator=quantity.comparator if quantity else "",
        unit=quantity.unit if quantity else None,
        text=measured.text if measured else None,
        flags=list(measured.flags if measured else sent.flags),
        comments=list(sent.comments),
        dilution=sent.dilution,
        analyzer=sent.analyzer,
        operator=sent.operator,
        measured_at=sent.observed_at,
        status=str(sent.status),
        is_held=False,
        superseded_by=None,
        judgement={},
        message_id=message.message_id,
        group_number=line.group_number,
        line_number=line.read.number,
    )


def _doubts(before: Result | None, row: Result, line: Line, canceled: set[str]) -> list[Reason]:
    found = list(line.read.doubts)
    found += [Reason("patient_mismatch", text, "identity") for text in line.patient_doubts]
    found += _of_runs(before, row)
    if row.item in canceled:
        found.append(Reason("item_canceled", "该项目的申请已取消，请决定是否报告", "orders"))
    return found


def _of_runs(before: Result | None, row: Result) -> list[Reason]:
    if before is None or before.status == LineStatus.preliminary or not row.is_current:
        return []
    numbers = {"before": _said(before), "now": _said(row)}
    if numbers["before"] == numbers["now"]:
        return []
    if row.status == LineStatus.corrected:
        return [Reason("corrected", f"结果由 {numbers['before']} 更正为 {numbers['now']}，请复核", "runs", numbers)]
    text = f"复查结果 {numbers['now']} 与前次 {numbers['before']} 不同，请选定"
    return [Reason("rerun", text, "runs", numbers)]


def _said(row: Result) -> str:
    if row.number is None:
        return row.text or row.value
    return f"{row.comparator}{row.number} {row.unit or ''}".strip()

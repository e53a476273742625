"""One read line becomes a row. Earlier values stay: a correction, a re-run and a deletion are rows of their own."""

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


async def enter(session: Session, message: ReceivedMessage, case: Case, specimen: Specimen, line: Line) -> Result:
    """The new row; what stood before is superseded, unless only a preliminary value comes after a final one."""
    read = line.read
    before = await results.current_item(session, case.case_id, read.item)
    row = _row(message, case, specimen, line)
    row.run = await results.last_run(session, case.case_id, read.item) + 1
    is_late_preliminary = (
        read.line.status is LineStatus.preliminary and before is not None and before.status != LineStatus.preliminary
    )
    row.is_current = read.line.status is not LineStatus.deleted and not is_late_preliminary
    doubts = [*_doubts(before, row, line), *await _cancellation(session, case, read.item)]
    row.doubts = [plain(asdict(doubt)) for doubt in doubts]
    if before is not None and not is_late_preliminary:
        before.is_current, before.superseded_by = False, row.result_id
        await session.flush()  # before another value of the item may be current
    session.add(row)
    await session.flush()
    await mark_resulted(session, specimen.specimen_id)
    return row


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


def _doubts(before: Result | None, row: Result, line: Line) -> list[Reason]:
    found = list(line.read.doubts)
    found += [Reason("patient_mismatch", text, "identity") for text in line.patient_doubts]
    if before is None or before.status == LineStatus.preliminary or not row.is_current:
        return found
    numbers = {"before": _said(before), "now": _said(row)}
    if _said(before) == _said(row):
        return found
    if row.status == LineStatus.corrected:
        text = f"结果由 {numbers['before']} 更正为 {numbers['now']}，请复核"
        return [*found, Reason("corrected", text, "runs", numbers)]
    text = f"复查结果 {numbers['now']} 与前次 {numbers['before']} 不同，请选定"
    return [*found, Reason("rerun", text, "runs", numbers)]


def _said(row: Result) -> str:
    if row.number is None:
        return row.text or row.value
    return f"{row.comparator}{row.number} {row.unit or ''}".strip()


async def _cancellation(session: Session, case: Case, item: str) -> list[Reason]:
    if item not in await orders.canceled_items(session, case.case_id):
        return []
    return [Reason("item_canceled", "该项目的申请已取消，请决定是否报告", "orders")]

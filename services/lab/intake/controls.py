"""Control values on the same socket as patients' go to quality control; a rejected run blocks its analyzer and item."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from services.lab.intake.lines import Dictionary, ReadLine, read_lines
from services.lab.intake.rejudge import rejudge
from services.lab.models import QcLot, QcPoint, QcRun, ReceivedMessage
from services.lab.parse.controls import names_level
from services.lab.parse.message import ControlFacts, Message, SpecimenGroup
from services.lab.queries import quality_control, waiting
from services.lab.queries.plain import plain
from services.lab.rules.levey_jennings import Target
from services.lab.rules.westgard import Outcome, Point, Run, evaluate_all
from shared.clock import to_shanghai
from shared.db import Session
from shared.ids import new_id
from shared.reading.queries.intake import take_locks

_ONE_RUN = timedelta(minutes=30)
_STATES = {Outcome.accept: "accepted", Outcome.warning: "warned", Outcome.reject: "rejected"}


@dataclass(frozen=True, slots=True)
class _Control:
    number: int
    group: SpecimenGroup
    facts: ControlFacts


async def take_controls(session: Session, row: ReceivedMessage, message: Message, dictionary: Dictionary) -> None:
    """Calibrators, blanks and proficiency specimens are no control run; they stay in the message."""
    if not any(group.control is not None for group in message.groups):
        return
    # Levels of one run may come in two messages at once: one after the other they find the same run.
    await take_locks(session, [f"qc/{row.laboratory_id}"])
    orphans = await waiting.orphans_of(session, row.message_id)
    known = await quality_control.places_of(session, row.message_id)
    touched: dict[str, QcRun] = {}
    for number, group in enumerate(message.groups):
        facts = group.control
        if facts is None or facts.role != "control" or number in orphans:
            continue
        control = _Control(number, group, facts)
        lines = read_lines(group, dictionary, sender=row.sender, is_manual=row.protocol == "json")
        fresh = [line for line in lines if (number, line.number) not in known and not names_level(line.line)]
        if not await _take(session, row, control, fresh, touched):
            waiting.keep_orphan(session, row, number, group, "control_unknown", None)
            await session.flush()
    for run in touched.values():
        await _evaluate(session, run)


async def _take(
    session: Session, row: ReceivedMessage, control: _Control, lines: list[ReadLine], touched: dict[str, QcRun]
) -> bool:
    """False where lot or target of some value is unknown: the group then waits, what was known of it is taken."""
    facts = control.facts
    lot = await quality_control.lot_named(session, row.laboratory_id, facts.lot) if facts.lot else None
    if lot is None or not is_open(lot, row.received_at):
        return not lines
    is_whole = True
    for line in lines:
        if line.unknown is not None:
            place = (control.number, line.number)
            await waiting.keep_line(session, row, place, line.line, str(line.unknown.reason), line.unknown.text, None)
        elif line.measured is not None:
            run = await _add_point(session, row, control, line, lot)
            is_whole = is_whole and run is not None
            if run is not None:
                touched[run.run_id] = run
    return is_whole


async def _add_point(
    session: Session, row: ReceivedMessage, control: _Control, line: ReadLine, lot: QcLot
) -> QcRun | None:
    """None where it cannot be judged: its level or target is not known, or it is no plain number ("<0.5", 阴性)."""
    quantity, analyzer = line.measured.quantity if line.measured else None, line.line.analyzer
    if quantity is None or quantity.comparator:
        return None
    level = control.facts.level or await _only_level(session, lot)
    target = await quality_control.target_of(session, lot.lot_id, level, analyzer, line.item)
    if target is None or target.unit != quantity.unit:
        return None
    # An analyzer whose clock is ahead must not put its run behind all that are still to come.
    at = min(line.line.observed_at or row.received_at, row.received_at)
    run = await _run_at(session, row.laboratory_id, analyzer, line.item, lot.lot_id, level, at)
    session.add(
        QcPoint(
            run_id=run.run_id,
            level=level,
            value=quantity.value,
            unit=quantity.unit,
            target_id=target.id,
            z=Target(target.mean, target.sd).z(quantity.value),
            measured_at=at,
            message_id=row.message_id,
            group_number=control.number,
            line_number=line.number,
        )
    )
    await session.flush()
    return run


def is_open(lot: QcLot, at: datetime) -> bool:
    """Neither closed nor, on that day in Shanghai, past its date."""
    return lot.closed_at is None and (lot.expires_on is None or to_shanghai(at).date() <= lot.expires_on)


async def _only_level(session: Session, lot: QcLot) -> str:
    """Of a lot that has a single one: many analyzers then do not name it."""
    levels = await quality_control.levels_of(session, lot.lot_id)
    return levels[0].level if len(levels) == 1 else ""


async def _run_at(
    session: Session, laboratory_id: str, analyzer: str, item: str, lot_id: str, level: str, at: datetime
) -> QcRun:
    """Levels that are measured together are one run, whether they come in one message or in two."""
    run = await quality_control.run_for(session, laboratory_id, analyzer, item, lot_id, level, at, _ONE_RUN)
    if run is None:
        run = QcRun(
            run_id=new_id("qcr"),
            laboratory_id=laboratory_id,
            analyzer=analyzer,
            item=item,
            lot_id=lot_id,
            measured_at=at,
            state="accepted",
            restarts=await quality_control.restarts_next(session, laboratory_id, analyzer, item),
            violations=[],
        )
        session.add(run)
        await session.flush()
    return run


async def _evaluate(session: Session, run: QcRun) -> None:
    found = await quality_control.history(session, run.laboratory_id, run.analyzer, run.item, run.lot_id)
    levels = [each.level for each in await quality_control.levels_of(session, run.lot_id)]
    runs = [
        Run(
            each.run_id,
            each.measured_at,
            each.analyzer,
            each.item,
            tuple(Point(point.level, point.z) for point in points),
            restarts=each.restarts,
        )
        for each, points in found
        if points
    ]
    verdict = next(each for each in evaluate_all(runs, levels) if each.run_id == run.run_id)
    before = run.state
    run.violations = [plain(asdict(hit)) for hit in verdict.hits]
    if before != "rejected":  # only a person ends a rejection: a level that comes later does not
        run.state = _STATES[verdict.outcome]
    await session.flush()
    if run.state == "rejected" and before != "rejected":
        await rejudge(session, run.laboratory_id, run.analyzer, run.item)

"""A stored message becomes results of specimens, or waits for a person. Doing it again changes nothing.

A message's lines, the cases they belong to, judgements, criticals and events go together in one transaction.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.controls import take_controls
from services.lab.intake.enter import Line, enter
from services.lab.intake.judged import judge_case
from services.lab.intake.lines import Dictionary, ReadLine, read_lines
from services.lab.intake.place import Place, find_place, refusal_of
from services.lab.intake.read import read_again
from services.lab.models import CONTENT_KIND, Orphan, ReceivedMessage, Result, Specimen
from services.lab.parse.message import Message, Rejected, SpecimenGroup
from services.lab.queries import messages, results, waiting
from shared.auth import SYSTEM
from shared.db import Database, Session
from shared.errors import Unavailable
from shared.events.case import Card
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.workflow.arrival import Content
from shared.reading.workflow.doubts import ShownPatient, contradictions
from shared.telemetry import fields

logger = logging.getLogger(__name__)

MOST_TRIES = 5
_AT_ONCE = 50
_TOGETHER = 10  # in one transaction: who claims one of their cases meanwhile waits for it


@dataclass(slots=True)
class _Group:
    number: int
    group: SpecimenGroup
    lines: list[ReadLine]
    place: Place


@dataclass(slots=True)
class _OfCase:
    """What the message brings to one case."""

    case: Case
    contents: list[Content] = field(default_factory=list)
    patient_doubts: list[str] = field(default_factory=list)


async def apply_received(db: Database) -> int:
    """Those that wait, in the order they came; returns how many were applied."""
    async with db.transaction() as session:
        ids = await messages.next_received(session, _AT_ONCE, MOST_TRIES)
    return sum([await _apply_together(db, ids[start : start + _TOGETHER]) for start in range(0, len(ids), _TOGETHER)])


async def _apply_together(db: Database, message_ids: Sequence[str]) -> int:
    """In one transaction, in their order: a commit costs as much as several messages. Where one of them fails each is
    done by itself, so that its fault stops no other."""
    try:
        async with db.transaction() as session:
            rows = await messages.lock_received(session, message_ids)
            for row in rows:
                await _apply(session, row)
        return len(rows)
    except Exception:  # counted where the message at fault is done by itself
        logger.warning("messages are applied one by one", exc_info=True, extra=fields(count=len(message_ids)))
    return sum([await apply_message(db, message_id) for message_id in message_ids])


async def apply_message(db: Database, message_id: str) -> bool:
    """False where somebody else has done it, or it failed: then it is logged, counted and tried again by the worker."""
    try:
        async with db.transaction() as session:
            rows = await messages.lock_received(session, [message_id])
            for row in rows:
                await _apply(session, row)
        return bool(rows)
    except Unavailable:
        raise
    except Exception as error:  # the message is durable and acknowledged: its fault must stop no other
        logger.exception("a message could not be applied", extra=fields(message_id=message_id))
        async with db.transaction() as session:
            await messages.count_try(session, message_id, _code_of(error))
        return False


def _code_of(error: Exception) -> str:
    return str(getattr(error, "code", "internal"))


async def _apply(session: Session, row: ReceivedMessage) -> None:
    try:
        message = read_again(row)
    except Rejected as error:
        row.state, row.error_code, row.error_detail = "rejected", str(error.code), error.detail
        return
    dictionary = await _dictionary(session, row, message)
    await take_controls(session, row, message, dictionary)
    groups = await _placed(session, row, message, dictionary)
    locked = await _lock_cases(session, groups)
    known = await results.places_of(session, row.message_id)
    of_cases: dict[str, _OfCase] = {}
    for each in groups:
        await _take_group(session, row, each, locked, known, of_cases)
    for case_id in sorted(of_cases):
        own = of_cases[case_id]
        if own.contents:
            await judge_case(session, own.case, own.contents, patient_doubts=own.patient_doubts)
    await messages.settle(session, row)


async def _dictionary(session: Session, row: ReceivedMessage, message: Message) -> Dictionary:
    codes = sorted({line.code for group in message.groups for line in group.lines})
    rows = await waiting.codes_of(session, row.laboratory_id, codes)
    return Dictionary(
        catalogue=load_catalogue(),
        mappings=waiting.mappings_of(rows),
        passed_over=frozenset((each.analyzer, each.code, each.system) for each in rows if each.item is None),
        words=await waiting.words_of(session, row.laboratory_id),
    )


async def _placed(session: Session, row: ReceivedMessage, message: Message, dictionary: Dictionary) -> list[_Group]:
    orphans = await waiting.orphans_of(session, row.message_id)
    found = []
    for number, group in enumerate(message.groups):
        orphan = orphans.get(number)
        if group.control is not None or (orphan is not None and orphan.state != "attached"):
            continue
        lines = read_lines(group, dictionary, sender=message.sender or row.sender, is_manual=row.protocol == "json")
        place = await _attached(session, orphan)
        if place is None:
            place = await find_place(session, row, group, [line.item for line in lines])
        found.append(_Group(number, group, lines, place))
    return found


async def _attached(session: Session, orphan: Orphan | None) -> Place | None:
    """Where a person put it."""
    if orphan is None or orphan.specimen_id is None:
        return None
    return Place(await session.get(Specimen, orphan.specimen_id))


async def _lock_cases(session: Session, groups: list[_Group]) -> dict[str, Case]:
    """In one order, so that two messages about the same cases never wait for each other."""
    wanted = sorted({each.place.specimen.case_id for each in groups if each.place.specimen})
    return {case_id: await cases.lock(session, SYSTEM, case_id) for case_id in wanted}


async def _take_group(
    session: Session,
    row: ReceivedMessage,
    each: _Group,
    locked: dict[str, Case],
    known: set[tuple[int, int]],
    of_cases: dict[str, _OfCase],
) -> None:
    specimen = each.place.specimen
    case = locked[specimen.case_id] if specimen else None
    fresh = [line for line in each.lines if (each.number, line.number) not in known]
    if specimen is None or case is None:
        await _orphan(session, row, each, each.place.reason, None)
        return
    refusal = refusal_of(specimen, case) if fresh else ""
    if refusal:
        await _orphan(session, row, each, refusal, case.case_id)
        return
    own = of_cases.setdefault(case.case_id, _OfCase(case))
    doubts = _patient_doubts(case, each.group)
    own.patient_doubts += doubts
    for line in fresh:
        if line.unknown is not None:
            place = (each.number, line.number)
            await waiting.keep_line(
                session, row, place, line.line, str(line.unknown.reason), line.unknown.text, case.case_id
            )
    lines = [Line(each.number, line, tuple(doubts)) for line in fresh if line.unknown is None]
    entered = await enter(session, row, case, specimen, lines)
    own.contents += [_content(row, result) for result in entered]


async def _orphan(session: Session, row: ReceivedMessage, each: _Group, reason: str, case_id: str | None) -> None:
    """Once; a person's decision to attach it elsewhere is kept, and so is why that could not be."""
    known = (await waiting.orphans_of(session, row.message_id)).get(each.number)
    if known is not None:
        known.state, known.reason, known.case_id, known.specimen_id = "open", reason, case_id, None
    else:
        waiting.keep_orphan(session, row, each.number, each.group, reason, case_id)
    await session.flush()


def _content(row: ReceivedMessage, entered: Result) -> Content:
    place = f"{row.message_id}/{entered.group_number}/{entered.line_number}"
    return Content(hashlib.sha256(place.encode()).hexdigest(), entered.result_id, CONTENT_KIND)


def _patient_doubts(case: Case, group: SpecimenGroup) -> list[str]:
    """Two people are never merged: what the message says of its patient is held against the case's."""
    patient = group.patient
    shown = ShownPatient(patient.id, patient.name, patient.sex, patient.birth_date)
    known = Card.model_validate(case.card).patient
    return [warning.detail for warning in contradictions(known, [shown], "仪器报文")]

"""What waits for a person: orphans and lines nobody understands; and what people said codes and words mean."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.lab.catalogue.mapping import AnalyzerCode as Mapped
from services.lab.catalogue.mapping import MappingKey
from services.lab.models import AnalyzerCode, Orphan, ReceivedMessage, SpecimenWord, Unmapped
from services.lab.parse.message import ResultLine, SpecimenGroup
from services.lab.queries.plain import plain
from shared.db import Session, at_most
from shared.ids import new_id


async def codes_of(session: Session, laboratory_id: str, codes: Sequence[str]) -> list[AnalyzerCode]:
    statement = select(AnalyzerCode).where(AnalyzerCode.laboratory_id == laboratory_id, AnalyzerCode.code.in_(codes))
    return list(await session.scalars(statement))


def mappings_of(rows: Sequence[AnalyzerCode]) -> Mapping[MappingKey, Mapped]:
    return {
        (row.analyzer, row.code, row.system): Mapped(
            row.analyzer, row.code, row.item, row.system, row.unit, row.sent_unit
        )
        for row in rows
        if row.item is not None
    }


async def codes_of_analyzer(session: Session, laboratory_id: str, analyzer: str) -> dict[str, str]:
    """Item to the analyzer's code, where it has one."""
    statement = select(AnalyzerCode.item, AnalyzerCode.code).where(
        AnalyzerCode.laboratory_id == laboratory_id, AnalyzerCode.analyzer == analyzer, AnalyzerCode.item.is_not(None)
    )
    rows = await session.execute(statement.order_by(AnalyzerCode.id.desc()))
    return {item: code for item, code in rows if item is not None}


async def words_of(session: Session, laboratory_id: str) -> dict[str, str]:
    rows = await session.scalars(select(SpecimenWord).where(SpecimenWord.laboratory_id == laboratory_id))
    return {row.word: row.type for row in rows}


async def all_codes(session: Session, laboratory_id: str, *, limit: int, after: int) -> list[AnalyzerCode]:
    statement = select(AnalyzerCode).where(AnalyzerCode.laboratory_id == laboratory_id, AnalyzerCode.id > after)
    return list(await session.scalars(statement.order_by(AnalyzerCode.id).limit(at_most(limit))))


async def map_code(session: Session, values: dict[str, Any]) -> None:
    statement = insert(AnalyzerCode).values(**values)
    changed = {name: statement.excluded[name] for name in ("item", "unit", "sent_unit", "mapped_by")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["laboratory_id", "analyzer", "code", "system"],
            set_={**changed, "mapped_at": func.clock_timestamp()},
        )
    )


async def map_word(session: Session, laboratory_id: str, word: str, type_: str, account_id: str) -> None:
    statement = insert(SpecimenWord).values(laboratory_id=laboratory_id, word=word, type=type_, mapped_by=account_id)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["laboratory_id", "word"],
            set_={"type": statement.excluded.type, "mapped_by": statement.excluded.mapped_by},
        )
    )


async def settle_code(session: Session, laboratory_id: str, analyzer: str, code: str, system: str) -> list[str]:
    """Open lines of the code are settled; returns their messages."""
    return await _settle(
        session, laboratory_id, Unmapped.analyzer == analyzer, Unmapped.code == code, Unmapped.system == system
    )


async def settle_word(session: Session, laboratory_id: str, word: str) -> list[str]:
    return await _settle(session, laboratory_id, Unmapped.kind == "specimen", Unmapped.text == word)


async def _settle(session: Session, laboratory_id: str, *conditions: ColumnElement[bool]) -> list[str]:
    statement = (
        update(Unmapped)
        .where(Unmapped.laboratory_id == laboratory_id, Unmapped.settled_at.is_(None), *conditions)
        .values(settled_at=func.clock_timestamp())
        .returning(Unmapped.message_id)
    )
    return sorted(set(await session.scalars(statement)))


async def keep_line(
    session: Session,
    message: ReceivedMessage,
    place: tuple[int, int],
    line: ResultLine,
    kind: str,
    text: str,
    case_id: str | None,
) -> None:
    """Open, also where it had been settled: the mapping was of another unit, or is gone."""
    statement = insert(Unmapped).values(
        message_id=message.message_id,
        group_number=place[0],
        line_number=place[1],
        laboratory_id=message.laboratory_id,
        sender=message.sender,
        kind=kind,
        analyzer=line.analyzer,
        system=line.coding_system,
        code=line.code,
        name=line.name,
        unit=line.unit,
        value=line.value,
        text=text,
        case_id=case_id,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["message_id", "group_number", "line_number"],
            set_={"kind": statement.excluded.kind, "text": statement.excluded.text, "settled_at": None},
        )
    )


async def page_unmapped(session: Session, laboratory_id: str, *, limit: int, after: int) -> list[Unmapped]:
    """Open ones, the oldest first."""
    statement = select(Unmapped).where(
        Unmapped.laboratory_id == laboratory_id, Unmapped.settled_at.is_(None), Unmapped.id > after
    )
    return list(await session.scalars(statement.order_by(Unmapped.id).limit(at_most(limit))))


async def orphans_of(session: Session, message_id: str) -> dict[int, Orphan]:
    rows = await session.scalars(select(Orphan).where(Orphan.message_id == message_id))
    return {row.group_number: row for row in rows}


def keep_orphan(
    session: Session, message: ReceivedMessage, number: int, group: SpecimenGroup, reason: str, case_id: str | None
) -> None:
    session.add(
        Orphan(
            orphan_id=new_id("orph"),
            message_id=message.message_id,
            group_number=number,
            laboratory_id=message.laboratory_id,
            specimen_number=group.specimen_number,
            accession_number=group.accession_number,
            patient=plain(asdict(group.patient)),
            lines=[plain(asdict(line)) for line in group.lines],
            reason=reason,
            case_id=case_id,
            state="open",
        )
    )


async def lock_orphan(session: Session, laboratory_id: str, orphan_id: str) -> Orphan | None:
    statement = select(Orphan).where(Orphan.orphan_id == orphan_id, Orphan.laboratory_id == laboratory_id)
    return (await session.scalars(statement.with_for_update())).one_or_none()


async def page_orphans(
    session: Session, laboratory_id: str, *, state: str, limit: int, after: str | None
) -> list[Orphan]:
    """The oldest first."""
    statement = select(Orphan).where(Orphan.laboratory_id == laboratory_id, Orphan.state == state)
    if after is not None:
        statement = statement.where(Orphan.orphan_id > after)
    return list(await session.scalars(statement.order_by(Orphan.orphan_id).limit(at_most(limit))))

"""Results: of a case, of a person, and what stands on them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from services.lab.models import Result
from services.lab.queries.plain import JUDGEMENT
from services.lab.rules.facts import Judgement, Measured, Quantity
from shared.auth import Actor
from shared.db import Session, at_most
from shared.reading.models import Case
from shared.reading.queries.cases import of_same_person, visible_to

_MOMENT = func.coalesce(Result.measured_at, Result.received_at)


async def of_case(session: Session, case_id: str) -> list[Result]:
    """Every value there ever was, each item's in the order of its runs."""
    statement = select(Result).where(Result.case_id == case_id).order_by(Result.item, Result.run, Result.result_id)
    return list(await session.scalars(statement))


async def current_of(session: Session, case_id: str) -> list[Result]:
    statement = select(Result).where(Result.case_id == case_id, Result.is_current).order_by(Result.result_id)
    return list(await session.scalars(statement))


async def places_of(session: Session, message_id: str) -> set[tuple[int, int]]:
    """Lines of the message that are results already."""
    statement = select(Result.group_number, Result.line_number).where(Result.message_id == message_id)
    return {(group, line) for group, line in await session.execute(statement)}


async def standing_of(session: Session, case_id: str, items: Collection[str]) -> dict[str, tuple[Result | None, int]]:
    """Of each of the items that has ever had a value: its current one, and how many runs it has seen."""
    statement = (
        select(Result)
        .where(Result.case_id == case_id, Result.item.in_(items))
        .order_by(Result.item, Result.run, Result.is_current)
    )
    found: dict[str, tuple[Result | None, int]] = {}
    for row in await session.scalars(statement):
        current, runs = found.get(row.item, (None, 0))
        found[row.item] = (row if row.is_current else current, max(runs, row.run))
    return found


async def current_item(session: Session, case_id: str, item: str) -> Result | None:
    statement = select(Result).where(Result.case_id == case_id, Result.item == item, Result.is_current)
    return (await session.scalars(statement)).one_or_none()


async def earlier_of_person(
    session: Session,
    case: Case,
    items: Sequence[str],
    *,
    since: datetime | None = None,
    limit: int = 500,
    seen_by: Actor | None = None,
    released_only: bool = False,
) -> list[tuple[Result, Case]]:
    """The person's values in other cases, the newest first; those ``seen_by`` may see, or all."""
    same = of_same_person(case)
    if same is None or not items:
        return []
    statement = (
        select(Result, Case)
        .join(Case, Result.case_id == Case.case_id)
        .where(
            same,
            Case.state.not_in(("rejected", "canceled", "voided")),
            Result.is_current,
            Result.item.in_(list(items)),
        )
        .order_by(_MOMENT.desc(), Result.result_id.desc())
        .limit(at_most(limit))
    )
    if since is not None:
        statement = statement.where(since <= _MOMENT)
    if seen_by is not None:
        statement = statement.where(visible_to(seen_by))
    if released_only:
        statement = statement.where(Case.state.in_(("released", "amending", "amend_review")))
    return [(result, found) for result, found in await session.execute(statement)]


async def unreleased_with(session: Session, laboratory_id: str, analyzer: str, item: str) -> list[str]:
    """Cases that have a current value of the item on the analyzer and are not released, in the order of their ids."""
    statement = (
        select(Result.case_id)
        .join(Case, Case.case_id == Result.case_id)
        .where(
            Result.laboratory_id == laboratory_id,
            Result.analyzer == analyzer,
            Result.item == item,
            Result.is_current,
            Case.state.in_(("received", "resulted", "held", "claimed", "verified")),
        )
        .order_by(Result.case_id)
        .limit(at_most(1000))
    )
    return list(await session.scalars(statement))


def measured_of(row: Result) -> Measured:
    quantity = None
    if row.number is not None and row.unit is not None:
        quantity = Quantity(row.number, row.unit, row.comparator)  # type: ignore[arg-type]
    return Measured(
        row.item,
        quantity=quantity,
        text=None if quantity else (row.text or row.value),
        flags=tuple(row.flags),
        analyzer=row.analyzer,
        measured_at=row.measured_at,
    )


def judgement_of(row: Result) -> Judgement | None:
    return JUDGEMENT.validate_python(row.judgement, strict=False) if row.judgement else None


def stored_judgement(judgement: Judgement) -> Any:
    return JUDGEMENT.dump_python(judgement, mode="json")

"""Orders, the items of their cases, and numbers for tubes."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select, text

from services.lab.models import LabOrder, OrderedItem
from shared.auth import Actor
from shared.clock import to_shanghai, utc_now
from shared.db import Session, at_most
from shared.ids import new_id
from shared.reading.models import Case
from shared.reading.queries.cases import visible_to


async def next_specimen_number(session: Session) -> str:
    """Day and six digits: twelve, which every analyzer's barcode reader takes."""
    number = (await session.execute(text("SELECT nextval('lab.specimen_number')"))).scalar_one()
    return f"{to_shanghai(utc_now()):%y%m%d}{number:06d}"


def add_order(session: Session, actor: Actor, case: Case, accession_number: str) -> LabOrder:
    order = LabOrder(
        order_id=new_id("order"),
        clinic_id=case.clinic_id,
        laboratory_id=case.reading_site_id or "",
        accession_number=accession_number,
        ordered_by=actor.account_id,
    )
    session.add(order)
    return order


def add_items(
    session: Session,
    actor: Actor,
    case_id: str,
    order_id: str,
    items: Iterable[tuple[str, str | None]],
    *,
    add_on: bool,
) -> None:
    """``items``: code and the panel it came with."""
    session.add_all(
        OrderedItem(
            case_id=case_id, order_id=order_id, item=item, panel=panel, is_add_on=add_on, ordered_by=actor.account_id
        )
        for item, panel in items
    )


async def of_clinic(session: Session, clinic_id: str, accession_number: str) -> LabOrder | None:
    statement = select(LabOrder).where(LabOrder.clinic_id == clinic_id, LabOrder.accession_number == accession_number)
    return (await session.scalars(statement)).one_or_none()


async def of_case(session: Session, case_id: str) -> LabOrder | None:
    statement = select(LabOrder).join(OrderedItem, OrderedItem.order_id == LabOrder.order_id)
    return (await session.scalars(statement.where(OrderedItem.case_id == case_id).limit(1))).one_or_none()


async def get(session: Session, order_id: str) -> LabOrder | None:
    return await session.get(LabOrder, order_id)


async def live_items(session: Session, case_ids: Sequence[str]) -> list[OrderedItem]:
    """Those that are waited for, in the order they were asked for."""
    statement = select(OrderedItem).where(OrderedItem.case_id.in_(case_ids), OrderedItem.canceled_at.is_(None))
    return list(await session.scalars(statement.order_by(OrderedItem.id)))


async def canceled_items(session: Session, case_id: str) -> set[str]:
    """Canceled and not ordered again."""
    rows = (
        await session.execute(
            select(OrderedItem.item, OrderedItem.canceled_at.is_(None)).where(OrderedItem.case_id == case_id)
        )
    ).all()
    live = {item for item, is_live in rows if is_live}
    return {item for item, _ in rows} - live


async def cancel(session: Session, item: OrderedItem, actor: Actor, reason: str | None = None) -> None:
    item.canceled_by, item.cancel_reason = actor.account_id, reason
    item.canceled_at = func.clock_timestamp()
    await session.flush()


async def page(session: Session, actor: Actor, *, limit: int, after: str | None) -> list[LabOrder]:
    """Orders of which the actor may see a case, the newest first."""
    seen = select(OrderedItem.order_id).join(Case, Case.case_id == OrderedItem.case_id).where(visible_to(actor))
    statement = select(LabOrder).where(LabOrder.order_id.in_(seen))
    if after is not None:
        statement = statement.where(LabOrder.order_id < after)
    return list(await session.scalars(statement.order_by(LabOrder.order_id.desc()).limit(at_most(limit))))


async def cases_of(session: Session, actor: Actor, order_ids: Sequence[str]) -> list[tuple[str, Case]]:
    """Order id and case, of those the actor may see."""
    statement = (
        select(OrderedItem.order_id, Case)
        .join(Case, Case.case_id == OrderedItem.case_id)
        .where(OrderedItem.order_id.in_(order_ids), visible_to(actor))
        .distinct()
    )
    rows = (await session.execute(statement)).all()
    return sorted(((order_id, case) for order_id, case in rows), key=lambda row: (row[0], row[1].case_id))

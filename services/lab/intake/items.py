"""Tests added to a case (加做) and taken from it."""

from pydantic import Field

from services.lab.catalogue.catalogue import load_catalogue
from services.lab.intake.judged import judge_case
from services.lab.intake.order import Code
from services.lab.intake.plan import wanted_items
from services.lab.queries import orders, results, specimens
from shared.auth import Actor, Role
from shared.db import Session
from shared.errors import Conflict, FieldProblem, IllegalTransition, Invalid, NotFound
from shared.events.part import Part
from shared.reading.lifecycle import PROMISED, State
from shared.reading.models import Case
from shared.reading.queries import cases

_OPEN = PROMISED | {State.ordered}


class ItemsChange(Part):
    panels: list[Code] = Field(default=[], max_length=50)
    items: list[Code] = Field(default=[], max_length=200)


async def add_items(session: Session, actor: Actor, case_id: str, wanted: ItemsChange) -> Case:
    """Of the case's own report group; what is ordered already stays as it is. Raises Invalid, IllegalTransition, and
    Conflict for a case that was ordered without items."""
    case = await _open_case(session, actor, case_id)
    catalogue = load_catalogue()
    added = wanted_items(wanted.panels, wanted.items, catalogue)
    if not added:
        raise Invalid(errors=[FieldProblem("/items", "missing", "请至少给出一个项目")])
    tubes = await specimens.of_cases(session, [case_id])
    group = tubes[0].group if tubes else ""
    order = await orders.of_case(session, case_id)
    if order is None:
        raise Conflict("该病例申请时没有列出项目，请另开申请", code="case_without_items")
    foreign = [code for code in added if catalogue.group_of(code).code != group]
    if foreign:
        detail = f"项目 {'、'.join(foreign[:5])} 属于另一报告组，请另开申请"
        raise Invalid(detail, errors=[FieldProblem("/items", "other_group", detail)])
    known = {each.item for each in await orders.live_items(session, [case_id])}
    new = [(item, panel) for item, panel in added.items() if item not in known]
    orders.add_items(session, actor, case_id, order.order_id, new, add_on=True)
    await session.flush()
    await _again(session, case)
    return case


async def cancel_item(session: Session, actor: Actor, case_id: str, item: str) -> Case:
    """Canceled twice, it is canceled. Raises NotFound for an item that was never ordered."""
    case = await _open_case(session, actor, case_id)
    live = {each.item: each for each in await orders.live_items(session, [case_id])}
    if item in live:
        await orders.cancel(session, live[item], actor)
        await _again(session, case)
    elif item not in await orders.canceled_items(session, case_id):
        raise NotFound
    return case


async def _open_case(session: Session, actor: Actor, case_id: str) -> Case:
    case = await cases.lock(session, actor, case_id)
    actor.require(Role.clinic, Role.technologist, Role.reader)
    if case.state not in _OPEN:
        raise IllegalTransition(extra={"state": case.state, "action": "change_items"})
    return case


async def _again(session: Session, case: Case) -> None:
    """Whether everything is there depends on what is wanted."""
    if await results.current_of(session, case.case_id):
        await judge_case(session, case, ())

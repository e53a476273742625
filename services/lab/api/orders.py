"""Orders: what belongs together, and the labels of all tubes of one."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.lab.api.labels import labels_of
from services.lab.api.shapes import ShownSpecimen, show_specimen
from services.lab.label.label import render_label
from services.lab.models import LabOrder
from services.lab.queries import orders, specimens
from shared.auth import Actor
from shared.db import Session
from shared.errors import NotFound
from shared.reading.models import Case
from shared.reading.routes.call import CurrentCall

_PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}, "description": "one page a tube"}}


class ShownPart(BaseModel):
    case_id: str
    accession_number: str
    state: str
    exam: str
    items: list[str]
    specimens: list[ShownSpecimen]


class ShownOrder(BaseModel):
    order_id: str
    accession_number: str
    clinic_id: str
    created_at: datetime
    cases: list[ShownPart]


class ShownOrders(BaseModel):
    orders: list[ShownOrder]
    next_cursor: str | None


def orders_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1/orders", tags=["clinic"])

    @router.get("", summary="Orders with items, the newest first")
    async def list_orders(
        call: CurrentCall,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
    ) -> ShownOrders:
        async with call.transaction("order.list", "", "order") as session:
            found = await orders.page(session, call.actor, limit=limit + 1, after=cursor)
            shown = await _show(session, call.actor, found[:limit])
        return ShownOrders(orders=shown, next_cursor=found[limit - 1].order_id if len(found) > limit else None)

    @router.get("/{order_id}", summary="An order and its cases")
    async def read_order(order_id: str, call: CurrentCall) -> ShownOrder:
        async with call.transaction("order.read", order_id, "order") as session:
            return await _one(session, call.actor, order_id)

    @router.get("/{order_id}/labels.pdf", summary="Labels of all its tubes", response_class=Response, responses=_PDF)
    async def read_labels(order_id: str, call: CurrentCall) -> Response:
        async with call.transaction("order.labels", order_id, "order") as session:
            shown = await _one(session, call.actor, order_id)
            tubes = await specimens.of_cases(session, [case.case_id for case in shown.cases])
            labels = await labels_of(session, call.actor, tubes)
        return Response(await asyncio.to_thread(render_label, labels), media_type="application/pdf")

    return router


async def _one(session: Session, actor: Actor, order_id: str) -> ShownOrder:
    """Raises NotFound for an order none of whose cases the actor may see."""
    row = await orders.get(session, order_id)
    shown = await _show(session, actor, [row]) if row else []
    if not shown or not shown[0].cases:
        raise NotFound
    return shown[0]


async def _show(session: Session, actor: Actor, rows: list[LabOrder]) -> list[ShownOrder]:
    found = await orders.cases_of(session, actor, [row.order_id for row in rows])
    case_ids = [case.case_id for _, case in found]
    items: dict[str, list[str]] = {}
    for each in await orders.live_items(session, case_ids):
        items.setdefault(each.case_id, []).append(each.item)
    tubes: dict[str, list[ShownSpecimen]] = {}
    for tube in await specimens.of_cases(session, case_ids):
        tubes.setdefault(tube.case_id, []).append(show_specimen(tube))
    return [
        ShownOrder(
            order_id=row.order_id,
            accession_number=row.accession_number,
            clinic_id=row.clinic_id,
            created_at=row.created_at,
            cases=[
                _part(case, items.get(case.case_id, []), tubes.get(case.case_id, []))
                for order_id, case in found
                if order_id == row.order_id
            ],
        )
        for row in rows
    ]


def _part(case: Case, items: list[str], tubes: list[ShownSpecimen]) -> ShownPart:
    return ShownPart(
        case_id=case.case_id,
        accession_number=case.accession_number,
        state=case.state,
        exam=str(case.card["exam"].get("name", "")),
        items=items,
        specimens=tubes,
    )

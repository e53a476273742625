"""What clinics send: orders, and cases whose results come with them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from services.lab.api.shapes import ShownSpecimen, show_specimen
from services.lab.intake.items import ItemsChange, add_items, cancel_item
from services.lab.intake.order import LabOrder
from services.lab.intake.orders import Placed, PlacedCase, place
from services.lab.intake.take_in import take_in
from services.lab.settings import settings_of
from shared import audit
from shared.auth import Role
from shared.reading.routes.call import CurrentCall
from shared.reading.routes.intake import (
    ANSWERS,
    AcceptedCase,
    CurrentSender,
    accepted_case,
    status_of,
)
from shared.reading.routes.openapi import order_body, upload_body
from shared.reading.routes.show import show_case
from shared.reading.schemas.answers import ShownCase
from shared.reading.schemas.sent_order import read_order
from shared.reading.workflow.arrival import Outcome
from shared.web import CurrentResources
from shared.web.upload import ORDER_MAX_BYTES, Limits, read_bounded, receive_form

ItemCode = Annotated[str, Path(max_length=64)]


class OrderedCase(AcceptedCase):
    items: list[str]
    specimens: list[ShownSpecimen]


class AcceptedOrder(AcceptedCase):
    """The first case, and all of them. ``accession_number`` is the order's own."""

    order_id: str | None = Field(description="None for an order that names no items")
    cases: list[OrderedCase]


_ORDERED: dict[int | str, dict[str, Any]] = {
    code: {**answer, "model": AcceptedOrder} for code, answer in ANSWERS.items()
}


def intake_router() -> APIRouter:
    router = APIRouter(prefix="/lab/v1", tags=["clinic"])

    @router.post(
        "/orders", status_code=202, summary="Order tests: a case and a numbered tube for each report group",
        responses=_ORDERED, openapi_extra=order_body(LabOrder),
    )  # fmt: skip
    async def send_order(
        sender: CurrentSender, request: Request, response: Response, resources: CurrentResources
    ) -> AcceptedOrder:
        sender.actor.require(Role.clinic)
        order = read_order(LabOrder, await read_bounded(request, ORDER_MAX_BYTES))
        async with resources.db.transaction() as session:
            placed = await place(session, sender.actor, order, sender.idempotency_key)
            for each in placed.cases:
                if each.outcome is not Outcome.same:
                    await audit.record(
                        session, sender.actor, "case.order", "case", each.case.case_id, address=sender.address
                    )
        response.status_code = status_of(placed.outcome)
        return _show(placed)

    @router.post(
        "/cases", status_code=202, summary="Send an order with its results", responses=ANSWERS,
        openapi_extra=upload_body(LabOrder, "HL7 v2, ASTM, FHIR R4 JSON or the JSON of POST /lab/v1/results"),
    )  # fmt: skip
    async def send_case(
        sender: CurrentSender, request: Request, response: Response, resources: CurrentResources
    ) -> AcceptedCase:
        """A part `order` (JSON) and one or more files. Wholly taken or wholly refused, with the reason of each file as
        `errors[].pointer` `file:<n>`."""
        settings = settings_of(resources)
        limits = Limits(settings.upload_max_bytes, settings.upload_max_files, settings.spool_dir)
        async with receive_form(request, limits) as (form, spool):
            taken = await take_in(resources, sender, form, spool)
        response.status_code = status_of(taken.outcome)
        return accepted_case(taken.case)

    @router.post("/cases/{case_id}/items", summary="Add tests to a case whose specimen is there")
    async def add_on(case_id: str, body: ItemsChange, call: CurrentCall) -> ShownCase:
        async with call.transaction("case.add_items", case_id) as session:
            case = await add_items(session, call.actor, case_id, body)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/items/{item}/cancel", summary="A test of the case is no longer wanted")
    async def cancel_one(case_id: str, item: ItemCode, call: CurrentCall) -> ShownCase:
        async with call.transaction("case.cancel_item", case_id) as session:
            case = await cancel_item(session, call.actor, case_id, item)
            return await show_case(session, call.actor, case)

    return router


def _show(placed: Placed) -> AcceptedOrder:
    cases = [_show_case(each) for each in placed.cases]
    first = accepted_case(placed.cases[0].case)
    links = dict(first.links)
    if placed.order_id:
        links["order"] = f"/lab/v1/orders/{placed.order_id}"
        links["labels"] = f"/lab/v1/orders/{placed.order_id}/labels.pdf"
    elif cases[0].specimens:
        links["labels"] = cases[0].specimens[0].links["label"]
    values = first.model_dump() | {"accession_number": placed.accession_number, "links": links}
    return AcceptedOrder(**values, order_id=placed.order_id, cases=cases)


def _show_case(each: PlacedCase) -> OrderedCase:
    shown = accepted_case(each.case)
    return OrderedCase(
        **shown.model_dump(),
        items=each.items,
        specimens=[show_specimen(tube, each.case) for tube in each.specimens],
    )

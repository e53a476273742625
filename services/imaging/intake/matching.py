"""Images that came without an order: which orders look like theirs, and a person's word that one is."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, StringConstraints

from services.imaging.intake.coercion import coerce
from services.imaging.models import CONTENT_KIND
from services.imaging.queries import instances
from shared.events.case import Exam, Patient
from shared.events.part import Part
from shared.reading.queries import cases
from shared.reading.routes.call import CurrentCall
from shared.reading.routes.intake import ANSWERS, AcceptedCase, accepted_case, status_of
from shared.reading.workflow.arrival import Outcome
from shared.reading.workflow.matching import join_order, suggest_orders


class OrderSuggestion(BaseModel):
    order_case_id: str
    accession_number: str
    patient: Patient
    exam: Exam


class OrderSuggestions(BaseModel):
    case_id: str
    suggestions: list[OrderSuggestion]


class Confirmation(Part):
    order_case_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


def matching_router() -> APIRouter:
    router = APIRouter(prefix="/imaging/v1/cases/{case_id}/order-suggestions", tags=["clinic"])

    @router.get("", summary="Orders that may be of these images")
    async def list_suggestions(case_id: str, call: CurrentCall) -> OrderSuggestions:
        """Of the same patient, day and modality, waiting for images. None joins without a person's confirmation."""
        async with call.transaction("order.suggest", case_id) as session:
            found = await suggest_orders(session, call.actor, case_id)
            shown = [
                OrderSuggestion(
                    order_case_id=order.case_id,
                    accession_number=order.accession_number,
                    patient=Patient.model_validate(order.card["patient"]),
                    exam=Exam.model_validate(order.card["exam"]),
                )
                for order in found
            ]
        return OrderSuggestions(case_id=case_id, suggestions=shown)

    @router.post("", status_code=202, summary="Say that an order is of these images", responses=ANSWERS)
    async def confirm(case_id: str, body: Confirmation, call: CurrentCall, response: Response) -> AcceptedCase:
        """The ordered case takes the images and their clock; the case they came as is canceled."""
        async with call.transaction("order.confirm", case_id) as session:
            # As an upload does, before any case: both write the study's row after they hold the case's.
            seen = await cases.see(session, call.actor, case_id)
            await instances.lock_studies(session, seen.clinic_id, seen.study_uids)
            accepted = await join_order(session, call.actor, case_id, body.order_case_id)
            case = accepted.case
            if accepted.outcome is not Outcome.same:
                held = await cases.contents(session, case.case_id)
                ids = [each.record_id for each in held if each.kind == CONTENT_KIND]
                await coerce(session, case, await instances.said(session, ids))
        response.status_code = status_of(accepted.outcome)
        return accepted_case(case, contents="instances")

    return router

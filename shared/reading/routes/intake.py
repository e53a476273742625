"""What every centre's intake says and is told: who sends, the answer, and the whole call for an order before its bytes.

A centre's ``POST /cases`` is its own: ``receive_form`` (shared/web/upload), ``read_order``, its parser, ``accept``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field

from shared import audit
from shared.auth import Actor, Role
from shared.clock import utc_now
from shared.events.case import CaseWarning
from shared.reading.models import Case
from shared.reading.routes.openapi import order_body
from shared.reading.schemas.sent_order import SentOrder, read_order
from shared.reading.workflow.arrival import Center, Outcome
from shared.reading.workflow.intake import place_order
from shared.web import CurrentActor, CurrentResources, client_address
from shared.web.upload import ORDER_MAX_BYTES, read_bounded


async def _now() -> datetime:
    """Like every dependency that does not block: FastAPI would give a plain function a thread."""
    return utc_now()


Arrived = Annotated[datetime, Depends(_now)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who uploads, from where, since when, under which Idempotency-Key."""

    actor: Actor
    address: str
    first_byte_at: datetime
    idempotency_key: str | None


async def _sender(
    first_byte_at: Arrived, request: Request, actor: CurrentActor, idempotency_key: IdempotencyKey = None
) -> Sender:
    """The moment is asked for first: it is when the request's head arrived, not when the token was checked."""
    return Sender(actor, client_address(request), first_byte_at, idempotency_key)


# First among a call's parameters: what stands before it would be waited for before the clock starts.
CurrentSender = Annotated[Sender, Depends(_sender)]


class IgnoredFile(BaseModel):
    name: str
    reason: str


class AcceptedCase(BaseModel):
    case_id: str
    accession_number: str
    state: str
    due_at: datetime | None = Field(description="None for an order: the clock starts with the first byte")
    warnings: list[CaseWarning]
    ignored: list[IgnoredFile] = Field(default=[], description="of a ZIP or folder, what this centre does not read")
    links: dict[str, str]


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Known already, nothing was changed", "model": AcceptedCase},
    202: {"description": "Accepted and durable", "model": AcceptedCase},
}


def status_of(outcome: Outcome) -> int:
    return 200 if outcome is Outcome.same else 202


def accepted_case(case: Case, ignored: Sequence[IgnoredFile] = (), *, contents: str | None = None) -> AcceptedCase:
    """``contents``: what the centre calls the list of a case's contents (instances), linked under that name."""
    own = f"/{case.center}/v1/cases/{case.case_id}"
    return AcceptedCase(
        case_id=case.case_id,
        accession_number=case.accession_number,
        state=case.state,
        due_at=case.due_at,
        warnings=[CaseWarning.model_validate(warning) for warning in case.warnings],
        ignored=list(ignored),
        links={"self": own, **({contents: f"{own}/{contents}"} if contents else {}), "report": f"{own}/report"},
    )


def order_route(router: APIRouter, center: Center, model: type[SentOrder], *, contents: str | None = None) -> None:
    """``POST /orders`` under the router's ``/{center}/v1``."""

    @router.post(
        "/orders", status_code=202, summary="Announce an exam before its bytes", responses=ANSWERS,
        openapi_extra=order_body(model),
    )  # fmt: skip
    async def send_order(
        sender: CurrentSender, request: Request, response: Response, resources: CurrentResources
    ) -> AcceptedCase:
        sender.actor.require(Role.clinic)
        order = read_order(model, await read_bounded(request, ORDER_MAX_BYTES))
        async with resources.db.transaction() as session:
            accepted = await place_order(session, sender.actor, center, order, sender.idempotency_key)
            case = accepted.case
            if accepted.outcome is not Outcome.same:
                case.expected_count = order.expected_count
                await audit.record(session, sender.actor, "case.order", "case", case.case_id, address=sender.address)
        response.status_code = status_of(accepted.outcome)
        return accepted_case(case, contents=contents)

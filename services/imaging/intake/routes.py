"""What clinics send: a case with its images, an order before them, the word that an exam is whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field

from services.imaging.intake.openapi import order_body, upload_body
from services.imaging.intake.order import ImagingOrder
from services.imaging.intake.take_in import Sender, take_in
from services.imaging.queries.cases import own_cases_of_study
from services.imaging.settings import settings_of
from shared import audit
from shared.auth import Role
from shared.clock import utc_now
from shared.errors import NotFound
from shared.events.case import CaseWarning
from shared.reading.models import Case
from shared.reading.schemas.sent_order import read_order
from shared.reading.workflow.arrival import Outcome
from shared.reading.workflow.intake import complete, place_order
from shared.web import CurrentActor, CurrentResources, client_address
from shared.web.upload import ORDER_MAX_BYTES, Limits, read_bounded, receive_form

# First among the parameters, so that it is the moment the request's head arrived and not when the token was checked.
Arrived = Annotated[datetime, Depends(utc_now)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]

_SORTERS = 2  # parsing holds the interpreter: more threads would not be faster


class IgnoredFile(BaseModel):
    name: str
    reason: str


class AcceptedCase(BaseModel):
    case_id: str
    accession_number: str
    state: str
    due_at: datetime | None = Field(description="None for an order: the clock starts with the first byte")
    warnings: list[CaseWarning]
    ignored: list[IgnoredFile] = Field(default=[], description="of a ZIP or folder, what was no image")
    links: dict[str, str]


class CompletedStudy(BaseModel):
    study_uid: str
    cases: list[AcceptedCase]


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Known already, nothing was changed", "model": AcceptedCase},
    202: {"description": "Accepted and durable", "model": AcceptedCase},
}


def intake_router() -> APIRouter:
    router = APIRouter(prefix="/imaging/v1", tags=["clinic"])
    # Apart from the threads that write and read bytes: a study of thousands of images is parsed for seconds.
    sorters = ThreadPoolExecutor(_SORTERS, thread_name_prefix="sort")

    @router.post(
        "/cases", status_code=202, summary="Send an exam with its images", responses=_ANSWERS,
        openapi_extra=upload_body(),
    )  # fmt: skip
    async def send_case(
        first_byte_at: Arrived,
        request: Request,
        response: Response,
        actor: CurrentActor,
        resources: CurrentResources,
        idempotency_key: IdempotencyKey = None,
    ) -> AcceptedCase:
        """A part `order` (JSON) and one or more files: DICOM, or a ZIP of a folder or a patient CD. Wholly taken or
        wholly refused, with the reason of each file as `errors[].pointer` `file:<n>`."""
        actor.require(Role.clinic, Role.integration)
        settings = settings_of(resources)
        limits = Limits(settings.upload_max_bytes, settings.upload_max_files, settings.spool_dir)
        sender = Sender(actor, client_address(request), first_byte_at, idempotency_key)
        async with receive_form(request, limits) as (form, spool):
            taken = await take_in(resources, sorters, sender, form, spool)
        response.status_code = _status(taken.outcome)
        return _answer(taken.case, [IgnoredFile(name=each.name, reason=str(each.reason)) for each in taken.ignored])

    @router.post(
        "/orders", status_code=202, summary="Announce an exam before its images", responses=_ANSWERS,
        openapi_extra=order_body(),
    )  # fmt: skip
    async def send_order(
        request: Request,
        response: Response,
        actor: CurrentActor,
        resources: CurrentResources,
        idempotency_key: IdempotencyKey = None,
    ) -> AcceptedCase:
        actor.require(Role.clinic)
        order = read_order(ImagingOrder, await read_bounded(request, ORDER_MAX_BYTES))
        async with resources.db.transaction() as session:
            accepted = await place_order(session, actor, "imaging", order, idempotency_key)
            if accepted.outcome is not Outcome.same:
                accepted.case.expected_count = order.expected_instances
                case_id = accepted.case.case_id
                await audit.record(session, actor, "case.order", "case", case_id, address=client_address(request))
        response.status_code = _status(accepted.outcome)
        return _answer(accepted.case, [])

    @router.post("/studies/{study_uid}/complete", summary="Say that all images of a study have been sent")
    async def complete_study(
        study_uid: str, request: Request, actor: CurrentActor, resources: CurrentResources
    ) -> CompletedStudy:
        """Of the own clinic. Without it a study is whole at its order's count or 30 s after its last byte."""
        completed = []
        async with resources.db.transaction() as session:
            for case_id in await own_cases_of_study(session, actor, study_uid):
                completed.append(await complete(session, actor, case_id))
                await audit.record(session, actor, "case.complete", "case", case_id, address=client_address(request))
        if not completed:
            raise NotFound
        return CompletedStudy(study_uid=study_uid, cases=[_answer(case, []) for case in completed])

    return router


def _status(outcome: Outcome) -> int:
    return 200 if outcome is Outcome.same else 202


def _answer(case: Case, ignored: list[IgnoredFile]) -> AcceptedCase:
    own = f"/imaging/v1/cases/{case.case_id}"
    return AcceptedCase(
        case_id=case.case_id,
        accession_number=case.accession_number,
        state=case.state,
        due_at=case.due_at,
        warnings=[CaseWarning.model_validate(warning) for warning in case.warnings],
        ignored=ignored,
        links={"self": own, "instances": f"{own}/instances", "report": f"{own}/report"},
    )

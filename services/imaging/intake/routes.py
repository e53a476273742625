"""What clinics send: a case with its images, an order before them, the word that an exam is whole."""

from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.imaging.intake.order import ImagingOrder
from services.imaging.intake.take_in import take_in
from services.imaging.queries.cases import own_cases_of_study
from services.imaging.settings import settings_of
from shared import audit
from shared.auth import Role
from shared.errors import NotFound
from shared.reading.routes.intake import (
    ANSWERS,
    AcceptedCase,
    CurrentSender,
    IgnoredFile,
    accepted_case,
    order_route,
    status_of,
)
from shared.reading.routes.openapi import upload_body
from shared.reading.workflow.intake import complete
from shared.web import CurrentActor, CurrentResources, client_address
from shared.web.upload import Limits, receive_form

_SORTERS = 2  # parsing holds the interpreter: more threads would not be faster
_CONTENTS = "instances"


class CompletedStudy(BaseModel):
    study_uid: str
    cases: list[AcceptedCase]


def intake_router() -> APIRouter:
    router = APIRouter(prefix="/imaging/v1", tags=["clinic"])
    # Apart from the threads that write and read bytes: a study of thousands of images is parsed for seconds.
    sorters = ThreadPoolExecutor(_SORTERS, thread_name_prefix="sort")

    @router.post(
        "/cases", status_code=202, summary="Send an exam with its images", responses=ANSWERS,
        openapi_extra=upload_body(ImagingOrder, "DICOM files, or ZIPs of folders"),
    )  # fmt: skip
    async def send_case(
        sender: CurrentSender, request: Request, response: Response, resources: CurrentResources
    ) -> AcceptedCase:
        """A part `order` (JSON) and one or more files: DICOM, or a ZIP of a folder or a patient CD. Wholly taken or
        wholly refused, with the reason of each file as `errors[].pointer` `file:<n>`."""
        sender.actor.require(Role.clinic, Role.integration)
        settings = settings_of(resources)
        limits = Limits(settings.upload_max_bytes, settings.upload_max_files, settings.spool_dir)
        async with receive_form(request, limits) as (form, spool):
            taken = await take_in(resources, sorters, sender, form, spool)
        response.status_code = status_of(taken.outcome)
        ignored = [IgnoredFile(name=each.name, reason=str(each.reason)) for each in taken.ignored]
        return accepted_case(taken.case, ignored, contents=_CONTENTS)

    order_route(router, "imaging", ImagingOrder, contents=_CONTENTS)

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
        cases = [accepted_case(case, contents=_CONTENTS) for case in completed]
        return CompletedStudy(study_uid=study_uid, cases=cases)

    return router

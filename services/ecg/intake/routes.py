"""What clinics send: a case with its ECGs, an order before them."""

from typing import cast

from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.ecg.api.shapes import ShownRecording, shown
from services.ecg.intake.order import EcgOrder
from services.ecg.intake.take_in import Judge, take_in
from services.ecg.queries import recordings
from services.ecg.settings import settings_of
from shared.auth import Role
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
from shared.web import CurrentResources
from shared.web.upload import Limits, receive_form

_CONTENTS = "recordings"


class AcceptedEcg(AcceptedCase):
    recordings: list[ShownRecording] = Field(
        default=[], description="all ECGs of the case with the quality of each lead: while the patient is still there"
    )


def intake_router() -> APIRouter:
    router = APIRouter(prefix="/ecg/v1", tags=["clinic"])

    @router.post(
        "/cases", status_code=202, summary="Send an exam with its ECGs",
        responses={code: {**answer, "model": AcceptedEcg} for code, answer in ANSWERS.items()},
        openapi_extra=upload_body(EcgOrder, "ECG files as the cart writes them"),
    )  # fmt: skip
    async def send_case(
        sender: CurrentSender, request: Request, response: Response, resources: CurrentResources
    ) -> AcceptedEcg:
        """A part `order` (JSON) and one or more files; a WFDB header comes with its data. Wholly taken or wholly
        refused, with the reason of each file as `errors[].pointer` `file:<n>`. `recordings[].quality` says at once
        what has to be done again."""
        sender.actor.require(Role.clinic, Role.integration)
        settings = settings_of(resources)
        limits = Limits(settings.upload_max_bytes, settings.upload_max_files, settings.spool_dir)
        judge = cast(Judge, request.app.state.judge)
        async with receive_form(request, limits) as (form, spool):
            taken = await take_in(resources, judge, sender, form, spool)
        async with resources.db.transaction() as session:
            rows = await recordings.of_case(session, taken.case.case_id)
        response.status_code = status_of(taken.outcome)
        ignored = [IgnoredFile(name=name, reason=reason) for name, reason in taken.ignored]
        answer = accepted_case(taken.case, ignored, contents=_CONTENTS)
        return AcceptedEcg(**answer.model_dump(), recordings=[shown(row) for row in rows])

    order_route(router, "ecg", EcgOrder, contents=_CONTENTS)
    return router

"""A case as its clinic and its reading site see it, and what is decided about it."""

from fastapi import APIRouter

from shared.reading.queries import cases
from shared.reading.routes.call import ClaimToken, CurrentCall
from shared.reading.routes.show import show_case, show_whole, writes
from shared.reading.schemas.answers import CaseAnswer, ShownCase
from shared.reading.schemas.requests import Cancellation, Reassignment, Referral, Rejection, Reprioritization, Voiding
from shared.reading.workflow import claims, management, review


def case_routes(router: APIRouter) -> None:
    @router.get("/cases/{case_id}", summary="A case with its timeline")
    async def read_case(case_id: str, call: CurrentCall) -> CaseAnswer:
        """Who may write or review it and looks has thereby been shown content that came late."""
        async with call.transaction("case.read", case_id) as session:
            case = await cases.see(session, call.actor, case_id)
            answer = await show_whole(session, call.actor, case)
            if writes(call.actor, case):
                await cases.mark_seen(session, case_id, call.actor.account_id, case.content_version)
        return answer

    @router.post("/cases/{case_id}/cancel", summary="Take the case back; while it is read, ask for it")
    async def cancel_case(
        case_id: str, call: CurrentCall, body: Cancellation | None = None, token: ClaimToken = None
    ) -> ShownCase:
        """The clinic before anybody reads it. While it is claimed the clinic's call sets `cancel_requested`, and the
        reader's, with his Claim-Token, cancels it."""
        async with call.transaction("case.cancel", case_id) as session:
            reason = body.reason if body else None
            case = await management.cancel(session, call.actor, case_id, reason=reason, token=token)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/priority", summary="Read it sooner")
    async def raise_priority(case_id: str, body: Reprioritization, call: CurrentCall) -> ShownCase:
        async with call.transaction("case.reprioritize", case_id) as session:
            case = await management.reprioritize(session, call.actor, case_id, body.priority)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/reject", summary="The exam cannot be read")
    async def reject_case(case_id: str, body: Rejection, call: CurrentCall, token: ClaimToken = None) -> ShownCase:
        async with call.transaction("case.reject", case_id) as session:
            case = await management.reject(
                session, call.actor, case_id, reason=body.reason, comment=body.comment, token=token
            )
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/refer", summary="Pass it on to another reading site")
    async def refer_case(case_id: str, body: Referral, call: CurrentCall, token: ClaimToken = None) -> ShownCase:
        async with call.transaction("case.refer", case_id) as session:
            case = await management.refer(session, call.actor, case_id, to=body.to, reason=body.reason, token=token)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/reassign", summary="Dispatcher: move a waiting case to another site")
    async def reassign_case(case_id: str, body: Reassignment, call: CurrentCall) -> ShownCase:
        async with call.transaction("case.reassign", case_id) as session:
            case = await management.reassign(session, call.actor, case_id, to=body.to)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/force-release", summary="Dispatcher: end somebody's claim")
    async def force_release(case_id: str, call: CurrentCall) -> ShownCase:
        async with call.transaction("case.force_release", case_id) as session:
            case = await claims.force_release(session, call.actor, case_id)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/void", summary="Declare a signed report void")
    async def void_report(case_id: str, body: Voiding, call: CurrentCall) -> ShownCase:
        async with call.transaction("report.void", case_id) as session:
            case = await review.void(session, call.actor, case_id, reason=body.reason)
            return await show_case(session, call.actor, case)

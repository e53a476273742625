"""Claim, keep, give back."""

from fastapi import APIRouter, Response

from shared.db import Session
from shared.errors import ClaimLost
from shared.reading.queries import cases
from shared.reading.routes.call import Call, ClaimToken, CurrentCall
from shared.reading.routes.show import show_case, show_claimed
from shared.reading.schemas.answers import ClaimAnswer, HeartbeatAnswer, ShownCase
from shared.reading.schemas.requests import AmendmentOpening, ClaimNext, Return
from shared.reading.workflow import amendment, claims, review


def claim_routes(router: APIRouter, center: str) -> None:
    @router.post(
        "/claims/next",
        summary="Claim the most urgent case that waits for you",
        response_model=ClaimAnswer,
        responses={204: {"description": "none waits"}},
    )
    async def claim_next(call: CurrentCall, body: ClaimNext | None = None) -> ClaimAnswer | Response:
        wanted = body or ClaimNext()
        async with call.transaction("case.claim", None) as session:
            claimed = await claims.claim_next(
                session, call.actor, center, wanted.stage, priority=wanted.priority, modality=wanted.modality
            )
            if claimed is None:
                return Response(status_code=204)
            return await _answer(call, session, claimed, "case.claim")

    @router.post("/cases/{case_id}/claim", summary="Claim this case")
    async def claim_case(case_id: str, call: CurrentCall) -> ClaimAnswer:
        """409 `already_claimed` names who holds it until when. Your own claim is answered again."""
        async with call.transaction("case.claim", None) as session:
            return await _answer(call, session, await claims.claim(session, call.actor, case_id), "case.claim")

    @router.post("/cases/{case_id}/review-claim", summary="Claim its review")
    async def claim_review(case_id: str, call: CurrentCall) -> ClaimAnswer:
        async with call.transaction("case.claim_review", None) as session:
            claimed = await claims.claim_review(session, call.actor, case_id)
            return await _answer(call, session, claimed, "case.claim_review")

    @router.post("/cases/{case_id}/resume", summary="Take up again what nobody held since")
    async def resume_case(case_id: str, call: CurrentCall, token: ClaimToken = None) -> ClaimAnswer:
        if token is None:
            raise ClaimLost("请出示上一次领取的 Claim-Token")
        async with call.transaction("case.resume", None) as session:
            claimed = await claims.resume(session, call.actor, case_id, token)
            return await _answer(call, session, claimed, "case.resume")

    @router.post("/cases/{case_id}/heartbeat", summary="Still at work: 120 s more")
    async def keep_claim(case_id: str, call: CurrentCall, token: ClaimToken = None) -> HeartbeatAnswer:
        """Not audited: it shows nothing of the patient and comes every half minute."""
        async with call.transaction("case.heartbeat", None) as session:
            held = await claims.heartbeat(session, call.actor, case_id, token)
            seen = await cases.seen_version(session, case_id, call.actor.account_id)
            return HeartbeatAnswer(
                case_id=case_id,
                state=held.case.state,
                expires_at=held.claim.lease_until,
                content_version=held.case.content_version,
                content_unseen=seen < held.case.content_version,
                cancel_requested=held.case.cancel_requested,
            )

    @router.post("/cases/{case_id}/release", summary="Give it back; the draft is kept")
    async def release_case(case_id: str, call: CurrentCall, token: ClaimToken = None) -> ShownCase:
        async with call.transaction("case.release", case_id) as session:
            case = await claims.release(session, call.actor, case_id, token)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/recall", summary="The author takes his submitted report back")
    async def recall_report(case_id: str, call: CurrentCall) -> ClaimAnswer:
        async with call.transaction("report.recall", None) as session:
            return await _answer(call, session, await review.recall(session, call.actor, case_id), "report.recall")

    @router.post("/cases/{case_id}/return", summary="Reviewer: back to the author")
    async def return_report(case_id: str, body: Return, call: CurrentCall, token: ClaimToken = None) -> ShownCase:
        async with call.transaction("report.return", case_id) as session:
            case = await review.return_(session, call.actor, case_id, comment=body.comment, token=token)
            return await show_case(session, call.actor, case)

    @router.post("/cases/{case_id}/amendment", summary="Amend a signed report")
    async def open_amendment(case_id: str, call: CurrentCall, body: AmendmentOpening | None = None) -> ClaimAnswer:
        """Then draft, submit, sign. Your own open amendment is answered again: so a returned one is taken up."""
        async with call.transaction("report.amend", None) as session:
            reason = body.reason if body else None
            claimed = await amendment.open_amendment(session, call.actor, case_id, reason=reason)
            return await _answer(call, session, claimed, "report.amend")

    @router.delete("/cases/{case_id}/amendment", summary="Leave the signed report as it stands")
    async def discard_amendment(case_id: str, call: CurrentCall, token: ClaimToken = None) -> ShownCase:
        async with call.transaction("report.discard_amendment", case_id) as session:
            case = await amendment.discard(session, call.actor, case_id, token=token)
            return await show_case(session, call.actor, case)


async def _answer(call: Call, session: Session, claimed: claims.Claimed, action: str) -> ClaimAnswer:
    await call.audit(session, action, claimed.case.case_id)
    return await show_claimed(session, call.actor, claimed)

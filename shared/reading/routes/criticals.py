"""The critical-result loop: open, verify, send, read back, act, close."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter

from shared import directory
from shared.db import Session, database_now
from shared.errors import Conflict
from shared.reading.lifecycle.critical import HOLDS_PATIENT_COPY, CriticalState
from shared.reading.models import Case, CriticalHistory, CriticalResult
from shared.reading.queries import cases
from shared.reading.queries import criticals as queries
from shared.reading.routes.call import Call, ClaimToken, CurrentCall
from shared.reading.schemas.answers import ShownOrganization
from shared.reading.schemas.criticals import (
    Acknowledgement,
    CriticalAnswer,
    CriticalAnswers,
    CriticalOpening,
    FalseAlarm,
    Handling,
    Telephoned,
)
from shared.reading.workflow import criticals
from shared.reading.workflow.criticals.snapshot import critical_snapshot, steps_of

_KIND = "critical"
_UNACKNOWLEDGED = HOLDS_PATIENT_COPY | {CriticalState.found}


def critical_routes(router: APIRouter) -> None:
    _reading_site_routes(router)
    _clinic_routes(router)

    @router.get("/criticals/{critical_id}", summary="A critical result with every step")
    async def read_critical(critical_id: str, call: CurrentCall) -> CriticalAnswer:
        """The clinic sees it from its verification on."""
        async with call.transaction("critical.read", critical_id, _KIND) as session:
            return await _show(session, call, await queries.see(session, call.actor, critical_id))

    @router.get("/cases/{case_id}/criticals", summary="The critical results of a case")
    async def read_case_criticals(case_id: str, call: CurrentCall) -> CriticalAnswers:
        async with call.transaction("critical.list", case_id) as session:
            case = await cases.see(session, call.actor, case_id)
            found = await queries.of_case(session, call.actor, case_id)
            history = await queries.history(session, [each.critical_id for each in found])
            now = await database_now(session)
            shown = [await _answer(session, each, case, history, now) for each in found]
        return CriticalAnswers(case_id=case_id, criticals=shown, as_of=now)


def _reading_site_routes(router: APIRouter) -> None:
    @router.post("/cases/{case_id}/critical", summary="Reader: a critical finding, sent to the clinic at once")
    async def open_critical(
        case_id: str, body: CriticalOpening, call: CurrentCall, token: ClaimToken = None
    ) -> CriticalAnswer:
        """Whoever holds the case; from the submission on any reader or reviewer of its site. The same code and text
        again is the same result."""
        async with call.transaction("critical.open", case_id) as session:
            finding = criticals.Finding(body.code, body.text, body.value, body.unit)
            found = await criticals.open_verified(session, call.actor, case_id, finding, token=token)
            return await _show(session, call, found)

    @router.post("/criticals/{critical_id}/verify", summary="The suspicion holds: sent to the clinic at once")
    async def verify_critical(critical_id: str, call: CurrentCall) -> CriticalAnswer:
        """State `notified`; `verified` where the clinic has no account that could see it: use the telephone."""
        async with call.transaction("critical.verify", critical_id, _KIND) as session:
            return await _show(session, call, await criticals.verify(session, call.actor, critical_id))

    @router.post("/criticals/{critical_id}/notify", summary="Send it now, where nobody could be reached before")
    async def notify_critical(critical_id: str, call: CurrentCall) -> CriticalAnswer:
        async with call.transaction("critical.notify", critical_id, _KIND) as session:
            return await _show(session, call, await criticals.notify(session, call.actor, critical_id))

    @router.post("/criticals/{critical_id}/telephone", summary="Enter a call: who was told, when, what was read back")
    async def telephone_critical(critical_id: str, body: Telephoned, call: CurrentCall) -> CriticalAnswer:
        """Acknowledged as of the call, flagged `telephoned`. Without `read_back` nobody was reached. 409
        `read_back_wrong` as for the clinic's own."""
        async with call.transaction("critical.telephone", critical_id, _KIND) as session:
            made = criticals.Call(body.told, body.told_at, body.read_back)
            done = await criticals.telephone(session, call.actor, critical_id, made)
            answer = await _show(session, call, done.critical)
        return _unless_wrong(done, answer)

    @router.post("/criticals/{critical_id}/close", summary="All is done")
    async def close_critical(critical_id: str, call: CurrentCall) -> CriticalAnswer:
        async with call.transaction("critical.close", critical_id, _KIND) as session:
            return await _show(session, call, await criticals.close(session, call.actor, critical_id))

    @router.post("/criticals/{critical_id}/false-alarm", summary="It was none; a clinic that was told is told this")
    async def dismiss_critical(critical_id: str, body: FalseAlarm, call: CurrentCall) -> CriticalAnswer:
        async with call.transaction("critical.false_alarm", critical_id, _KIND) as session:
            return await _show(
                session, call, await criticals.dismiss(session, call.actor, critical_id, reason=body.reason)
            )


def _clinic_routes(router: APIRouter) -> None:
    @router.post("/criticals/{critical_id}/acknowledge", summary="Clinic: we have it, and this is what we read")
    async def acknowledge_critical(critical_id: str, body: Acknowledgement, call: CurrentCall) -> CriticalAnswer:
        """Blanks, width, case, punctuation, the unit's spelling and 6.80 for 6.8 do not matter; another number does:
        409 `read_back_wrong`, which is recorded; try again."""
        async with call.transaction("critical.acknowledge", critical_id, _KIND) as session:
            done = await criticals.acknowledge(session, call.actor, critical_id, read_back=body.read_back)
            answer = await _show(session, call, done.critical)
        return _unless_wrong(done, answer)

    @router.post("/criticals/{critical_id}/act", summary="Clinic: what was done")
    async def act_on_critical(critical_id: str, body: Handling, call: CurrentCall) -> CriticalAnswer:
        async with call.transaction("critical.act", critical_id, _KIND) as session:
            return await _show(session, call, await criticals.act(session, call.actor, critical_id, text=body.text))

    @router.post("/criticals/{critical_id}/recall-patient", summary="The patient had left and was called back")
    async def recall_patient(critical_id: str, call: CurrentCall) -> CriticalAnswer:
        async with call.transaction("critical.recall_patient", critical_id, _KIND) as session:
            return await _show(session, call, await criticals.recall_patient(session, call.actor, critical_id))


def _unless_wrong(done: criticals.ReadBack, answer: CriticalAnswer) -> CriticalAnswer:
    """Refused only after the attempt was committed."""
    if not done.was_right:
        raise Conflict(
            "复述与危急值不符，请核对后重新复述",
            code="read_back_wrong",
            extra={"critical_id": answer.critical_id, "state": answer.state, "misreads": answer.misreads},
        )
    return answer


async def _show(session: Session, call: Call, critical: CriticalResult) -> CriticalAnswer:
    case = await cases.see(session, call.actor, critical.case_id)
    history = await queries.history(session, [critical.critical_id])
    return await _answer(session, critical, case, history, await database_now(session))


async def _answer(
    session: Session, critical: CriticalResult, case: Case, history: Sequence[CriticalHistory], now: datetime
) -> CriticalAnswer:
    snapshot = critical_snapshot(critical, case)
    site = case.reading_site_id
    is_waited_for = critical.state in _UNACKNOWLEDGED
    own = f"/{case.center}/v1/criticals/{critical.critical_id}"
    return CriticalAnswer.model_validate(
        {
            **snapshot.model_dump(),
            "clinic": ShownOrganization(org_id=case.clinic_id, name=await directory.name_of(session, case.clinic_id)),
            "reading_site": ShownOrganization(org_id=site, name=await directory.name_of(session, site))
            if site
            else None,
            "seconds_left": int((snapshot.acknowledge_by - now).total_seconds()) if is_waited_for else None,
            "timeline": steps_of(history, critical.critical_id),
            "links": {"self": own, "case": f"/{case.center}/v1/cases/{case.case_id}"},
        }
    )

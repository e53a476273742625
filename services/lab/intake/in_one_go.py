"""What passed every rule needs no second look: verified, then released, many cases a call, each for itself.

The steps are those of the single calls: the case is claimed, signed as the rules judged it, and given back where the
signature fails. Nothing is written into the report: who has something to say of a case takes it singly.
"""

from contextlib import suppress

from services.lab.report_form.form import LabForm
from shared import audit
from shared.auth import Actor
from shared.db import Session
from shared.errors import ClaimLost, Conflict, GongzhenError, IllegalTransition
from shared.reading.lifecycle import RELEASED, State
from shared.reading.models import Case
from shared.reading.queries import cases, reports
from shared.reading.workflow import claims, signing
from shared.reading.workflow.claims import Claimed
from shared.reading.workflow.credentials import current_credential, unlocked
from shared.reading.workflow.desk import Desk
from shared.reading.workflow.versions import Signed, done_by_reviewer


async def open_grant(desk: Desk, actor: Actor, grant: str | None) -> str:
    """Asked once before any case is touched. Raises Unauthenticated, Conflict for a certificate that is not good."""
    async with desk.db.transaction() as session:
        credential = await current_credential(session, actor)
        return (await unlocked(session, actor, credential, desk.grants, grant)).renewed.token


async def verify_one(desk: Desk, actor: Actor, case_id: str, grant: str, address: str) -> Case | Signed:
    """The author's signature under the results as they are judged; the case alone where he has signed it before.

    Raises IllegalTransition for a case whose results did not all pass, Conflict (``results_incomplete``,
    ``needs_a_look``, ``draft_exists``), and what claim and submit raise.
    """
    async with desk.db.transaction() as session:
        case = await cases.lock(session, actor, case_id)
        if case.state in {State.verified, *RELEASED} and case.author_id == actor.account_id:
            return case
        _require(case, State.resulted)
        await _require_no_draft(session, case_id)
        claimed = await claims.claim(session, actor, case_id)
        await audit.record(session, actor, "case.claim", "case", case_id, address=address)
    token = claimed.claim.token
    try:
        return await signing.submit(desk, actor, case_id, token=token, grant=grant, address=address)
    except GongzhenError:
        await _give_back(desk, actor, claimed)
        raise


async def release_one(desk: Desk, actor: Actor, case_id: str, grant: str, address: str) -> Case | Signed:
    """The second person's signature under a verified report, or under a standing authorisation the only one under a
    resulted case; the case alone where he has signed it before.

    Raises SamePerson, IllegalTransition, Conflict as ``verify_one``, and what claim and sign raise.
    """
    async with desk.db.transaction() as session:
        if (done := await done_by_reviewer(session, actor, case_id)) is not None:
            return done.case
        case = await cases.lock(session, actor, case_id)
        if await _released_alone(session, actor, case):
            return case
        if case.state == State.resulted:
            _require(case, State.resulted)
            await _require_no_draft(session, case_id)
            claimed, action = await claims.claim(session, actor, case_id), "case.claim"
        else:
            _require(case, State.verified)
            claimed, action = await claims.claim_review(session, actor, case_id), "case.claim_review"
        await audit.record(session, actor, action, "case", case_id, address=address)
    token = claimed.claim.token
    try:
        return await signing.sign(desk, actor, case_id, token=token, grant=grant, address=address)
    except GongzhenError:
        await _give_back(desk, actor, claimed)
        raise


async def _released_alone(session: Session, actor: Actor, case: Case) -> bool:
    report = await reports.of_case(session, case.case_id)
    if case.state not in RELEASED or case.author_id != actor.account_id or report is None:
        return False
    version = await reports.version(session, report.report_id, report.released_version or 0)
    return version is not None and version.reviewer_id is None


def _require(case: Case, state: State) -> None:
    """A warning, of whomever, is a reason to look at the case by itself; so is a clinic that wants it back."""
    if case.state != state:
        raise IllegalTransition(extra={"state": case.state})
    if case.waited_in != State.resulted or case.warnings or case.cancel_requested:
        raise Conflict("有结果未通过自动审核、有警示或送检机构申请撤销，请单独处理", code="needs_a_look")
    if case.completed_at is None:
        raise Conflict("结果不全，请单独处理", code="results_incomplete")


async def _require_no_draft(session: Session, case_id: str) -> None:
    """Somebody's half-written words are not signed by a call that shows nobody the text."""
    draft = await reports.latest_draft(session, case_id)
    if draft is not None and LabForm.model_validate(draft.form) != LabForm():
        raise Conflict("已有报告草稿，请单独处理", code="draft_exists")


async def _give_back(desk: Desk, actor: Actor, claimed: Claimed) -> None:
    """So that nobody waits for the lease to end; where the case has moved on meanwhile, there is nothing to give."""
    with suppress(ClaimLost, IllegalTransition):
        async with desk.db.transaction() as session:
            await claims.release(session, actor, claimed.case.case_id, claimed.claim.token)

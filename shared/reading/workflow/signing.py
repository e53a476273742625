"""Submit, sign, issue: a version, its signature and the case's step are one transaction; the work is done before it.

First a short transaction checks that the step would be allowed and gathers what is signed. Then, with no row locked,
the sheet is rendered, signed and stored. The last transaction takes the step, and requires that the case's version is
still the one that was signed (CaseChanged) and that account and certificate still hold.
"""

from shared import audit
from shared.auth import Actor
from shared.db import Session
from shared.errors import CaseChanged
from shared.reading.lifecycle import BEING_WRITTEN, Action
from shared.reading.queries import cases
from shared.reading.workflow.apply import apply
from shared.reading.workflow.credentials import current_credential
from shared.reading.workflow.criticals import open_verified
from shared.reading.workflow.desk import Desk
from shared.reading.workflow.drafts import waiting_version
from shared.reading.workflow.preparing import may_stand_alone, prepare_author, prepare_review
from shared.reading.workflow.report_row import ensure_report
from shared.reading.workflow.versions import (
    Signed,
    add_version,
    done_by_author,
    done_by_reviewer,
    files_of,
    let_wait,
    put_files,
    release,
    said_already,
    supersede,
)


async def submit(
    desk: Desk, actor: Actor, case_id: str, *, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    """The author signs his version, which then waits for review. Repeated after a lost answer, it is answered again.

    Raises Invalid (``report_incomplete``), ContentUnseen, ClaimLost, CaseChanged, Unauthenticated, IllegalTransition.
    """
    return await _author(desk, actor, case_id, Action.submit, token, grant, address)


async def sign(
    desk: Desk, actor: Actor, case_id: str, *, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    """Release the report: the reviewer's signature, or the author's alone where the site's policy says so.

    Raises SamePerson besides what ``submit`` raises.
    """
    async with desk.db.transaction() as session:
        if (done := await done_by_author(session, actor, case_id, Action.sign, token)) is not None:
            return done
        state = (await cases.see(session, actor, case_id)).state
    if state in BEING_WRITTEN:
        return await _author(desk, actor, case_id, Action.sign, token, grant, address)
    return await _review(desk, actor, case_id, token, grant, address)


async def issue_preliminary(
    desk: Desk, actor: Actor, case_id: str, *, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    """What the reader can say at once (night emergencies), before the report. Signed where a grant is shown."""
    return await _author(desk, actor, case_id, Action.issue_preliminary, token, grant, address)


async def _author(
    desk: Desk, actor: Actor, case_id: str, action: Action, token: str | None, grant: str | None, address: str
) -> Signed:
    async with desk.db.transaction() as session:
        if (done := await _done(session, actor, case_id, action, token, grant)) is not None:
            return done
        prepared = await prepare_author(session, desk, actor, case_id, action, token, grant)
    files = None
    if prepared.signer is not None:
        signatory = prepared.signer.signatory
        files = await desk.sign_new(prepared.document, signatory, prepared.role, prepared.at, prepared.files)
    async with desk.db.transaction() as session:
        await cases.lock(session, actor, case_id)
        if (done := await _done(session, actor, case_id, action, token, grant)) is not None:
            return done  # the same call came twice at once, and the other was first
        if prepared.signer is not None:
            await current_credential(session, actor)
        for finding in prepared.findings:
            await open_verified(session, actor, case_id, finding, token=token)
        alone = await may_stand_alone(session, desk, actor, case_id) if action == Action.sign else None
        if alone != prepared.alone:
            raise CaseChanged  # what authorised it was revoked while the signature was made
        async with apply(
            session,
            actor,
            case_id,
            action,
            token=token,
            expected_version=prepared.case_version,
            stands_alone=alone is not None,
        ) as step:
            report = await ensure_report(session, step.case)
            version = await add_version(step, report, prepared, files)
            if action == Action.issue_preliminary:
                version.status = report.status = "preliminary"
                version.signed_at = version.submitted_at if files is not None else None
            elif action == Action.submit:
                await let_wait(step, report, version)
            else:
                await release(step, report, version)
        await audit.record(session, actor, f"report.{action}", "case", case_id, address=address)
    return Signed(step.case, version, prepared.signer.renewed if prepared.signer else None)


async def _done(
    session: Session, actor: Actor, case_id: str, action: Action, token: str | None, grant: str | None
) -> Signed | None:
    if action == Action.issue_preliminary:
        return await said_already(session, actor, case_id, token, is_signed=bool(grant))
    return await done_by_author(session, actor, case_id, action, token)


async def _review(
    desk: Desk, actor: Actor, case_id: str, token: str | None, grant: str | None, address: str = ""
) -> Signed:
    async with desk.db.transaction() as session:
        if (done := await done_by_reviewer(session, actor, case_id)) is not None:
            return done
        prepared = await prepare_review(session, desk, actor, case_id, token, grant)
    if prepared.signer is None:
        raise AssertionError("a review is always signed")
    if prepared.countersigns is not None:
        files = await desk.countersign(files_of(prepared.countersigns), prepared.signer.signatory, prepared.at)
    else:
        signatory = prepared.signer.signatory
        files = await desk.sign_new(prepared.document, signatory, prepared.role, prepared.at, prepared.files)
    async with desk.db.transaction() as session:
        await cases.lock(session, actor, case_id)
        if (done := await done_by_reviewer(session, actor, case_id)) is not None:
            return done
        await current_credential(session, actor)
        async with apply(
            session, actor, case_id, Action.sign, token=token, expected_version=prepared.case_version
        ) as step:
            report = await ensure_report(session, step.case)
            version = await waiting_version(session, report)
            put_files(version, prepared.document, files)
            version.reviewer_id, version.reviewer_name = actor.account_id, actor.name
            version.reviewer_org_id = actor.org_id
            if version.revises is not None:
                version.positive = prepared.document.positive
                await supersede(session, report, version.revises)
            await release(step, report, version, prepared.at)
        await audit.record(session, actor, "report.sign", "case", case_id, address=address)
    return Signed(step.case, version, prepared.signer.renewed)

"""A case finds its reading site, and finds the next one when it waits too long."""

from shared import directory
from shared.auth import SYSTEM
from shared.db import Session, database_now
from shared.events.directory import SitePolicy
from shared.reading.assignment import ExamFacts, choose_reading_site
from shared.reading.lifecycle import Action, State, lifecycle_of
from shared.reading.models import Case
from shared.reading.queries import cases
from shared.reading.workflow.apply import apply
from shared.reading.workflow.turnaround import due_at

_NO_SITE = "目前没有机构可承接此检查，系统将自动重试"


async def queue(session: Session, case_id: str) -> bool:
    """Put a received, whole case into a site's queue. False while it is not whole or nobody takes it.

    Nobody: the case says so and is tried again by the sweep. Delivered twice, it is queued once. A laboratory's case
    is given its site, whatever it waits for: it has no queue but that of its results.
    """
    case = await cases.lock(session, SYSTEM, case_id)
    action = _way_to_site(case)
    if action is None:
        return False
    site = await _next_site(session, case)
    if site is None:
        if case.unassigned_reason is None:
            async with apply(session, SYSTEM, case_id, Action.defer, detail={"reason": "no_reading_site"}) as step:
                step.case.unassigned_reason = _NO_SITE
        return False
    async with apply(session, SYSTEM, case_id, action, detail={"to": site}) as step:
        step.case.unassigned_reason = None
        hand_to(step.case, site)
        await promise(session, step.case)
    return True


def _way_to_site(case: Case) -> Action | None:
    lifecycle = lifecycle_of(case.center)
    if case.completed_at is not None and lifecycle.allows(case.state, Action.queue):
        return Action.queue
    is_homeless = case.reading_site_id is None
    return Action.assign if is_homeless and lifecycle.allows(case.state, Action.assign) else None


async def assign_new(session: Session, case: Case) -> None:
    """A laboratory's case has its site from the beginning, whose technologists await the specimen. The caller opens
    it."""
    site = await _next_site(session, case)
    if site is None:
        case.unassigned_reason = _NO_SITE
        return
    hand_to(case, site)
    await promise(session, case)


async def promise(session: Session, case: Case) -> None:
    """When the report is due, by its site's policy; as long as the clock does not run, it is not."""
    if case.received_at is not None:
        policy = await policy_of(session, case.reading_site_id, case.center)
        case.due_at = due_at(case.received_at, case.priority, policy)


async def escalate(session: Session, case_id: str) -> bool:
    """Offer a queued case that is overdue to the next site. False where there is none: it stays where it is.

    What was returned is its author's first: another site would have to begin anew. A laboratory's case stays with
    the laboratory that has its specimen.
    """
    case = await cases.lock(session, SYSTEM, case_id)
    is_kept = case.kept_until is not None and case.kept_until > await database_now(session)
    if case.state != State.queued or is_kept:
        return False
    site = await _next_site(session, case)
    if site is None:
        return False
    detail = {"from": case.reading_site_id, "to": site, "reason": "overdue"}
    async with apply(session, SYSTEM, case_id, Action.reassign, detail=detail) as step:
        hand_to(step.case, site)
        step.case.kept_for_id = step.case.kept_for_name = step.case.kept_until = None
    return True


def hand_to(case: Case, site: str) -> None:
    case.reading_site_id = site
    case.offered_sites = sorted({*case.offered_sites, site})


async def policy_of(session: Session, site: str | None, center: str) -> SitePolicy | None:
    return await directory.get(session, SitePolicy, f"{site}_{center}")


async def _next_site(session: Session, case: Case) -> str | None:
    policies = await directory.site_policies(session, case.center)
    exam = ExamFacts(case.clinic_id, case.modality, frozenset(case.offered_sites))
    return choose_reading_site(policies, exam, await cases.queue_lengths(session, case.center))

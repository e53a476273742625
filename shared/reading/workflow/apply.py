"""The one place where a case's state is written.

A step is: the case's row locked, the table asked, role and claim and conditions checked, then, once the caller has
made its own changes, state and version, a history row and the event, all in the caller's transaction.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from shared import directory, outbox
from shared.auth import SYSTEM, Actor, Role
from shared.db import Session, database_now
from shared.errors import CaseChanged, ClaimLost, RoleRequired
from shared.events.case import CaseEvent, CaseEventKind
from shared.events.directory import SitePolicy
from shared.events.envelope import wrap
from shared.events.report import ReportEvent
from shared.ids import new_id
from shared.reading.lifecycle import READING, Action, By, Facts, Lifecycle, Transition, already_claimed, guards
from shared.reading.models import Case, CaseHistory, Claim, ReportVersion
from shared.reading.queries import cases, claims, reports
from shared.reading.workflow.snapshot import facts_of, person, snapshot

LEASE = timedelta(seconds=120)
Stage = Literal["report", "review", "amendment"]

# Events that put a case before another site carry that site in their subject: it can listen to its own queue alone.
_ADDRESSED = frozenset({CaseEventKind.queued, CaseEventKind.reassigned})


@dataclass(slots=True)
class Step:
    """One step under way, between its checks and its record. ``claim`` is the live one; ``now`` the database's.

    ``version``: the report version that a report.* event speaks of. ``is_quiet``: told already, no event again.
    """

    session: Session
    actor: Actor
    case: Case
    now: datetime
    transition: Transition
    claim: Claim | None
    detail: dict[str, Any] = field(default_factory=dict)
    version: ReportVersion | None = None
    is_quiet: bool = False

    async def end_claim(self) -> None:
        if self.claim is not None:
            await end_claim(self.session, self.claim, self.transition.action, self.now)
            self.claim = None

    async def start_claim(self, stage: Stage) -> Claim:
        """A claim of the actor's, in place of one whose lease is over. Who resumes or recalls may still look at a page
        from before: what came late is not seen by that."""
        await self.end_claim()
        self.claim = Claim(
            claim_id=new_id("clm"),
            case_id=self.case.case_id,
            stage=stage,
            token=secrets.token_urlsafe(24),
            account_id=self.actor.account_id,
            account_name=self.actor.name,
            org_id=self.actor.org_id,
            claimed_at=self.now,
            lease_until=self.now + LEASE,
        )
        self.session.add(self.claim)
        return self.claim

    def renew_claim(self) -> None:
        if self.claim is not None:
            self.claim.lease_until = max(self.claim.lease_until, self.now + LEASE)


async def end_claim(session: Session, claim: Claim, why: str, now: datetime) -> None:
    claim.ended_at, claim.ended_by = now, str(why)
    await session.flush()  # before another row of this case may be live


@asynccontextmanager
async def apply(
    session: Session,
    actor: Actor,
    case_id: str,
    action: str,
    *,
    token: str | None = None,
    expected_version: int | None = None,
    wanted_due_at: datetime | None = None,
    detail: dict[str, Any] | None = None,
    lifecycle: Lifecycle = READING,
) -> AsyncIterator[Step]:
    """Check the step, let the caller change what goes with it, then write it.

    Raises NotFound, RoleRequired, ClaimLost (a token that no longer holds), CaseChanged (``expected_version``),
    IllegalTransition, and what the transition's conditions raise.
    """
    step = await rehearse(
        session, actor, case_id, action, token=token, wanted_due_at=wanted_due_at, lifecycle=lifecycle
    )
    if expected_version is not None and step.case.version != expected_version:
        raise CaseChanged(extra={"case_version": step.case.version})
    step.detail.update(detail or {})
    yield step
    await _write(step)


async def rehearse(
    session: Session,
    actor: Actor,
    case_id: str,
    action: str,
    *,
    token: str | None = None,
    wanted_due_at: datetime | None = None,
    lifecycle: Lifecycle = READING,
) -> Step:
    """All the checks of a step and no record: whether it would be allowed now. Raises what ``apply`` raises."""
    case = await cases.lock(session, actor, case_id)
    claim = await claims.unended(session, case_id)
    now = await database_now(session)
    transition = await _permit(session, actor, case, claim, now, action, token, wanted_due_at, lifecycle)
    return Step(session, actor, case, now, transition, claim)


async def hold(session: Session, actor: Actor, case_id: str, token: str | None) -> "Held":
    """The case locked for whoever holds it. Raises ClaimLost unless ``token`` is of the actor's live claim."""
    case = await cases.lock(session, actor, case_id)
    claim = await claims.unended(session, case_id)
    now = await database_now(session)
    if claim is None or not _shows(claim, actor, token, now):
        raise ClaimLost
    return Held(case, claim, now)


@dataclass(frozen=True, slots=True)
class Held:
    case: Case
    claim: Claim
    now: datetime

    def renew(self) -> None:
        self.claim.lease_until = max(self.claim.lease_until, self.now + LEASE)


async def open_case(
    session: Session, actor: Actor, case: Case, action: Action, *, lifecycle: Lifecycle = READING
) -> None:
    """The first step of a new case, which the caller has filled but for its state and version."""
    transition = lifecycle.next_step(None, action)
    _require_role(transition.by, performers_of(actor, case))
    case.version = 0
    case.state = transition.target
    session.add(case)
    await session.flush()
    await _write(Step(session, actor, case, await database_now(session), transition, None))


def performers_of(actor: Actor, case: Case) -> frozenset[By]:
    """As whom the actor stands before this case."""
    if actor == SYSTEM:
        return frozenset({By.system})
    found = set()
    if case.clinic_id == actor.org_id and actor.has(Role.clinic, Role.integration):
        found.add(By.clinic)
    if case.reading_site_id == actor.org_id:
        found.update(
            by
            for by, role in (
                (By.reader, Role.reader),
                (By.reviewer, Role.reviewer),
                (By.dispatcher, Role.dispatcher),
            )
            if actor.has(role)
        )
    return frozenset(found)


def is_live(claim: Claim | None, now: datetime) -> bool:
    return claim is not None and claim.ended_at is None and claim.lease_until > now


def _shows(claim: Claim, actor: Actor, token: str | None, now: datetime) -> bool:
    return (
        token is not None
        and is_live(claim, now)
        and claim.account_id == actor.account_id
        and secrets.compare_digest(claim.token.encode(), token.encode())
    )


async def _permit(
    session: Session,
    actor: Actor,
    case: Case,
    claim: Claim | None,
    now: datetime,
    action: str,
    token: str | None,
    wanted_due_at: datetime | None,
    lifecycle: Lifecycle,
) -> Transition:
    """In this order: may he at all, does his token hold, does the table allow it, may he here, the conditions."""
    performers = performers_of(actor, case)
    _require_role(lifecycle.performers(action), performers)
    held = is_live(claim, now)
    shows_claim = claim is not None and _shows(claim, actor, token, now)
    if token is not None and not shows_claim and action != Action.resume:
        raise ClaimLost
    if held and action == Action.resume:
        raise ClaimLost
    if held and action == Action.claim and claim is not None and claim.stage == "report":
        raise already_claimed(_holder_facts(case, claim, actor, now))
    transition = lifecycle.next_step(case.state, action)
    _require_role(transition.by, performers)
    facts = await _facts(
        session, actor, case, claim if held else None, now, transition, token, wanted_due_at, shows_claim
    )
    for guard in transition.guards:
        guard(facts)
    return transition


def _require_role(wanted: frozenset[By], has: frozenset[By]) -> None:
    if wanted.isdisjoint(has):
        raise RoleRequired(extra={"roles": sorted(wanted - {By.system})})


def _holder_facts(case: Case, claim: Claim | None, actor: Actor, now: datetime) -> Facts:
    return Facts(
        case.state,
        actor.account_id,
        now,
        holder_id=claim.account_id if claim else None,
        holder_name=claim.account_name if claim else "",
        held_until=claim.lease_until if claim else None,
    )


async def _facts(
    session: Session,
    actor: Actor,
    case: Case,
    claim: Claim | None,
    now: datetime,
    transition: Transition,
    token: str | None,
    wanted_due_at: datetime | None,
    shows_claim: bool,
) -> Facts:
    """Only what the transition's conditions ask for is read."""
    asked = transition.guards
    was_last_holder = has_unseen = one_signature = False
    if guards.was_last_holder in asked:
        last = await claims.last(session, case.case_id)
        was_last_holder = last is not None and last.token == token and last.account_id == actor.account_id
    if guards.saw_content in asked:
        seen = await cases.seen_version(session, case.case_id, actor.account_id)
        has_unseen = seen < case.content_version
    if guards.one_signature_suffices in asked:
        one_signature = await needs_one_signature(session, case)
    return Facts(
        state=case.state,
        account_id=actor.account_id,
        now=now,
        holder_id=claim.account_id if claim else None,
        holder_name=claim.account_name if claim else "",
        held_until=claim.lease_until if claim else None,
        shows_claim=shows_claim,
        was_last_holder=was_last_holder,
        author_id=case.author_id,
        written_by=frozenset(case.written_by),
        kept_for_id=case.kept_for_id,
        kept_until=case.kept_until,
        has_unseen_content=has_unseen,
        cancel_requested=case.cancel_requested,
        one_signature=one_signature,
        due_at=case.due_at,
        wanted_due_at=wanted_due_at,
    )


async def needs_one_signature(session: Session, case: Case) -> bool:
    """The reading site's policy; two signatures where it has none."""
    policy = await directory.get(session, SitePolicy, f"{case.reading_site_id}_{case.center}")
    return policy is not None and policy.signatures == "single"


async def _write(step: Step) -> None:
    case, actor, transition = step.case, step.actor, step.transition
    case.state = transition.target
    case.version += 1
    case.updated_at = step.now
    if step.version is not None:
        step.version.case_version = case.version
    if transition.is_traced and not step.is_quiet:
        step.session.add(
            CaseHistory(
                case_id=case.case_id,
                case_version=case.version,
                at=step.now,
                action=str(transition.action),
                from_state=transition.source,
                to_state=transition.target,
                event=transition.event,
                account_id=actor.account_id,
                account_name=actor.name,
                org_id=actor.org_id,
                detail=step.detail,
            )
        )
    await step.session.flush()
    if transition.event is not None and not step.is_quiet:
        await _tell(step, transition.event)


async def _tell(step: Step, event: str) -> None:
    case = step.case
    shown = snapshot(case, step.claim, await reports.of_case(step.session, case.case_id))
    data: CaseEvent | ReportEvent
    if step.version is not None:
        data = ReportEvent(case=shown, report=facts_of(step.version), actor=person(step.actor))
        record_id = step.version.report_id
    else:
        data = CaseEvent(case=shown, actor=person(step.actor), detail=step.detail)
        record_id = case.case_id
    envelope = wrap(case.center, event, data, record_id=record_id, case_id=case.case_id, case_version=case.version)
    await outbox.add(step.session, envelope, suffix=case.reading_site_id if event in _ADDRESSED else None)

"""May he, now? Role, token, table and conditions, in this order, under the case's lock."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared import directory
from shared.auth import SYSTEM, Actor, Role
from shared.db import Session
from shared.errors import ClaimLost, RoleRequired
from shared.events.directory import SitePolicy
from shared.reading.lifecycle import Action, By, Facts, Lifecycle, Transition, already_claimed, guards, lifecycle_of
from shared.reading.models import Case, Claim
from shared.reading.queries import cases, claims
from shared.reading.workflow.step import is_live, shows


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
                (By.technologist, Role.technologist),
                (By.dispatcher, Role.dispatcher),
            )
            if actor.has(role)
        )
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody trying something with a case that he has locked. ``claim`` is the one that was not ended yet."""

    actor: Actor
    case: Case
    claim: Claim | None
    now: datetime
    action: str
    token: str | None = None
    wanted_due_at: datetime | None = None
    stands_alone: bool = False

    @property
    def live_claim(self) -> Claim | None:
        return self.claim if is_live(self.claim, self.now) else None

    @property
    def shows_claim(self) -> bool:
        return self.claim is not None and shows(self.claim, self.actor, self.token, self.now)


async def permit(session: Session, attempt: Attempt, lifecycle: Lifecycle) -> Transition:
    """In this order: may he at all, does his token hold, does the table allow it, may he here, the conditions."""
    case, action, live = attempt.case, attempt.action, attempt.live_claim
    performers = performers_of(attempt.actor, case)
    require_role(lifecycle.performers(action), performers)
    if attempt.token is not None and not attempt.shows_claim and (action != Action.resume or live is not None):
        raise ClaimLost
    if live is not None and live.stage == "report" and action == Action.claim:
        raise already_claimed(_facts_of(attempt))
    transition = lifecycle.next_step(case.state, action)
    require_role(transition.by, performers)
    facts = await _facts_for(session, attempt, transition)
    for guard in transition.guards:
        guard(facts)
    return transition


def require_worker(actor: Actor, center: str, action: Action) -> None:
    """Raises RoleRequired for an actor who may take the action with no case of the centre."""
    performers = lifecycle_of(center).performers(action) - {By.system}
    actor.require(*(Role(by) for by in sorted(performers)))


def require_role(wanted: frozenset[By], has: frozenset[By]) -> None:
    if wanted.isdisjoint(has):
        raise RoleRequired(extra={"roles": sorted(wanted - {By.system})})


def _facts_of(attempt: Attempt) -> Facts:
    """What the locked rows say."""
    case, live = attempt.case, attempt.live_claim
    return Facts(
        state=case.state,
        account_id=attempt.actor.account_id,
        now=attempt.now,
        holder_id=live.account_id if live else None,
        holder_name=live.account_name if live else "",
        held_until=live.lease_until if live else None,
        shows_claim=attempt.shows_claim,
        author_id=case.author_id,
        written_by=frozenset(case.written_by),
        kept_for_id=case.kept_for_id,
        kept_until=case.kept_until,
        cancel_requested=case.cancel_requested,
        due_at=case.due_at,
        wanted_due_at=attempt.wanted_due_at,
    )


async def _facts_for(session: Session, attempt: Attempt, transition: Transition) -> Facts:
    """With what only some conditions ask for, read only then."""
    case, account_id = attempt.case, attempt.actor.account_id
    facts, asked = _facts_of(attempt), transition.guards
    if guards.was_last_holder in asked:
        last = await claims.last(session, case.case_id)
        was_last = last is not None and last.token == attempt.token and last.account_id == account_id
        facts = replace(facts, was_last_holder=was_last)
    if guards.saw_content in asked:
        seen = await cases.seen_version(session, case.case_id, account_id)
        facts = replace(facts, has_unseen_content=seen < case.content_version)
    if guards.one_signature_suffices in asked:
        suffices = attempt.stands_alone or await needs_one_signature(session, case)
        facts = replace(facts, one_signature=suffices)
    return facts


async def needs_one_signature(session: Session, case: Case) -> bool:
    """The reading site's policy; two signatures where it has none."""
    policy = await directory.get(session, SitePolicy, f"{case.reading_site_id}_{case.center}")
    return policy is not None and policy.signatures == "single"

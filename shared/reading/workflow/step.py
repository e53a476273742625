"""One step under way, and the claim that may go with it."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.auth import Actor
from shared.db import Session
from shared.ids import new_id
from shared.reading.lifecycle import Transition
from shared.reading.models import Case, Claim, ReportVersion

LEASE = timedelta(seconds=120)
Stage = Literal["report", "review", "amendment"]


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


@dataclass(frozen=True, slots=True)
class Held:
    case: Case
    claim: Claim
    now: datetime

    def renew(self) -> None:
        self.claim.lease_until = max(self.claim.lease_until, self.now + LEASE)


async def end_claim(session: Session, claim: Claim, why: str, now: datetime) -> None:
    claim.ended_at, claim.ended_by = now, str(why)
    await session.flush()  # before another row of this case may be live


def is_live(claim: Claim | None, now: datetime) -> bool:
    return claim is not None and claim.ended_at is None and claim.lease_until > now


def shows(claim: Claim, actor: Actor, token: str | None, now: datetime) -> bool:
    return (
        token is not None
        and is_live(claim, now)
        and claim.account_id == actor.account_id
        and secrets.compare_digest(claim.token.encode(), token.encode())
    )

"""One call: who asks, from where, with which headers; and its transaction, audited."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from shared import audit
from shared.auth import Actor
from shared.db import Session
from shared.resources import Resources
from shared.web import CurrentActor, CurrentResources, client_address

_TOKEN_MAX = 200
_GRANT_MAX = 4096

ClaimToken = Annotated[
    str | None, Header(alias="Claim-Token", max_length=_TOKEN_MAX, description="of the claim you hold")
]
SigningGrant = Annotated[
    str | None, Header(alias="Signing-Grant", max_length=_GRANT_MAX, description="from signing/unlock")
]


@dataclass(frozen=True, slots=True)
class Call:
    actor: Actor
    resources: Resources
    address: str

    @asynccontextmanager
    async def transaction(self, action: str, record_id: str | None, kind: str = "case") -> AsyncIterator[Session]:
        """One command, one transaction, one audit row; ``record_id`` None: the command itself writes it."""
        async with self.resources.db.transaction() as session:
            yield session
            if record_id is not None:
                await self.audit(session, action, record_id, kind)

    async def audit(self, session: Session, action: str, record_id: str, kind: str = "case") -> None:
        await audit.record(session, self.actor, action, kind, record_id, address=self.address)


async def _call(request: Request, actor: CurrentActor, resources: CurrentResources) -> Call:
    return Call(actor, resources, client_address(request))


CurrentCall = Annotated[Call, Depends(_call)]

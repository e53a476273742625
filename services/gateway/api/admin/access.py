"""Who may administer, and the record that every such request leaves."""

from typing import Annotated

from fastapi import Depends, Query, Request

from shared import audit
from shared.auth import Actor, Role
from shared.db import Session
from shared.web import CurrentActor, client_address

Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=128, description="next_cursor of the page before")]


async def administrator(actor: CurrentActor) -> Actor:
    actor.require(Role.admin)
    return actor


async def overseer(actor: CurrentActor) -> Actor:
    actor.require(Role.admin, Role.auditor)
    return actor


Administrator = Annotated[Actor, Depends(administrator)]
Overseer = Annotated[Actor, Depends(overseer)]


async def keep_record(
    session: Session, actor: Actor, request: Request, action: str, record_kind: str, record_id: str = "*"
) -> None:
    """``record_id`` is ``*`` for a list."""
    await audit.record(session, actor, action, record_kind, record_id, address=client_address(request))
